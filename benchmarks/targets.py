"""What Flask-SessionPlus must reach, as data, and whether it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .figures import Figure, Results

_BARE = "bare"
_COOKIE = "flask:cookie"
_FLASK_SESSION = "flask-session:sqlite"
_MEMORY = "sessionplus:memory"
_FILE = "sessionplus:file"
_SQLITE = "sessionplus:sqlite"
_STORES = (_MEMORY, _FILE, _SQLITE)


@dataclass(frozen=True)
class Target:
    """A figure and its limit. It is set before measuring and not touched afterwards."""

    what: str
    limit: float
    #: The figure, or None if it was not measured this time.
    find: Callable[[Results], Figure | None]
    at_least: bool = False

    def is_reached(self, figure: Figure) -> bool:
        """Tell whether the figure is on the right side of the limit."""
        return figure.value >= self.limit if self.at_least else figure.value <= self.limit

    def distance(self, figure: Figure) -> float:
        """How far the figure is from its limit, as a share of it; positive is the right side."""
        share = figure.value / self.limit - 1 if self.limit else figure.value
        return share if self.at_least else -share


def _time(scenario: str, ours: str, theirs: str, limit: float) -> Target:
    """A request takes at most so many times as long as somebody else's."""
    what = f"{scenario}: {ours} ÷ {theirs}"
    return Target(what, limit, lambda results: results.ratio(scenario, ours, theirs))


def _faster(scenario: str, ours: str, theirs: str, limit: float) -> Target:
    """Somebody else takes at least so many times as long."""
    what = f"{scenario}: {theirs} ÷ {ours}"
    return Target(what, limit, lambda results: results.ratio(scenario, theirs, ours), at_least=True)


def _statements(scenario: str, ours: str, limit: float) -> Target:
    """A request sends so many statements, those that frame a transaction aside."""

    def find(results: Results) -> Figure | None:
        counted = results.statements.get((ours, scenario))
        return None if counted is None else Figure(counted[0])

    return Target(f"{scenario}: {ours}, statements", limit, find)


def _bytes(ours: str, theirs: str, limit: float) -> Target:
    """An everyday session takes at most so many times as much room as somebody else's."""

    def find(results: Results) -> Figure | None:
        mine, other = results.bytes_each.get(ours), results.bytes_each.get(theirs)
        return Figure(mine / other) if mine and other else None

    return Target(f"bytes: {ours} ÷ {theirs}", limit, find)


def _figure(name: str, limit: float) -> Target:
    return Target(name, limit, lambda results: results.figures.get(name))


READS_AT_SIZE = f"read: {_SQLITE}, many sessions ÷ 1,000"
PURGE_WORST_WRITE = f"purge: {_SQLITE}, slowest write meanwhile, ms"

TARGETS: tuple[Target, ...] = (
    *(_time("untouched", store, _BARE, 1.05) for store in _STORES),
    _time("read", _MEMORY, _COOKIE, 0.5),
    _time("read", _FILE, _COOKIE, 0.65),
    _time("read", _SQLITE, _COOKIE, 0.75),
    _time("write", _MEMORY, _COOKIE, 0.35),
    _time("write", _FILE, _COOKIE, 0.6),
    _time("write", _SQLITE, _COOKIE, 0.65),
    _time("sign-in", _SQLITE, _COOKIE, 0.75),
    _time("first", _SQLITE, _COOKIE, 1.1),
    _faster("read", _SQLITE, _FLASK_SESSION, 9),
    _faster("write", _SQLITE, _FLASK_SESSION, 6),
    _statements("untouched", _SQLITE, 0),
    _statements("read", _SQLITE, 1),
    _statements("write", _SQLITE, 2),
    _figure(READS_AT_SIZE, 1.1),
    _figure(PURGE_WORST_WRITE, 25),
    _bytes(_SQLITE, _FLASK_SESSION, 1.25),
)


def verdicts(results: Results) -> list[dict[str, object]]:
    """All targets with what was found, as plain data."""
    found = [(target, target.find(results)) for target in TARGETS]
    return [
        {
            "what": target.what,
            "limit": target.limit,
            "at_least": target.at_least,
            "found": figure.value if figure else None,
            "reached": target.is_reached(figure) if figure else None,
        }
        for target, figure in found
    ]
