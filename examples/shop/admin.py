"""Who is signed in, and from where; to end a session from here. For admins only.

It is done by hand, to show how; the dashboard beside it is the package's own.
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from flask_sessionplus import StoreError, StoreUnavailable, fresh_required, role_required
from flask_sessionplus.pages import Look, dashboard

from . import csrf
from .extensions import ext
from .texts import text
from .users import USERS

blueprint = role_required("admin")(Blueprint("admin", __name__, url_prefix="/admin"))


@role_required("admin")
@fresh_required
def may_see_all() -> bool:
    """Let an admin in who has given the password just now; send others where they belong."""
    return True


dashboard_pages = dashboard.create_blueprint(
    guard=may_see_all, look=Look(form_fields=csrf.field), name="dashboard"
)


@blueprint.get("/sessions")
@fresh_required
def sessions() -> str:
    """Every user's sessions, the one used last first."""
    found = [(user, each) for user in USERS.values() for each in ext.sessions_of(user.id)]
    return render_template("admin.html", found=found)


@blueprint.post("/sessions/revoke")
@fresh_required
def revoke() -> Response:
    """End one session: its next request is an anonymous one."""
    ended = ext.revoke(request.form.get("handle", ""))
    flash(text("admin.revoked" if ended else "admin.gone"), "success" if ended else "error")
    return redirect(url_for(".sessions"))


@blueprint.errorhandler(StoreError)
def without_owners(error: StoreError) -> str | Response:
    """Say so if the store, such as ``cookie://``, does not know whose sessions it has."""
    if isinstance(error, StoreUnavailable):
        return error.get_response()
    return render_template("admin.html", found=None)
