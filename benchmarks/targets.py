"""What Flask-SessionPlus must reach, as data, and whether it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .figures import Figure, Results

_BARE = "bare"
_COOKIE = "flask:cookie"
_MEMORY = "sessionplus:memory"
_FILE = "sessionplus:file"
_SQLITE = "sessionplus:sqlite"
_REDIS = "sessionplus:redis"
_POSTGRESQL = "sessionplus:postgresql"
_MARIADB = "sessionplus:mariadb"
_SHARED = (_FILE, _SQLITE, _REDIS, _POSTGRESQL, _MARIADB)
_STORES = (_MEMORY, *_SHARED)
_NETWORK = (_REDIS, _POSTGRESQL, _MARIADB)


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


def _floor(scenario: str, ours: str, limit: float) -> Target:
    """... as the floor's on the same store."""
    return _time(scenario, ours, ours.replace("sessionplus:", "floor:"), limit)


def _faster(scenario: str, ours: str, limit: float) -> Target:
    """Flask-Session takes at least so many times as long on the same store."""
    theirs = ours.replace("sessionplus:", "flask-session:")
    what = f"{scenario}: {theirs} ÷ {ours}"
    return Target(what, limit, lambda results: results.ratio(scenario, theirs, ours), at_least=True)


def _large(verb: str, ours: str) -> Target:
    """A large session takes at most twice as long as a small one."""

    def find(results: Results) -> Figure | None:
        return results.compare((ours, f"{verb}-large"), (ours, f"{verb}-one"))

    return Target(f"{verb} one key: {ours}, 256 KB ÷ 1 KB", 2, find)


def _traffic(scenario: str, ours: str, what: str, limit: float) -> Target:
    """A request asks at most so much of its store; ``what`` is a field of ``Traffic``."""

    def find(results: Results) -> Figure | None:
        counted = results.traffic.get((ours, scenario))
        value = getattr(counted, what, None)
        return None if value is None else Figure(value)

    unit = what if what == "trips" else f"bytes {what}"
    return Target(f"{scenario}: {ours}, {unit}", limit, find)


def _trips(ours: str) -> tuple[Target, ...]:
    limits = {"untouched": 0, "read": 1, "write": 2, "first": 1, "sign-in": 2}
    return tuple(_traffic(scenario, ours, "trips", limit) for scenario, limit in limits.items())


def _bytes(ours: str, limit: float) -> Target:
    """An everyday session takes at most so many times as much room as Flask-Session's."""
    theirs = ours.replace("sessionplus:", "flask-session:")

    def find(results: Results) -> Figure | None:
        mine, other = results.bytes_each.get(ours), results.bytes_each.get(theirs)
        return Figure(mine / other) if mine and other else None

    return Target(f"bytes: {ours} ÷ {theirs}", limit, find)


def _no_loss(ours: str) -> Target:
    """Nothing is lost in a race, and nothing fails."""

    def find(results: Results) -> Figure | None:
        race = results.races.get(ours)
        if race is None:
            return None
        return Figure(race.keys_lost + abs(race.increments_lost) + race.errors)

    return Target(f"races: {ours}, keys and increments lost, errors", 0, find)


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
    _floor("read", _REDIS, 1.15),
    _floor("write", _REDIS, 1.3),
    _floor("first", _REDIS, 1.2),
    _floor("sign-in", _REDIS, 1.2),
    _floor("read", _POSTGRESQL, 1.25),
    _floor("write", _POSTGRESQL, 1.3),
    _floor("first", _POSTGRESQL, 1.25),
    _floor("sign-in", _POSTGRESQL, 1.25),
    _faster("read", _SQLITE, 9),
    _faster("write", _SQLITE, 6),
    _faster("read", _REDIS, 1.6),
    _faster("write", _REDIS, 1),
    _faster("read", _POSTGRESQL, 6),
    _faster("write", _POSTGRESQL, 3.5),
    *(_large(verb, store) for verb in ("read", "write") for store in _STORES),
    _traffic("untouched", _SQLITE, "trips", 0),
    _traffic("read", _SQLITE, "trips", 1),
    _traffic("write", _SQLITE, "trips", 2),
    *(target for store in _NETWORK for target in _trips(store)),
    *(_traffic("write-large", store, "sent", 4096) for store in _SHARED),
    *(_traffic("read-beside", store, "received", 4096) for store in _NETWORK),
    _bytes(_SQLITE, 1.25),
    _bytes(_REDIS, 1.05),
    _bytes(_POSTGRESQL, 1.1),
    *(_no_loss(store) for store in _SHARED),
    _figure(READS_AT_SIZE, 1.1),
    _figure(PURGE_WORST_WRITE, 25),
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
