"""The names a view imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import flask
from werkzeug.local import LocalProxy

from .local import LocalSession
from .scopes import Scope
from .scoping import current_scope
from .session import Session

if TYPE_CHECKING:
    from .interface import SessionPlusInterface


def _find_local() -> LocalSession:
    # Not by flask.session: that it was looked at would show in the answer's headers.
    request = cast(Any, flask.request)._get_current_object()
    interface = flask.current_app.session_interface
    if not hasattr(interface, "local_session"):
        raise RuntimeError("This app has no sessions of ours. Call SessionPlus(app) first.")
    return cast("SessionPlusInterface", interface).local_session(request)


#: ``flask.session`` itself, with its type.
session = cast(Session, flask.session)

#: What lives for this request only, in nested app contexts too, and is never stored.
local_session = cast(LocalSession, LocalProxy(_find_local))

#: The scope that the view is in, as the decorator ``scoped`` says.
scoped_session = cast(Scope, LocalProxy(current_scope))
