"""Signing in, staying so, and signing out: access and refresh tokens."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from flask_sessionplus import session, session_claims

from . import users
from .bodies import member
from .extensions import ext

blueprint = Blueprint("sign_in", __name__)

CHALLENGE = WWWAuthenticate("bearer")  # each 401 has to name one (RFC 9110 section 15.5.2)


@blueprint.post("/sign-in")
def sign_in() -> dict[str, Any]:
    """Hand out an access token for a quarter of an hour, and a refresh token for the next one."""
    user = users.verify(member("name", str), member("password", str))
    if user is None:
        raise Unauthorized("That name and password do not fit.", www_authenticate=CHALLENGE)
    session.clear()  # what another user of this client was about to order is none of theirs
    return ext.tokens.issue_pair(user.id, user.role, name=user.name).as_dict()


@blueprint.post("/token/refresh")
def refresh() -> dict[str, Any]:
    """Take a refresh token, once, for the next pair. The second time it ends the whole family."""
    return ext.tokens.refresh(member("refresh_token", str)).as_dict()


@blueprint.post("/sign-out")
def sign_out() -> tuple[str, int]:
    """End what came of this sign-in: this access token, and the refresh token with it."""
    ext.revoke(session_claims["sid"])
    session.clear()
    return "", 204


@blueprint.post("/sign-out/everywhere")
def sign_out_everywhere() -> dict[str, int]:
    """End all tokens of the user, on all devices, with the next request. The cart stays."""
    ended = ext.tokens.revoke_user(session_claims.subject)
    session.clear()
    return {"ended": ended}
