"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """The size of a run."""

    rounds: int
    #: Rounds with large sessions.
    large_rounds: int
    slice_seconds: float
    #: How many everyday sessions are begun to see what one takes.
    space: int
    #: How many sessions are many; a tenth of them has expired when they are purged.
    many: int


FULL = Sizes(rounds=61, large_rounds=31, slice_seconds=0.012, space=20_000, many=1_000_000)
QUICK = Sizes(rounds=13, large_rounds=7, slice_seconds=0.005, space=2_000, many=100_000)
