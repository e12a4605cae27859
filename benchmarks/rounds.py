"""Timing in turns: each contestant gets a slice of every round, so all see the same weather."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key")


@dataclass
class Cell(Generic[Key]):
    """One thing to be timed, and what each round found."""

    key: Key
    #: Does the work so many times.
    run: Callable[[int], None]
    calls: int = 0
    #: Seconds per call, one figure a round.
    rounds: list[float] = field(default_factory=list)


def measure(cells: list[Cell[Key]], *, rounds: int, seconds: float) -> None:
    """Time all cells, a slice of about ``seconds`` each per round, each round in another order.

    The garbage collector stays on, as it is in a server; what was alive before is kept out of its
    sight and each slice begins with nothing to collect, so that nobody pays for the others.
    """
    for cell in cells:
        cell.calls = _calibrate(cell.run, seconds)
    gc.collect()
    gc.freeze()
    try:
        for turn in range(rounds):
            start = turn * len(cells) // rounds
            for cell in cells[start:] + cells[:start]:
                cell.rounds.append(_slice(cell))
    finally:
        gc.unfreeze()


def _slice(cell: Cell[Key]) -> float:
    gc.collect()
    # Whoever ran before has left the processor's caches full of other things.
    cell.run(max(2, cell.calls // 20))
    begin = time.perf_counter()
    cell.run(cell.calls)
    return (time.perf_counter() - begin) / cell.calls


def _calibrate(run: Callable[[int], None], seconds: float) -> int:
    """How many calls fill a slice."""
    calls = 4
    while True:
        begin = time.perf_counter()
        run(calls)
        spent = time.perf_counter() - begin
        if spent >= seconds / 4:
            return max(4, round(calls * seconds / spent))
        calls *= 2
