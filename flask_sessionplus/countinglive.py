"""Counting what happens in this process, and handing it on every now and then.

What is counted hears signals. It is added to what the store has at most every ten seconds,
after an answer has been sent, and when the process ends. While the store does not answer it is
kept. A process that is killed takes along what it has counted since.
"""

from __future__ import annotations

import atexit
import logging
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import Lock
from typing import Any

from . import clock, signals
from .codec import Codec
from .counting import OTHER, Call, Tally, harmless
from .countingplaces import HOUR, Places
from .devices import browser_kind
from .errors import StoreError
from .record import Record
from .stores.base import Store

# In milliseconds: how often counts are handed on, and when it is tried again if that fails.
_INTERVAL = 10_000
_AFTER_A_FAULT = 60_000

# How many hours are kept while the store does not answer.
_MOST_HOURS = 48

_log = logging.getLogger("flask_sessionplus")


class LiveCounts:
    """The counts of one app in one process.

    :param places: what they are added to.
    """

    def __init__(self, store: Store, codec: Codec) -> None:
        self.places = Places(store, codec)
        self._tallies: dict[int, Tally] = {}
        self._begin()
        _all.add(self)

    def connect(self, app: Any) -> None:
        """Count what happens in *app* from now on.

        Receivers are held weakly, so that the app may go.
        """
        signals.session_created.connect(self._count_created, app)
        signals.session_destroyed.connect(self._count_ended, app)
        signals.session_expired.connect(self._count_ended, app)
        signals.sessions_revoked.connect(self._count_revoked, app)
        signals.session_lost.connect(self._count_lost, app)
        signals.store_called.connect(self._count_call, app)
        app.after_request(self._flush_later)

    def flush(self) -> None:
        """Hand on what was counted; if the store fails, keep it."""
        # Of two threads that come here at once, one has nothing to do.
        if not self._flushing.acquire(blocking=False):
            return
        try:
            self._hand_on()
        finally:
            self._flushing.release()

    @contextmanager
    def kept(self) -> Iterator[int]:
        """Let what is stored be there again when somebody has emptied the store meanwhile.

        Yield how many records it is. If that fails, the counts are gone, and nothing else.
        """
        taken: list[tuple[int, Record]] = []
        try:
            taken = self.places.take()
        except StoreError as error:
            self._tell(error)
        try:
            yield len(taken)
        finally:
            try:
                self.places.put_back(taken)
            except StoreError as error:
                self._tell(error)

    def count_twice(self, ended: int) -> None:
        """Take note that so many sessions have been counted twice as ended."""
        with self._lock:
            self._tally().ended -= ended

    def _hand_on(self) -> None:
        self._due_at = clock.now() + _INTERVAL
        with self._lock:
            taken, self._tallies = self._tallies, {}
        try:
            while taken:
                hour = max(taken)
                self.places.add(hour, taken[hour])
                del taken[hour]
            self._is_told = False
        except StoreError as error:
            self._due_at = clock.now() + _AFTER_A_FAULT
            self._tell(error)
        finally:
            self._put_back(taken)

    def _put_back(self, taken: dict[int, Tally]) -> None:
        with self._lock:
            for hour, tally in taken.items():
                self._tallies[hour] = tally.plus(self._tally(hour))
            for hour in sorted(self._tallies)[:-_MOST_HOURS]:
                del self._tallies[hour]

    def _flush_later(self, response: Any) -> Any:
        # What this request has written is counted after this, and before the answer is out.
        now = clock.now()
        # So far ahead if the clock was set back.
        if not self._due_at - _AFTER_A_FAULT <= now < self._due_at:
            self._due_at = now + _INTERVAL
            response.call_on_close(self.flush)
        return response

    def _count_created(self, app: Any, session: Any, **_: Any) -> None:
        name = _browser(session._request.user_agent.string)
        with self._lock:
            tally = self._tally()
            tally.created += 1
            tally.add_browser(name)

    def _count_ended(self, app: Any, **_: Any) -> None:
        with self._lock:
            self._tally().ended += 1

    def _count_revoked(self, app: Any, count: int, **_: Any) -> None:
        with self._lock:
            self._tally().ended += count

    def _count_lost(self, app: Any, **_: Any) -> None:
        with self._lock:
            self._tally().lost += 1

    def _count_call(
        self,
        app: Any,
        store: str,
        operation: str,
        seconds: float,
        error: BaseException | None,
        **_: Any,
    ) -> None:
        message = "" if error is None else _message(error)
        call = Call(clock.now() - round(seconds * 1000), store, operation, seconds, message)
        with self._lock:
            self._tally().add_call(call, has_failed=error is not None)

    def _tally(self, hour: int | None = None) -> Tally:
        hour = clock.now() // HOUR if hour is None else hour
        found = self._tallies.get(hour)
        if found is None:
            found = self._tallies[hour] = Tally()
        return found

    def _tell(self, error: StoreError) -> None:
        # Once, not every minute.
        if not self._is_told:
            self._is_told = True
            _log.warning("Statistics cannot be stored at the moment: %s", error)

    def _begin(self) -> None:
        """Begin with nothing: also in the child of a fork, whose parent has its own counts."""
        self._lock = Lock()
        self._flushing = Lock()
        self._tallies = {}
        self._due_at = 0
        self._is_told = False


def _message(error: BaseException) -> str:
    # Only of ours is it known that there is no value in it.
    text = str(error) if isinstance(error, StoreError) else type(error).__name__
    return harmless(text)


@lru_cache(maxsize=256)
def _browser(agent: str) -> str:
    return browser_kind(agent) or OTHER


_all: weakref.WeakSet[LiveCounts] = weakref.WeakSet()


def _begin_in_child() -> None:
    for counts in list(_all):
        counts._begin()


def _flush_all() -> None:
    for counts in list(_all):
        counts.flush()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_in_child)
atexit.register(_flush_all)
