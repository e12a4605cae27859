"""Whether the API is there."""

from __future__ import annotations

from flask import Blueprint

from flask_sessionplus import no_session

blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
@no_session
def health() -> dict[str, str]:
    """Asked every second by some load balancer: no session is loaded, made or saved for it."""
    return {"status": "ok"}
