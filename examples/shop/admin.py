"""Who is signed in, and from where; to end a session from here. For admins only."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from flask_sessionplus import fresh_required, role_required

from .extension import ext
from .texts import text
from .users import USERS

blueprint = role_required("admin")(Blueprint("admin", __name__, url_prefix="/admin"))


@blueprint.get("/sessions")
@fresh_required
def sessions() -> str:
    """Every user's sessions, the newest first."""
    found = {user: ext.sessions_of(user.id) for user in USERS.values()}
    return render_template("admin.html", found=found)


@blueprint.post("/sessions/revoke")
@fresh_required
def revoke() -> Response:
    """End one session: its next request is an anonymous one."""
    ended = ext.revoke(request.form.get("handle", ""))
    flash(text("admin.revoked" if ended else "admin.gone"), "success" if ended else "error")
    return redirect(url_for(".sessions"))
