"""The names a view imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import flask
from werkzeug.local import LocalProxy

from .bearer.verifying import VerifiedClaims
from .claims import claims_of, current_session
from .global_session import GlobalSession
from .local import LocalSession
from .scopes import Scope
from .scoping import current_scope
from .session import Session

if TYPE_CHECKING:
    from .interface import SessionPlusInterface


class _Raising(LocalProxy[Any]):
    """A proxy that always raises what looking for its object has raised.

    Python takes an error while it looks for the methods of these for their absence: without
    them, a refused token would make ``==`` answer False, and ``for`` raise a TypeError.
    """

    __slots__ = ()

    def __iter__(self) -> Any:
        return iter(self._get_current_object())

    def __eq__(self, other: object) -> bool:
        return bool(self._get_current_object() == other)

    def __ne__(self, other: object) -> bool:
        return bool(self._get_current_object() != other)

    def __hash__(self) -> int:
        return hash(self._get_current_object())


def _find_local() -> LocalSession:
    # Not by flask.session: that it was looked at would show in the answer's headers.
    request = _request()
    return _interface().local_session(request)


def _find_global() -> GlobalSession:
    request = _request()
    return _interface().global_session(current_session(), request)


def _find_claims() -> VerifiedClaims:
    request = _request()
    _interface()
    return claims_of(request)


def _request() -> Any:
    return cast(Any, flask.request)._get_current_object()


def _interface() -> SessionPlusInterface:
    interface = flask.current_app.session_interface
    if not hasattr(interface, "local_session"):
        raise RuntimeError("This app has no sessions of ours. Call SessionPlus(app) first.")
    return cast("SessionPlusInterface", interface)


#: ``flask.session`` itself, with its type.
session = cast(Session, flask.session)

#: What lives for this request only, in nested app contexts too, and is never stored.
local_session = cast(LocalSession, LocalProxy(_find_local))

#: The signed-in user's own data, the same from every device. Found by the request's bearer
#: token; without a valid one each use raises InvalidToken.
global_session = cast(GlobalSession, _Raising(_find_global))

#: The verified claims of the request's bearer token; without a valid one each use raises
#: InvalidToken.
session_claims = cast(VerifiedClaims, _Raising(_find_claims))

#: The scope that the view is in, as the decorator ``scoped`` says.
scoped_session = cast(Scope, LocalProxy(current_scope))
