"""Saving where no cookie can be sent any more: in streams, and in the events of sockets."""

from __future__ import annotations

from typing import Any

from .errors import LateSession
from .lifecycle import Lifecycle
from .saving import needs_cookie

# What Flask-SocketIO sets on the request of an event.
_MARKS = {"sid", "namespace", "event"}


def is_event(request: Any) -> bool:
    """Tell whether *request* is an event of Flask-SocketIO.

    It is the request that has opened the socket, once more, with the cookie of that time; and
    its answer is thrown away. What Flask-SocketIO puts into the environ, and on the request
    itself, is all that tells it from others: an app's own class of requests may have
    attributes of such names.
    """
    environ, own = getattr(request, "environ", {}), getattr(request, "__dict__", {})
    return "flask.app" in environ and own.keys() >= _MARKS


def refuse_late(life: Lifecycle, was_answered: bool = False) -> None:
    """Refuse to save what needs a cookie that would not reach the browser.

    Or the browser would be left with a token that is dead, and each event of a visitor without
    a session would leave a record that nobody can ever find.

    :param was_answered: whether the headers have gone out.
    :raises LateSession: if it does.
    """
    if is_event(life.request):
        if needs_cookie(life):
            raise LateSession(
                "An event of a socket can neither begin a session nor give it a new token: the"
                " cookie could not be sent. Do it in a request, and connect the socket after it."
            )
    elif was_answered and needs_cookie(life):
        raise LateSession(
            "The session needs a new cookie, which can no longer be sent. Put something into a"
            " new session, or into one that is in the browser, before the answer begins."
        )
