"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """The size of a run."""

    rounds: int
    slice_seconds: float
    #: How many everyday sessions are begun to see what one takes.
    space: int
    #: How many sessions are many; a tenth of them has expired when they are purged.
    many: int


FULL = Sizes(rounds=61, slice_seconds=0.012, space=20_000, many=1_000_000)
QUICK = Sizes(rounds=15, slice_seconds=0.008, space=3_000, many=100_000)
