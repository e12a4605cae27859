"""What has happened to the sessions of an app, by the hour, over all its processes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Flask

from . import clock
from .codec import Codec
from .counting import Call, Tally
from .countinglive import LiveCounts
from .countingplaces import DAYS, HOUR
from .errors import ConfigError
from .stores.base import Carrying, Store


@dataclass(frozen=True)
class Hour:
    """What happened in one hour.

    :param begins_at: an aware UTC datetime.
    :param created: how many sessions were stored for the first time.
    :param ended: how many were signed out, revoked, or came back too late.
    :param lost: how many requests lost what they had changed.
    :param failed: how many calls of a store failed.
    :param calls: how many calls of a store there were.
    :param seconds: how long they took, all together.
    """

    begins_at: datetime
    created: int
    ended: int
    lost: int
    failed: int
    calls: int
    seconds: float


@dataclass(frozen=True)
class SlowCall:
    """A call of a store that took long.

    :param store: the name of the store, such as ``"RedisStore"``.
    :param operation: the name of its method, such as ``"load"``.
    """

    at: datetime
    store: str
    operation: str
    seconds: float


@dataclass(frozen=True)
class Failure:
    """A call of a store that failed.

    :param message: what the error says. It has neither keys nor values.
    """

    at: datetime
    store: str
    operation: str
    message: str


@dataclass(frozen=True)
class Statistics:
    """What is known of a stretch of time.

    :param hours: the oldest first, without gaps.
    :param browsers: how many sessions were created by each, such as ``"Firefox on Linux"``.
    :param slowest: the slowest calls, the slowest first.
    :param failures: the last ones, the newest first.
    """

    hours: list[Hour]
    browsers: dict[str, int]
    slowest: list[SlowCall]
    failures: list[Failure]


def statistics_of(app: Flask, since: timedelta = timedelta(days=1)) -> Statistics | None:
    """Return what has happened in *app*; None if ``SESSION_STATISTICS`` is off.

    What other processes have counted in the last ten seconds is not in it yet.

    :param since: how far back, to the beginning of that hour; at most 30 days.
    :raises StoreError: if the store fails.
    :raises ValueError: if *since* is negative, or more than 30 days.
    """
    counts = _counts_of(app)
    if not timedelta() <= since <= timedelta(days=DAYS):
        raise ValueError(f"Statistics go back from 0 to {DAYS} days, not {since}.")
    if counts is None:
        return None
    counts.flush()
    now = clock.now()
    last = now // HOUR
    first = (now - int(since.total_seconds() * 1000)) // HOUR
    found = counts.places.read(first, last)
    total = sum_of(found.values())
    return Statistics(
        hours=[_hour(hour, found.get(hour, Tally())) for hour in range(first, last + 1)],
        browsers=total.browsers,
        slowest=[_slow(call) for call in total.slowest],
        failures=[_failure(call) for call in total.failures],
    )


def count_records(app: Flask) -> int:
    """Return how many records of statistics there are in the store of *app*.

    :raises StoreError: if the store fails.
    """
    counts = _counts_of(app)
    return 0 if counts is None else counts.places.count()


def count_in(app: Flask, store: Store, codec: Codec) -> LiveCounts:
    """Count what happens in *app* from now on, in *store*.

    :raises ConfigError: if that is in the browsers.
    """
    if isinstance(store, Carrying):
        raise ConfigError(
            "SESSION_STATISTICS needs a store that all requests share, and cookie:// has a record"
            " for each browser. Leave it out and use flask_sessionplus.metrics, or set"
            " SESSION_STORE to 'sqlite:///...', 'postgresql://...', 'redis://...' or 'file:///...'."
        )
    counts = LiveCounts(store, codec)
    counts.connect(app)
    return counts


def sum_of(tallies: Iterable[Tally]) -> Tally:
    """Return all of *tallies* as one."""
    total = Tally()
    for tally in tallies:
        total = total.plus(tally)
    return total


def _counts_of(app: Flask) -> LiveCounts | None:
    counts: LiveCounts | None = app.extensions["sessionplus"].statistics
    return counts


def _hour(number: int, tally: Tally) -> Hour:
    return Hour(
        clock.to_datetime(number * HOUR),
        tally.created,
        tally.ended,
        tally.lost,
        tally.failed,
        tally.calls,
        tally.seconds,
    )


def _slow(call: Call) -> SlowCall:
    return SlowCall(clock.to_datetime(call.at), call.store, call.operation, call.seconds)


def _failure(call: Call) -> Failure:
    return Failure(clock.to_datetime(call.at), call.store, call.operation, call.message)
