"""What each request asks of its store: trips, and bytes to and fro. Counted, not timed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from .contestants import Contestant, Running, Unavailable
from .figures import Results
from .meters import FileMeter, Meter, SQLiteMeter, TapMeter, Traffic
from .scenarios import Scenario

_COUNTED_CALLS = 9


def run(
    contestants: Sequence[type[Contestant]],
    scenarios: Sequence[Scenario],
    folder: Path,
    results: Results,
    *,
    say: Callable[[str], None],
) -> None:
    """Build one contestant after the other, with a meter at its store."""
    sqlite = SQLiteMeter()
    for number, kind in enumerate(contestants):
        contestant = kind()
        say(f"traffic: {contestant.name}")
        with ExitStack() as stack:
            try:
                meter = _meter(contestant, sqlite, stack)
                if meter is None:
                    continue
                running = Running(contestant, folder / f"{number}")
            except Unavailable as reason:
                results.skipped[contestant.name] = str(reason)
                continue
            stack.callback(contestant.close)
            for scenario in scenarios:
                if scenario in contestant.scenarios:
                    key = (contestant.name, scenario.name)
                    results.traffic[key] = _count(running, scenario, meter)


def _meter(contestant: Contestant, sqlite: Meter, stack: ExitStack) -> Meter | None:
    if (server := contestant.server) is not None:
        return TapMeter(stack.enter_context(server.tapped()))
    return {"sqlite": sqlite, "file": FileMeter()}.get(contestant.store)


def _count(running: Running, scenario: Scenario, meter: Meter) -> Traffic:
    client = running.client(scenario)
    found = [meter.measure(lambda: client.run(1)) for _ in range(_COUNTED_CALLS)]
    client.check()

    def usual(name: str) -> float | None:
        values = [getattr(each, name) for each in found]
        return None if None in values else median(values)

    return Traffic(usual("trips"), usual("frames"), usual("sent"), usual("received"))
