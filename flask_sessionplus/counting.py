"""What has happened in one hour, as numbers that can be added to others."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

#: Under what is counted whatever is not counted by its own name.
OTHER = "other"

# How many there may be of each, in one hour.
_MOST_BROWSERS = 20
_MOST_SLOW = 10
_MOST_FAILURES = 20

# How many names are told apart until they are added to others, and only the first ones count:
# browsers say of themselves what they like.
_MOST_NAMES = 200

_MESSAGE_LENGTH = 300

# What may be a sid, a handle or a token: long, and no NameLikeThis, as classes of errors have.
# The folders of a path, and the parts of a host's name, are shorter as a rule.
_NAME = r"[A-Z]?[a-z]+(?:[A-Z][a-z]+)*(?![A-Za-z0-9_-])"
_SECRET = re.compile(rf"(?<![A-Za-z0-9_-])(?!{_NAME})[A-Za-z0-9_-]{{20,}}", re.ASCII)


@dataclass(frozen=True)
class Call:
    """A call of a store.

    :param at: when, in milliseconds since 1970-01-01 UTC.
    :param seconds: how long it took.
    :param message: what the error says, or "".
    """

    at: int
    store: str
    operation: str
    seconds: float
    message: str = ""


@dataclass
class Tally:
    """The counts of one hour; see :class:`.Hour` for what they mean."""

    created: int = 0
    ended: int = 0
    lost: int = 0
    failed: int = 0
    calls: int = 0
    seconds: float = 0.0
    browsers: dict[str, int] = field(default_factory=dict)
    slowest: list[Call] = field(default_factory=list)
    failures: list[Call] = field(default_factory=list)

    def add_browser(self, name: str, count: int = 1) -> None:
        """Count sessions that were created by a browser."""
        if name not in self.browsers and len(self.browsers) >= _MOST_NAMES:
            name = OTHER
        self.browsers[name] = self.browsers.get(name, 0) + count

    def add_call(self, call: Call, has_failed: bool) -> None:
        """Count a call of a store."""
        self.calls += 1
        self.seconds += call.seconds
        if len(self.slowest) < _MOST_SLOW or call.seconds > self.slowest[-1].seconds:
            self.slowest = slowest([*self.slowest, call])
        if has_failed:
            self.failed += 1
            self.failures = latest([*self.failures, call])

    def plus(self, other: Tally) -> Tally:
        """Return the sum. Neither is modified."""
        browsers = self.browsers.copy()
        for name, count in other.browsers.items():
            browsers[name] = browsers.get(name, 0) + count
        return Tally(
            self.created + other.created,
            self.ended + other.ended,
            self.lost + other.lost,
            self.failed + other.failed,
            self.calls + other.calls,
            self.seconds + other.seconds,
            most_frequent(browsers),
            slowest([*self.slowest, *other.slowest]),
            latest([*self.failures, *other.failures]),
        )

    def to_plain(self) -> list[Any]:
        """Return it as data that the codec knows."""
        numbers = [self.created, self.ended, self.lost, self.failed, self.calls, self.seconds]
        calls = [[_plain(call) for call in found] for found in (self.slowest, self.failures)]
        return [*numbers, self.browsers, *calls]

    @classmethod
    def from_plain(cls, plain: list[Any]) -> Tally:
        """Return what :meth:`to_plain` has made."""
        created, ended, lost, failed, calls, seconds, browsers, slow, failures = plain
        found = [Call(*call) for call in slow], [Call(*call) for call in failures]
        return cls(created, ended, lost, failed, calls, seconds, browsers, *found)


def slowest(calls: Iterable[Call]) -> list[Call]:
    """Return the slowest of *calls*, the slowest first."""
    return heapq.nlargest(_MOST_SLOW, calls, key=lambda call: call.seconds)


def latest(calls: Iterable[Call]) -> list[Call]:
    """Return the last of *calls*, the newest first."""
    return heapq.nlargest(_MOST_FAILURES, calls, key=lambda call: call.at)


def most_frequent(counts: dict[str, int]) -> dict[str, int]:
    """Return the most frequent names with their counts, and all others as one."""
    if len(counts) <= _MOST_BROWSERS:
        return counts
    named = {name: count for name, count in counts.items() if name != OTHER}
    kept = dict(heapq.nlargest(_MOST_BROWSERS, named.items(), key=lambda item: item[1]))
    return {**kept, OTHER: sum(counts.values()) - sum(kept.values())}


def harmless(message: str) -> str:
    """Return *message* without what may be a name of a session, such as a file has."""
    text = _SECRET.sub("…", message)
    return text if len(text) <= _MESSAGE_LENGTH else f"{text[: _MESSAGE_LENGTH - 1]}…"


def _plain(call: Call) -> list[Any]:
    return [call.at, call.store, call.operation, call.seconds, call.message]
