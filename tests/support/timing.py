"""Upper bounds of time by the wall clock, for tests marked as `timed`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class TooSlow(AssertionError):
    """It took longer than allowed; on a busy machine that may be the machine's fault.

    A test marked as `timed` is tried again for this, and for nothing else.
    """


def assert_in_time(seconds: float, limit: float) -> None:
    """Fail if *seconds* is not less than *limit*."""
    if seconds >= limit:
        raise TooSlow(f"it took {seconds:.3f} s, and less than {limit:g} s are allowed")


@contextmanager
def within(limit: float) -> Iterator[None]:
    """Fail if the block takes *limit* seconds or longer."""
    began = time.monotonic()
    yield
    assert_in_time(time.monotonic() - began, limit)
