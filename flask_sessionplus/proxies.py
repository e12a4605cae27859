"""The names a view imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import flask
from werkzeug.local import LocalProxy

from .local import LocalSession
from .session import Session

if TYPE_CHECKING:
    from .interface import SessionPlusInterface


def _find_local() -> LocalSession:
    # Not by flask.session: that it was looked at would show in the answer's headers.
    interface = cast("SessionPlusInterface", flask.current_app.session_interface)
    return interface.local_session(flask.request)


#: ``flask.session`` itself, with its type.
session = cast(Session, flask.session)

#: What lives for this request only, in nested app contexts too, and is never stored.
local_session = cast(LocalSession, LocalProxy(_find_local))
