"""What a user has: sign-ins on all devices, and the cart; each can be ended."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort

from flask_sessionplus import SessionInfo, fresh_required, session_claims

from .extensions import ext

blueprint = Blueprint("sessions", __name__, url_prefix="/sessions")


@blueprint.get("")
def show() -> list[dict[str, Any]]:
    """All of them, the one used last first."""
    return [shown(each) for each in ext.sessions_of(session_claims.subject)]


@blueprint.delete("/<handle>")
@fresh_required
def end(handle: str) -> tuple[str, int]:
    """End one of the user's own; nobody finds out what others have."""
    own = {each.handle for each in ext.sessions_of(session_claims.subject)}
    if handle not in own or not ext.revoke(handle):
        abort(404, "You have no such session.")
    return "", 204


def shown(each: SessionInfo) -> dict[str, Any]:
    """What is told of one: where and when, and nothing that is in it."""
    return {
        "handle": each.handle,
        "kind": each.kind,
        "client": each.browser,
        "address": each.address,
        "last_seen": each.last_seen_at.isoformat(),
        "expires": each.expires_at.isoformat(),
        "is_current": each.is_current,
    }
