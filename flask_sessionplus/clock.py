"""The time, in one place, so that tests can replace it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone

_source: Callable[[], float] = time.time


def now() -> int:
    """Return the time in milliseconds since 1970-01-01 UTC."""
    return int(_source() * 1000)


def set_source(source: Callable[[], float]) -> Callable[[], float]:
    """Take the time from *source* (seconds since 1970-01-01 UTC) and return the former source.

    For tests; see :class:`flask_sessionplus.testing.FakeClock`.
    """
    global _source
    former, _source = _source, source
    return former


def to_datetime(milliseconds: int) -> datetime:
    """Return *milliseconds* since 1970-01-01 UTC as an aware UTC datetime."""
    return datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
