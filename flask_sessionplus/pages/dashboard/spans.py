"""Stretches of time that the dashboard shows, cut into equal slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from ...statistics import Hour

_HOUR = timedelta(hours=1)


class Slot(NamedTuple):
    """What happened in one slot; the numbers are those of :class:`~.statistics.Hour`.

    :param begins_at: an aware UTC datetime.
    """

    begins_at: datetime
    created: int = 0
    ended: int = 0
    lost: int = 0
    failed: int = 0
    calls: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Span:
    """A stretch of time that ends now.

    :param name: how addresses call it.
    :param slots: how many slots it has.
    :param step: hours in a slot; divides a day.
    :param every: between slots that are labelled; every second of these where it is narrow.
    """

    name: str
    slots: int
    step: int
    every: int

    def begins_at(self, now: datetime) -> datetime:
        """Return when the first slot begins, so that the last one is the one under way."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        current = hour - timedelta(hours=hour.hour % self.step)
        return current - (self.slots - 1) * self.step * _HOUR

    def slots_of(self, hours: Sequence[Hour], now: datetime) -> list[Slot]:
        """Return the slots, the oldest first, with all that happened in them."""
        first, step = self.begins_at(now), self.step * _HOUR
        found = [Slot(first + number * step) for number in range(self.slots)]
        for hour in hours:
            number = (hour.begins_at - first) // step
            if 0 <= number < self.slots:
                found[number] = _sum(found[number], hour)
        return found


#: By their names, the shortest first.
SPANS = {
    span.name: span
    for span in (
        Span("24h", slots=24, step=1, every=3),
        Span("7d", slots=28, step=6, every=4),
        Span("30d", slots=30, step=24, every=5),
    )
}


def total(slots: Sequence[Slot]) -> Slot:
    """Return what happened in all of *slots*, which are not empty."""
    first, *rest = slots
    for slot in rest:
        first = _sum(first, slot)
    return first


def _sum(slot: Slot, more: Slot | Hour) -> Slot:
    return Slot(
        slot.begins_at,
        slot.created + more.created,
        slot.ended + more.ended,
        slot.lost + more.lost,
        slot.failed + more.failed,
        slot.calls + more.calls,
        slot.seconds + more.seconds,
    )
