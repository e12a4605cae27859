"""How many sessions there are, without anybody waiting for it.

To count 10^6 sessions takes a database a fifth of a second, and Redis several. So a page waits
a moment only, and then shows what was counted last; counting goes on beside it. And a number
is kept for so long that counting takes about a hundredth of the time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import Flask

from ... import clock
from ...errors import StoreError
from ...overview import count_sessions

# Seconds that a page waits for a count.
_PATIENCE = 0.04

# How much longer than counting took its result is kept, and for how many seconds at most.
_REST = 100
_LONGEST = 900.0

# What took longer than this, in seconds, is not done again for a few sessions less.
_LONG = 1.0

_NAME = "sessionplus_dashboard"

Count = Callable[[Flask], dict[str, int]]


@dataclass(frozen=True)
class Counted:
    """How many sessions there were when they were counted.

    :param by_store: by the name of the store; empty if none can count.
    :param at: when that was, an aware UTC datetime.
    :param error: why they could not be counted this time.
    """

    by_store: dict[str, int]
    at: datetime
    error: StoreError | None = None

    @property
    def total(self) -> int | None:
        """How many there are in all stores; None: nobody knows."""
        return sum(self.by_store.values()) if self.by_store else None


class Counter:
    """Counts the sessions of an app, one count at a time.

    :param count: what counts them; it is called in a thread of its own.
    """

    def __init__(self, app: Flask, count: Count = count_sessions) -> None:
        self._app = app
        self._count = count
        self._lock = threading.Lock()
        self._under_way: threading.Thread | None = None
        self._last: Counted | None = None
        self._good_until = self._took = 0.0
        self._is_stale = False

    def get(self, patience: float | None = None) -> Counted | None:
        """Return what was counted last; None if the first count is still under way.

        :param patience: seconds that a count is waited for; default: a page's.
        """
        with self._lock:
            if self._last is not None and time.monotonic() < self._good_until:
                return self._last
            # A thread that a fork has left behind is dead.
            if self._under_way is None or not self._under_way.is_alive():
                self._is_stale = False
                # A daemon, so that nobody waits for it when the process ends.
                self._under_way = threading.Thread(target=self._run, daemon=True)
                self._under_way.start()
            under_way = self._under_way
        under_way.join(_PATIENCE if patience is None else patience)
        with self._lock:
            return self._last

    def forget(self, were_all: bool = False) -> None:
        """Count again next time, for some have been ended.

        :param were_all: whether that was all of them. Else it is not worth it if it takes long.
        """
        with self._lock:
            if were_all or self._took < _LONG:
                self._good_until = 0.0
                # A count under way may have counted them.
                self._is_stale = True

    def _run(self) -> None:
        began, at = time.monotonic(), clock.to_datetime(clock.now())
        found = Counted({}, at)
        try:
            found = Counted(self._count(self._app), at)
        except StoreError as error:
            found = Counted({}, at, error)
        finally:
            # Whatever happens: or nobody would ever count again.
            now = time.monotonic()
            with self._lock:
                self._last, self._under_way, self._took = found, None, now - began
                rest = min(self._took * _REST, _LONGEST)
                self._good_until = 0.0 if self._is_stale else now + rest


def counter_of(app: Flask) -> Counter:
    """Return the counter of *app*, which all its dashboards share."""
    found: Counter = app.extensions.setdefault(_NAME, Counter(app))
    return found
