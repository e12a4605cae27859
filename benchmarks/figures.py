"""What a benchmark finds: single figures, and times that are compared round by round."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median, quantiles

from .meters import Traffic

#: A contestant's name and a scenario's.
Key = tuple[str, str]


@dataclass(frozen=True)
class Figure:
    """A figure; if it is a median of rounds, also their middle half."""

    value: float
    low: float | None = None
    high: float | None = None


def of_rounds(rounds: list[float]) -> Figure:
    """The median of the rounds and their middle half."""
    if len(rounds) < 2:
        return Figure(rounds[0])
    low, _, high = quantiles(rounds, n=4)
    return Figure(median(rounds), low, high)


def ratio(ours: list[float], theirs: list[float]) -> Figure:
    """How many times as long one side took, of two that were timed in the same rounds.

    They are compared round by round: what slows a whole round down cancels out.
    """
    return of_rounds([mine / other for mine, other in zip(ours, theirs, strict=True)])


@dataclass(frozen=True)
class Race:
    """What was lost of what many requests of one visitor wrote at once."""

    keys_lost: int
    increments_lost: int
    errors: int


@dataclass
class Results:
    """All that was found in one run."""

    #: Seconds per request, one figure a round.
    rounds: dict[Key, list[float]] = field(default_factory=dict)
    #: What each request asked of its store.
    traffic: dict[Key, Traffic] = field(default_factory=dict)
    #: By contestant.
    races: dict[str, Race] = field(default_factory=dict)
    #: Bytes of an everyday session, by contestant.
    bytes_each: dict[str, float] = field(default_factory=dict)
    #: Everything else, by name.
    figures: dict[str, Figure] = field(default_factory=dict)
    #: Who or what did not take part, and why.
    skipped: dict[str, str] = field(default_factory=dict)

    def ratio(self, scenario: str, ours: str, theirs: str) -> Figure | None:
        """How many times as long ``ours`` took; None if either was not measured."""
        return self.compare((ours, scenario), (theirs, scenario))

    def compare(self, ours: Key, theirs: Key) -> Figure | None:
        """How many times as long one request took as the other."""
        mine, other = self.rounds.get(ours), self.rounds.get(theirs)
        return ratio(mine, other) if mine and other else None
