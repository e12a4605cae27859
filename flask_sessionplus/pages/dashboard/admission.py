"""Who may see the dashboard: nobody, until somebody says who."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import abort, current_app
from werkzeug.wrappers import Response

from ...decorators.wrapping import Decorator
from ...errors import ConfigError

#: Returns whether the visitor of the request under way may; or raises, or returns a response.
Guard = Callable[[], Any]

_HELP = (
    "Give a function that is called for each request and returns True or False:"
    " create_blueprint(guard=lambda: current_user.is_admin); or"
    " create_blueprint(guard=role_required('admin'))."
)


def check_guard(guard: object) -> None:
    """Refuse what cannot tell who may see the dashboard.

    :raises ConfigError: if *guard* is None, cannot be called, or is a decorator that keeps nobody
        out.
    """
    if guard is None:
        raise ConfigError(
            f"The dashboard shows the sessions of all users: it needs a guard. {_HELP}"
        )
    if not callable(guard):
        raise ConfigError(
            f"The guard of the dashboard must be a function, not {guard!r:.80}. {_HELP}"
        )
    if isinstance(guard, Decorator) and not guard.is_guard:
        raise ConfigError(
            "The guard of the dashboard is a decorator that keeps nobody out: those that do are"
            f" login_required(), role_required() and fresh_required(). {_HELP}"
        )


def check_values(values: object) -> None:
    """Refuse what cannot tell who may see values.

    :raises ConfigError: if *values* is neither a bool nor can be called.
    """
    if not isinstance(values, bool) and (not callable(values) or isinstance(values, Decorator)):
        raise ConfigError(
            f"The dashboard's values must be True, False or a function, not {values!r:.80}. Give"
            " a function that returns whether who asks may see them:"
            " create_blueprint(guard=..., values=lambda: current_user.is_owner)."
        )


def checked_by(guard: Any) -> Callable[[], None]:
    """Return what lets the visitor in by returning, for a *guard* that :func:`check_guard` took.

    It raises Forbidden if *guard* says no, and TypeError if it says neither yes nor no.
    """
    if isinstance(guard, Decorator):
        return guard(_let_in)

    def check() -> None:
        said = current_app.ensure_sync(guard)()
        if isinstance(said, Response):
            abort(said)
        if not _is_yes(said, "guard"):
            abort(403)

    return check


def _let_in() -> None:
    pass


def may_see_values(values: bool | Guard) -> bool:
    """Tell whether the visitor may see the values of sessions.

    :raises TypeError: if *values* says neither yes nor no.
    """
    if isinstance(values, bool):
        return values
    return _is_yes(current_app.ensure_sync(values)(), "values")


def _is_yes(said: object, name: str) -> bool:
    # A view's answer, its status, a method that was not called, a coroutine nobody waits for: all
    # are true to Python. None of them is a yes.
    if said is None or (isinstance(said, int) and said in (0, 1)):
        return bool(said)
    raise TypeError(
        f"The dashboard's {name} has returned a {type(said).__name__}, which is neither yes nor no."
        " Let it return True or False, such as by bool(...)."
    )
