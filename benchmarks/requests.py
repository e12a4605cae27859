"""The first benchmark: whole requests through the WSGI callable, and the statements behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from .client import Client
from .contestants import Contestant, Running, Unavailable
from .figures import Results
from .probes import PostgreSQLProbe, Probe, SQLiteProbe
from .rounds import Cell, measure
from .scenarios import Scenario

_COUNTED_CALLS = 8


def run(
    contestants: Sequence[type[Contestant]],
    scenarios: Sequence[Scenario],
    folder: Path,
    results: Results,
    *,
    rounds: int,
    seconds: float,
    say: Callable[[str], None],
) -> None:
    """Build everybody, then for each scenario count, and time all in turns."""
    probes: dict[str, Probe] = {"sqlite": SQLiteProbe(), "postgresql": PostgreSQLProbe()}
    with ExitStack() as stack:
        running = _build(contestants, folder, results, stack)
        for scenario in scenarios:
            say(f"requests: {scenario.title}")
            cells = []
            clients = []
            for one in running:
                if scenario not in one.contestant.scenarios:
                    continue
                client = one.client(scenario)
                clients.append(client)
                key = (one.contestant.name, scenario.name)
                if (probe := probes.get(one.contestant.store)) is not None:
                    results.statements[key] = _count(probe, client)
                cells.append(Cell(key, client.run))
            measure(cells, rounds=rounds, seconds=seconds)
            for client in clients:
                client.check()
            results.rounds.update({cell.key: cell.rounds for cell in cells})


def _build(
    contestants: Sequence[type[Contestant]], folder: Path, results: Results, stack: ExitStack
) -> list[Running]:
    running = []
    for number, kind in enumerate(contestants):
        contestant = kind()
        try:
            running.append(Running(contestant, folder / f"{number}"))
        except Unavailable as reason:
            results.skipped[contestant.name] = str(reason)
        else:
            stack.callback(contestant.close)
    return running


def _count(probe: Probe, client: Client) -> tuple[float, float]:
    with probe.counting() as seen:
        client.run(_COUNTED_CALLS)
    client.check()
    return len(seen.work) / _COUNTED_CALLS, len(seen.frame) / _COUNTED_CALLS
