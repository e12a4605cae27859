"""Ending sessions: one, a user's, all. Nobody ends his own by one press too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request
from werkzeug.wrappers import Response

from ...claims import owner_in
from ...directory import current_handles, revoke, revoke_all, revoke_user, sessions_of
from ...overview import browsable
from ...proxies import session
from .counts import counter_of
from .marking import _
from .spelling import read_user, spell

if TYPE_CHECKING:
    from .blueprint import Dashboard

#: What has to be typed before all sessions are ended.
PHRASE = _("end all sessions")


def end_one(dashboard: Dashboard, handle: str) -> Response:
    """End a session, and go back to where its button was."""
    if handle in current_handles(dashboard.app):
        dashboard.tell(_("This is your own session: sign out instead."), "error")
    elif revoke(dashboard.app, handle):
        counter_of(dashboard.app).forget()
        dashboard.tell(_("The session %(handle)s has ended."), handle=handle)
    else:
        dashboard.tell(_("There is no such session any more."), "error")
    back = {name: request.form.get(name) or None for name in ("user", "after")}
    return dashboard.go("listing", **back)


def confirm_user(dashboard: Dashboard) -> str | Response:
    """Ask whether all sessions of a user are to end."""
    user = read_user(request.args.get("user", ""))
    if user is None:
        return _nobody(dashboard)
    return dashboard.render(
        "sessionplus/dashboard/end_user.html",
        user=user,
        number=len(sessions_of(dashboard.app, user)),
        is_own=_is_own_user(user),
    )


def end_user(dashboard: Dashboard) -> Response:
    """End all sessions of a user; of his own, who asks keeps the one he asks with."""
    user = read_user(request.form.get("user", ""))
    if user is None:
        return _nobody(dashboard)
    number = revoke_user(dashboard.app, user, except_current=_is_own_user(user))
    counter_of(dashboard.app).forget()
    dashboard.tell(_("Ended for the user %(user)s: %(number)s."), user=user, number=number)
    return dashboard.go("listing", user=spell(user))


def confirm_all(dashboard: Dashboard) -> str:
    """Ask whether everybody's sessions are to end, where that is possible."""
    browsable(dashboard.app.extensions["sessionplus"].store)
    return _ask_for_phrase(dashboard)


def end_all(dashboard: Dashboard) -> str:
    """End everybody's sessions, that of who asks, too: so no message waits in it."""
    wanted = str(dashboard.look.translate(PHRASE))
    if not _is_same(request.form.get("phrase", ""), wanted):
        return _ask_for_phrase(dashboard, is_wrong=True)
    number = revoke_all(dashboard.app)
    counter_of(dashboard.app).forget(were_all=True)
    return dashboard.render_alone("sessionplus/dashboard/all_ended.html", number=number)


def _ask_for_phrase(dashboard: Dashboard, is_wrong: bool = False) -> str:
    return dashboard.render(
        "sessionplus/dashboard/end_all.html",
        counted=counter_of(dashboard.app).get(),
        phrase=PHRASE,
        is_wrong=is_wrong,
    )


def _is_same(typed: str, wanted: str) -> bool:
    return " ".join(typed.split()).casefold() == wanted.casefold()


def _is_own_user(user: str) -> bool:
    return owner_in(session) == user


def _nobody(dashboard: Dashboard) -> Response:
    dashboard.tell(_("No user is called so."), "error")
    return dashboard.go("listing")
