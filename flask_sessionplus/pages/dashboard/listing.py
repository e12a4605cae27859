"""The list of sessions, a page at a time, and the search in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request
from werkzeug.wrappers import Response

from ...directory import sessions_of
from ...errors import StoreError, StoreUnavailable
from ...overview import details_of, page_of_sessions
from ...owners import SessionInfo
from .marking import _
from .spelling import read_user

if TYPE_CHECKING:
    from .blueprint import Dashboard

#: Sessions on a page.
LIMIT = 50

#: Of one user, as many as can be looked through.
MOST = 200


def show(dashboard: Dashboard) -> str | Response:
    """Show a page of all sessions, those of a user a link names, or what somebody typed."""
    spelled, typed = request.args.get("user"), request.args.get("q", "")
    try:
        if spelled is not None:
            return _show_user(dashboard, read_user(spelled))
        return _search(dashboard, typed) if typed.strip() else _page(dashboard)
    except StoreUnavailable:
        raise
    except StoreError as error:
        return _render(dashboard, [], wanted=typed.strip(), error=error)


def _page(dashboard: Dashboard) -> str | Response:
    after = request.args.get("after") or None
    try:
        page = page_of_sessions(dashboard.app, after=after, limit=LIMIT)
    except ValueError:
        dashboard.tell(_("There is no such page. This is the first one."), "error")
        return dashboard.go("listing")
    return _render(dashboard, page.sessions, after=after, following=page.after)


def _search(dashboard: Dashboard, typed: str) -> str | Response:
    """Show what was typed or pasted: a handle, or the id of a user; with spaces around it, too."""
    handle = typed.strip()
    if details_of(dashboard.app, handle) is not None:
        return dashboard.go("one", handle=handle)
    found = _owned(dashboard, typed)
    if found or typed == handle:
        return _render(dashboard, found, wanted=typed)
    return _render(dashboard, _owned(dashboard, handle), wanted=handle)


def _show_user(dashboard: Dashboard, user: str | None) -> str | Response:
    """Show the sessions of exactly that user, whatever a handle looks like."""
    if user is None:
        dashboard.tell(_("No user is called so."), "error")
        return dashboard.go("listing")
    return _render(dashboard, sessions_of(dashboard.app, user), wanted=user)


def _owned(dashboard: Dashboard, user: str) -> list[SessionInfo]:
    try:
        return sessions_of(dashboard.app, user)
    except ValueError:
        # Too long for a user's id.
        return []


def _render(
    dashboard: Dashboard,
    found: list[SessionInfo],
    wanted: str = "",
    after: str | None = None,
    following: str | None = None,
    error: StoreError | None = None,
) -> str:
    return dashboard.render(
        "sessionplus/dashboard/listing.html",
        sessions=found[:MOST],
        number=len(found),
        wanted=wanted,
        after=after,
        following=following,
        error=error,
    )
