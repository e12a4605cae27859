"""Doing something with each of many records, in steps that can be told of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from .errors import DamagedRecord
from .importingrecords import UnreadableSession

T = TypeVar("T")


class Step(NamedTuple):
    """What was done since the step before.

    :param seen: how many records were met.
    :param done: with how many of them something was done.
    :param damaged: how many cannot be read, and were left alone.
    """

    seen: int = 0
    done: int = 0
    damaged: int = 0

    def plus(self, other: Step) -> Step:
        """Return both in one."""
        return Step(*map(sum, zip(self, other, strict=True)))


def in_steps(items: Iterable[T], work: Callable[[T], bool], batch: int) -> Iterator[Step]:
    """Do *work* with each of *items*; yield after each *batch* of them, and at the end.

    :param work: returns whether there was something to do. What it cannot read is counted.
    """
    step = Step()
    for item in items:
        try:
            step = step.plus(Step(1, int(work(item))))
        except (DamagedRecord, UnreadableSession):
            step = step.plus(Step(1, damaged=1))
        if step.seen == batch:
            yield step
            step = Step()
    if step.seen:
        yield step
