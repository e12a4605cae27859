"""For admins only, the blueprint as a whole."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort

from flask_sessionplus import fresh_required, role_required

from .extensions import ext
from .sessions import shown
from .users import USERS

blueprint = role_required("admin")(Blueprint("admin", __name__, url_prefix="/admin"))


@blueprint.get("/users")
def users() -> dict[str, list[dict[str, Any]]]:
    """All users, and what each of them has."""
    return {user: [shown(each) for each in ext.sessions_of(user)] for user in USERS}


@blueprint.delete("/users/<user_id>/sessions")
@fresh_required
def lock_out(user_id: str) -> dict[str, int]:
    """End all that a user has, tokens, sessions and the cart, as if the account were locked."""
    if user_id not in USERS:
        abort(404, "There is no such user.")
    return {"ended": ext.revoke_user(user_id)}
