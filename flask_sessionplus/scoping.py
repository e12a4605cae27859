"""The scope that a request is in, as the decorator ``scoped`` says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import flask

from .scopes import Scope

if TYPE_CHECKING:
    from .session import Session

# In the request, as the local session is. Nothing is loaded, and no header is set, for a
# scope that is entered and not used.
_ENTERED = "_sessionplus_entered"
_MADE = "_sessionplus_scopes"

#: Names of scopes from the outside in, and whether each inherits.
Path = tuple[tuple[str, bool], ...]


def enter(name: str, inherit: bool) -> None:
    """Enter the scope *name*, within the one the request is in, until it ends."""
    setattr(_request(), _ENTERED, (*_entered(), (name, inherit)))


class Within:
    """Be in the scope *name*, within the one the request is in, while this is entered.

    It may be entered again and again, as a stream goes on, also where the request is no
    longer the current one.
    """

    def __init__(self, name: str, inherit: bool) -> None:
        self._request = _request()
        self._step = (name, inherit)
        self._former: list[Path] = []

    def __enter__(self) -> None:
        former: Path = getattr(self._request, _ENTERED, ())
        self._former.append(former)
        setattr(self._request, _ENTERED, (*former, self._step))

    def __exit__(self, *_: object) -> None:
        setattr(self._request, _ENTERED, self._former.pop())


def current_scope() -> Scope:
    """Return the scope that the request is in.

    :raises RuntimeError: if it is in none.
    """
    path = _entered()
    if not path:
        raise RuntimeError(
            "There is no scoped_session here: this view is in no scope. Put @scoped('name') over"
            " the view or its blueprint, or use session.scope('name')."
        )
    return _scope(path)


@flask.request_tearing_down.connect
def _forget(app: flask.Flask, **_: Any) -> None:
    # A scope has the session, which has the request: a cycle would wait for the garbage
    # collector.
    _request().__dict__.pop(_MADE, None)


def _entered() -> Path:
    found: Path = getattr(_request(), _ENTERED, ())
    return found


def _request() -> Any:
    # The proxy has no attributes of its own.
    return cast(Any, flask.request)._get_current_object()


def _scope(path: Path) -> Scope:
    # The same one each time: it takes part in the session's messages when it is made.
    made: dict[Path, Scope] = _request().__dict__.setdefault(_MADE, {})
    found = made.get(path)
    if found is None:
        name, inherit = path[-1]
        parent = _scope(path[:-1]) if path[1:] else cast("Session", flask.session)
        found = made[path] = parent.scope(name, inherit)
    return found
