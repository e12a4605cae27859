"""The tables."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table

from .figures import Figure, Results
from .scenarios import SCENARIOS
from .targets import TARGETS, Target


def show(results: Results, machine: dict[str, str], console: Console) -> None:
    """Print everything that was found, and what it means."""
    console.print(" · ".join(f"{name} {value}" for name, value in machine.items()), style="dim")
    if results.rounds:
        console.print(_times(results))
        console.print(_ratios(results))
    if results.statements:
        console.print(_statements(results))
    if results.bytes_each:
        console.print(_bytes(results))
    if results.figures:
        console.print(_figures(results))
    for name, reason in results.skipped.items():
        console.print(f"not measured: {name}: {reason}", style="yellow")
    console.print(_verdict(results))


def _table(title: str, first: str, columns: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _scenario_table(title: str) -> Table:
    return _table(title, "contestant", [scenario.title for scenario in SCENARIOS])


def _names(results: Results) -> list[str]:
    return list(dict.fromkeys(name for name, _ in results.rounds))


def _times(results: Results) -> Table:
    table = _scenario_table("Whole request with a session of 1 KB, microseconds (median of rounds)")
    for name in _names(results):
        rounds = [results.rounds.get((name, scenario.name)) for scenario in SCENARIOS]
        cells = [f"{median(each) * 1e6:,.0f}" if each else "" for each in rounds]
        table.add_row(name, *cells, style=_style(name))
    return table


def _ratios(results: Results) -> Table:
    table = _scenario_table(
        "... ÷ Flask's signed cookie in the same round (median, and the middle half of the rounds)"
    )
    for name in _names(results):
        found = [results.ratio(scenario.name, name, "flask:cookie") for scenario in SCENARIOS]
        cells = [_spread(figure) if figure else "" for figure in found]
        table.add_row(name, *cells, style=_style(name))
    return table


def _statements(results: Results) -> Table:
    table = _scenario_table("Statements per request (+ BEGIN, COMMIT and the like)")
    for name in dict.fromkeys(name for name, _ in results.statements):
        cells = []
        for scenario in SCENARIOS:
            work, frame = results.statements.get((name, scenario.name), (0.0, 0.0))
            cells.append(f"{work:g} + {frame:g}" if frame else f"{work:g}")
        table.add_row(name, *cells, style=_style(name))
    return table


def _bytes(results: Results) -> Table:
    table = _table("Bytes of an everyday session in the database", "contestant", ["bytes"])
    for name, each in results.bytes_each.items():
        table.add_row(name, f"{each:,.0f}", style=_style(name))
    return table


def _figures(results: Results) -> Table:
    table = _table("Many sessions", "what", ["found"])
    for name, figure in results.figures.items():
        table.add_row(name, _spread(figure))
    return table


def _verdict(results: Results) -> Table:
    table = _table("Targets", "what", ["found", "target", "verdict"])
    for target in TARGETS:
        figure = target.find(results)
        if figure is None:
            continue  # not measured this time
        share = f"{abs(target.distance(figure)):.0%}"
        if target.is_reached(figure):
            verdict = f"[green]reached, {share} to spare[/]"
        else:
            verdict = f"[red]missed by {share}[/]"
        table.add_row(target.what, _spread(figure), _limit(target), verdict)
    return table


def _limit(target: Target) -> str:
    return f"{'≥' if target.at_least else '≤'} {target.limit:g}"


def _spread(figure: Figure) -> str:
    value = f"{figure.value:.3g}" if figure.value < 100 else f"{figure.value:,.0f}"
    if figure.low is None or figure.high is None:
        return value
    digits = 2 if figure.value < 100 else 0
    low, high = f"{figure.low:.{digits}f}", f"{figure.high:.{digits}f}"
    return f"{figure.value:.{digits}f} ({low}-{high})"


def _style(name: str) -> str:
    return "bold" if name.startswith("sessionplus") else ""
