"""A clock that goes only when it is told to."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from types import TracebackType

from .. import clock


class FakeClock:
    """Stops the time of all sessions in this process for as long as a ``with`` block takes.

    As a fixture::

        @pytest.fixture
        def clock():
            with FakeClock() as clock:
                yield clock


        def test_an_idle_session_ends(client, clock):
            client.post("/sign-in")
            clock.advance(timedelta(hours=2))

            assert client.get("/account").status_code == 401

    Only what this package asks for the time is moved: a store's server, the browser and
    Flask itself go on living in the present.

    :param start: an aware datetime at which to begin; default: now.
    """

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError("FakeClock needs a datetime with a zone, such as timezone.utc.")
        self._start = start
        self._milliseconds = 0
        self._former: Callable[[], float] | None = None

    def __enter__(self) -> FakeClock:
        if self._former is not None:
            raise RuntimeError("This FakeClock is running already. Make another one.")
        start = clock.now() if self._start is None else self._start.timestamp() * 1000
        self._milliseconds = round(start)
        self._former = clock.set_source(self._read)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        former, self._former = self._former, None
        if former is not None:
            clock.set_source(former)

    def now(self) -> int:
        """Return the time in milliseconds since 1970-01-01 UTC, as in a record."""
        return self._milliseconds

    def advance(self, by: timedelta | float) -> None:
        """Move the time on, to the millisecond.

        :param by: a timedelta, or a number of seconds; never negative, for time does not
            go back.
        """
        seconds = by.total_seconds() if isinstance(by, timedelta) else by
        if not 0 <= seconds < math.inf:
            raise ValueError(f"The time goes forward only, not by {by!r}.")
        self._milliseconds += round(seconds * 1000)

    def tick(self, by: timedelta | float = 1) -> None:
        """Move the time on, as :meth:`advance` does; by a second if nothing is said."""
        self.advance(by)

    def _read(self) -> float:
        # The middle of the millisecond: no rounding can make it the one before.
        return (self._milliseconds + 0.5) / 1000
