"""One session: what is known of it and, for who may, what is in it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from flask import abort, request
from werkzeug.wrappers import Response

from ...errors import DamagedRecord
from ...overview import NOT_READ, Entry, SessionDetails, details_of
from ...showing import UNDECODABLE
from ...signals import values_shown
from .marking import _
from .shown import shown

if TYPE_CHECKING:
    from .blueprint import Dashboard

#: Keys of a session that are shown.
MOST = 500

_log = logging.getLogger("flask_sessionplus")


def show(dashboard: Dashboard, handle: str) -> str | Response:
    """Show a session without its values."""
    return _show(dashboard, handle, with_values=False)


def show_values(dashboard: Dashboard, handle: str) -> str | Response:
    """Show a session with its values, to who may see them. It is logged, and told by a signal.

    By POST, so that no link leads to them, and none is in the browser's history.
    """
    if not dashboard.has_values:
        abort(403)
    return _show(dashboard, handle, with_values=True)


def _show(dashboard: Dashboard, handle: str, with_values: bool) -> str | Response:
    try:
        found = details_of(dashboard.app, handle, with_values)
    except DamagedRecord as error:
        # It can still be ended.
        return dashboard.render("sessionplus/dashboard/damaged.html", handle=handle, error=error)
    if found is None:
        dashboard.tell(_("There is no such session any more."), "error")
        return dashboard.go("listing")
    if with_values:
        _log.warning("The values of the session %s were shown to %s.", handle, request.remote_addr)
        values_shown.send(dashboard.app, handle=handle)
    return _render(dashboard, found, with_values)


def _render(dashboard: Dashboard, found: SessionDetails, with_values: bool) -> str:
    entries = found.entries[:MOST]
    values = [_text_of(entry) if with_values else None for entry in entries]
    return dashboard.render(
        "sessionplus/dashboard/one.html",
        info=found.info,
        details=found,
        entries=list(zip(entries, values, strict=True)),
        with_values=with_values,
        may_see_values=dashboard.has_values,
    )


def _text_of(entry: Entry) -> str | None:
    """Return the value as text; None if it cannot be read."""
    return None if entry.type in (UNDECODABLE, NOT_READ) else shown(entry.value)
