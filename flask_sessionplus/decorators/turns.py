"""One request of a session at a time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast, overload

from flask import Flask, Response, request, request_finished, request_tearing_down

from ..checks import to_milliseconds
from ..errors import ConfigError, StoreConflict
from ..lifecycle import Lifecycle
from ..proxies import session
from ..stores.base import Carried
from .leases import NAMES, Lease
from .wrapping import Call, Decorator, Rule, T

_ATTRIBUTE = "_sessionplus_lease"


class _Exclusive(Rule):
    def __init__(self, wait: float, length: int) -> None:
        self._wait = wait
        self._length = length

    def before(self, call: Call) -> None:
        found = _request()
        # One for each session that this request has: of decorators around each other the
        # outer one has it already.
        if _ATTRIBUTE in found.__dict__:
            return
        life = session._open()
        # Somebody without a session has nothing that another request could change. Asking
        # the store first keeps strangers with made-up cookies from making records.
        if not life.is_stored:
            return
        _refuse_cookies(life)
        lease = Lease(life, self._length)
        lease.take(self._wait)
        setattr(found, _ATTRIBUTE, lease)
        # Between loading and now somebody else may have had it.
        life.refresh()
        if not life.is_stored:
            # Guards around this one have let somebody in who is nobody now.
            raise StoreConflict(
                "The session ended, or got a new token, while this request waited for its turn."
                " Let the client try again: it has been told."
            )


@overload
def exclusive(target: T, /) -> T: ...
@overload
def exclusive(*, wait: float | timedelta = 5, lease: float | timedelta = 30) -> Decorator: ...
def exclusive(
    target: Any = None,
    /,
    *,
    wait: float | timedelta = 5,
    lease: float | timedelta = 30,
) -> Any:
    """Let a session's requests pass one by one, so that each sees what the others have done.

    For what the exact operations cannot do: to read here, think, and write there. The lease
    lies in the session's store, so it holds for all processes and machines; a visitor
    without a session needs none. It is given back when the session has been saved or the
    stream has ended, whatever went wrong meanwhile; if the process dies, it ends by itself.

    :param wait: for how many seconds, or for what timedelta, a request waits for its turn. It
        occupies a thread of the server meanwhile, but no connection of the store.
    :param lease: how long a request has its turn at most; then the next one goes on, and of
        what both change the last answer wins. It has to be longer than the view takes.
    :raises SessionBusy: 503 with ``Retry-After``, if its turn did not come.
    :raises StoreConflict: 503, if the session ended or got a new token meanwhile: the view
        must not run for somebody whom a guard around this one would not let in any more.
    :raises ConfigError: if ``cookie://`` is the main store: it has no place for leases.
    """
    waits = to_milliseconds("wait", wait, least=0) / 1000
    decorator = Decorator(_Exclusive(waits, to_milliseconds("lease", lease)))
    return decorator if target is None else decorator(target)


def _refuse_cookies(life: Lifecycle) -> None:
    # A store by fields may have some of them in the cookie: that is no matter of leases.
    if isinstance(life.store, Carried) and life.store.concerns(NAMES):
        raise ConfigError(
            "exclusive() needs sessions that are on the server, but SESSION_STORE, or '*' of"
            " SESSION_FIELDS, is a cookie store: a browser's requests know nothing of each"
            " other. Use 'sqlite:///...'."
        )


@request_finished.connect
def _when_answered(app: Flask, response: Response, **_: Any) -> None:
    """Let a stream have the lease until it ends; else it is given back a moment later."""
    lease: Lease | None = _request().__dict__.get(_ATTRIBUTE)
    if lease is None or response.direct_passthrough:
        # A file goes to the server as it is, and nobody is told of its end.
        return
    if response.status_code >= 400 and response.content_length is not None:
        # Flask hands error pages on as if they were streams.
        response.make_sequence()
    if not response.is_streamed:
        return
    _request().__dict__[_ATTRIBUTE] = None
    response.response = _to_the_end(response.response, lease)
    # Whoever has gone away does not come to the end, but the server calls this.
    response.call_on_close(lease.give_back)


def _to_the_end(parts: Any, lease: Lease) -> Iterator[Any]:
    yield from parts
    lease.give_back()


@request_tearing_down.connect
def _when_over(app: Flask, **_: Any) -> None:
    """Give the lease back: the session has been saved, or there is no answer at all."""
    # Taken away, for it has the session, which has the request: a cycle would wait for the
    # garbage collector.
    lease = _request().__dict__.pop(_ATTRIBUTE, None)
    if lease is not None:
        lease.give_back()


def _request() -> Any:
    return cast(Any, request)._get_current_object()
