"""Whole requests through the WSGI callable, timed in turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from .contestants import Contestant, Running, Unavailable
from .figures import Key, Results
from .rounds import Cell, measure
from .scenarios import Scenario


def run(
    contestants: Sequence[type[Contestant]],
    groups: Sequence[Sequence[Scenario]],
    folder: Path,
    results: Results,
    *,
    rounds: int,
    seconds: float,
    say: Callable[[str], None],
) -> None:
    """Build everybody, then time all in turns.

    :param groups: scenarios that are compared with each other are timed in the same rounds
    """
    wanted = {scenario for group in groups for scenario in group}
    taking_part = [kind for kind in contestants if wanted & set(kind.scenarios)]
    with ExitStack() as stack:
        running = _build(taking_part, folder, results, stack)
        for group in groups:
            say("requests: " + ", ".join(scenario.title for scenario in group))
            cells: list[Cell[Key]] = []
            clients = []
            for one in running:
                for scenario in group:
                    if scenario in one.contestant.scenarios:
                        clients.append(client := one.client(scenario))
                        cells.append(Cell((one.contestant.name, scenario.name), client.run))
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
