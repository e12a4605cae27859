"""A circuit breaker: a server that does not answer is not waited for again and again."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from ..errors import StoreUnavailable

# Failures in a row after which nobody is sent there any more, but for one every second.
_MOST_FAILURES = 5
_PROBE_SECONDS = 1.0


class Breaker:
    """Refuses calls while a server is out of order. For one process.

    :param what: what does not answer, for the message, such as "The Redis server".
    :param now: returns seconds that never go back.
    """

    def __init__(self, what: str, now: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._now = now
        self._failures = 0
        self._next_probe = 0.0
        self._lock = Lock()

    @property
    def is_open(self) -> bool:
        """Whether the last calls have all failed."""
        return self._failures >= _MOST_FAILURES

    def check(self) -> None:
        """Let the caller pass, or refuse at once.

        :raises StoreUnavailable: while the server is taken for dead.
        """
        if self._failures < _MOST_FAILURES:
            return
        with self._lock:
            now = self._now()
            if now >= self._next_probe:
                # Whoever comes here tries for all; the others wait for what he finds.
                self._next_probe = now + _PROBE_SECONDS
                return
        raise StoreUnavailable(
            f"{self._what} has failed {self._failures} times in a row and is asked again once a"
            " second. Look at the server; sessions go on as soon as it is back.",
            retry_after=2,
        )

    def succeeded(self) -> None:
        """Take note that the server has answered, be it with a refusal."""
        if self._failures:
            self._failures = 0

    def failed(self) -> None:
        """Take note that the server has not answered."""
        with self._lock:
            self._failures += 1
            self._next_probe = self._now() + _PROBE_SECONDS
