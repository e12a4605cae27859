"""What was found, as tables of text: the terminal and Markdown show the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from .figures import Figure, Key, Results
from .races import REQUESTS
from .scenarios import (
    LARGE_SCENARIOS,
    ORDINARY_SCENARIOS,
    READ,
    READ_BESIDE,
    READ_LARGE,
    WRITE,
    WRITE_LARGE,
    Scenario,
)
from .targets import TARGETS, Target

_TRIPS = ORDINARY_SCENARIOS
_BYTES = (READ, WRITE, READ_LARGE, WRITE_LARGE, READ_BESIDE)


@dataclass
class Table:
    """A title, a row of headings and rows of cells; the first cell of a row is its name."""

    title: str
    heads: list[str]
    rows: list[list[str]] = field(default_factory=list)


def all_tables(results: Results) -> list[Table]:
    """Everything that was found, and last what it means; tables without rows are left out."""
    tables = [
        _times("Whole request with a session of 1 KB, microseconds", results, ORDINARY_SCENARIOS),
        _ratios("... ÷ the floor on the same store", results, _floor_of),
        _ratios("... ÷ Flask's signed cookie", results, lambda name: "flask:cookie"),
        _times("One key of a large session, microseconds", results, LARGE_SCENARIOS),
        _traffic("Trips per request (+ BEGIN, COMMIT and the like)", results, _TRIPS, _trips),
        _traffic("Bytes per request, to the store / from it", results, _BYTES, _bytes),
        _space(results),
        _races(results),
        _figures(results),
        _verdict(results),
    ]
    return [table for table in tables if table.rows]


def _table(title: str, scenarios: Iterable[Scenario]) -> Table:
    return Table(title, ["contestant", *(scenario.title for scenario in scenarios)])


def _add(table: Table, name: str, cells: Sequence[str]) -> None:
    if any(cells):
        table.rows.append([name, *cells])


def _names(keys: Iterable[Key]) -> list[str]:
    return list(dict.fromkeys(name for name, _ in keys))


def _times(title: str, results: Results, scenarios: Sequence[Scenario]) -> Table:
    table = _table(title, scenarios)
    for name in _names(results.rounds):
        rounds = [results.rounds.get((name, scenario.name)) for scenario in scenarios]
        _add(table, name, [f"{median(each) * 1e6:,.0f}" if each else "" for each in rounds])
    return table


def _ratios(title: str, results: Results, other: Callable[[str], str]) -> Table:
    """Compared round by round: the median, and the middle half of the rounds."""
    table = _table(title, ORDINARY_SCENARIOS)
    for name in _names(results.rounds):
        if name == other(name):
            continue
        found = [results.ratio(scenario.name, name, other(name)) for scenario in ORDINARY_SCENARIOS]
        _add(table, name, [spread(figure) if figure else "" for figure in found])
    return table


def _floor_of(name: str) -> str:
    return f"floor:{name.partition(':')[2]}"


def _traffic(
    title: str,
    results: Results,
    scenarios: Sequence[Scenario],
    show: Callable[[Results, Key], str],
) -> Table:
    table = _table(title, scenarios)
    for name in _names(results.traffic):
        _add(table, name, [show(results, (name, scenario.name)) for scenario in scenarios])
    return table


def _trips(results: Results, key: Key) -> str:
    traffic = results.traffic.get(key)
    if traffic is None or traffic.trips is None:
        return ""
    return f"{traffic.trips:g} + {traffic.frames:g}" if traffic.frames else f"{traffic.trips:g}"


def _bytes(results: Results, key: Key) -> str:
    traffic = results.traffic.get(key)
    if traffic is None:
        return ""
    both = (traffic.sent, traffic.received)
    return " / ".join(f"{count:,.0f}" for count in both if count is not None)


def _space(results: Results) -> Table:
    table = Table("Bytes of an everyday session in the database", ["contestant", "bytes"])
    for name, each in results.bytes_each.items():
        _add(table, name, [f"{each:,.0f}"])
    return table


def _races(results: Results) -> Table:
    title = f"Lost of {REQUESTS} requests of one visitor, eight at a time"
    table = Table(title, ["contestant", "keys", "increments", "errors"])
    for name, race in results.races.items():
        found = (race.keys_lost, race.increments_lost, race.errors)
        _add(table, name, [f"{each}" for each in found])
    return table


def _figures(results: Results) -> Table:
    table = Table("Many sessions", ["what", "found"])
    for name, figure in results.figures.items():
        _add(table, name, [spread(figure)])
    return table


def _verdict(results: Results) -> Table:
    table = Table("Targets", ["what", "found", "target", "verdict"])
    for target in TARGETS:
        figure = target.find(results)
        if figure is None:
            continue  # not measured this time
        share = f"{abs(target.distance(figure)):.0%}"
        verdict = f"reached, {share} to spare"
        if not target.is_reached(figure):
            verdict = f"missed by {share}"
        _add(table, target.what, [spread(figure), _limit(target), verdict])
    return table


def _limit(target: Target) -> str:
    return f"{'≥' if target.at_least else '≤'} {target.limit:g}"


def spread(figure: Figure) -> str:
    """A figure, and the middle half if it is a median."""
    value = f"{figure.value:.3g}" if figure.value < 100 else f"{figure.value:,.0f}"
    if figure.low is None or figure.high is None:
        return value
    digits = 2 if figure.value < 100 else 0
    low, high = f"{figure.low:.{digits}f}", f"{figure.high:.{digits}f}"
    return f"{figure.value:.{digits}f} ({low}-{high})"
