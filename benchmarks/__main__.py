"""``python -m benchmarks``: measure, print the tables, and tell of each target if it is reached."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from . import machine, markdown, races, report, requests, scale, servers, space, targets, traffic
from .contestants import ALL
from .figures import Results
from .scenarios import (
    COUNTED_SCENARIOS,
    ORDINARY_SCENARIOS,
    READ_LARGE,
    READ_ONE,
    WRITE_LARGE,
    WRITE_ONE,
)
from .sizes import FULL, QUICK, Sizes

_WIDTH = 132

BENCHMARKS = ("requests", "large", "traffic", "space", "races", "scale")


def main() -> None:
    """Run what the command line asks for."""
    options = _parse()
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH  # a file or a log has no width of its own
    results = Results()
    sizes = QUICK if options.quick else FULL
    try:
        with (
            tempfile.TemporaryDirectory(prefix="bench-", dir=machine.folder_in_memory()) as folder,
            console.status("") as status,
        ):
            _run(options, sizes, Path(folder), results, status.update)
        facts = {**machine.describe(), **servers.versions()}
    finally:
        servers.stop_all()
    report.show(results, facts, console)
    if options.json:
        options.json.write_text(json.dumps({"machine": facts, **_plain(results)}, indent=1))
    if options.markdown:
        options.markdown.write_text(markdown.text(results, facts))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less than a minute, less exact")
    parser.add_argument("--only", choices=BENCHMARKS, help="run one benchmark")
    parser.add_argument("--match", default="", help="of the stores, only names with this in them")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything found to FILE")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables to FILE")
    return parser.parse_args()


def _run(
    options: argparse.Namespace,
    sizes: Sizes,
    folder: Path,
    results: Results,
    say: Callable[[str], None],
) -> None:
    wanted = [options.only] if options.only else BENCHMARKS
    chosen = [kind for kind in ALL if kind.is_yardstick or options.match in kind.name]
    seconds = sizes.slice_seconds
    for name in wanted:
        place = folder / name
        place.mkdir()
        machine.pin()
        if name == "requests":
            groups = [(scenario,) for scenario in ORDINARY_SCENARIOS]
            requests.run(
                chosen, groups, place, results, rounds=sizes.rounds, seconds=seconds, say=say
            )
        elif name == "large":
            pairs = [(READ_ONE, READ_LARGE), (WRITE_ONE, WRITE_LARGE)]
            requests.run(
                chosen, pairs, place, results, rounds=sizes.large_rounds, seconds=seconds, say=say
            )
        elif name == "traffic":
            traffic.run(chosen, COUNTED_SCENARIOS, place, results, say=say)
        elif name == "space":
            results.bytes_each = space.run(chosen, place, count=sizes.space, say=say)
        elif name == "races":
            races.run(chosen, place, results, say=say)
        else:
            scale.run(place, results, sizes, say=say)


def _plain(results: Results) -> dict[str, object]:
    """The results with keys that JSON can have."""
    return {
        "microseconds": {
            f"{name} {scenario}": [each * 1e6 for each in rounds]
            for (name, scenario), rounds in results.rounds.items()
        },
        "traffic": {
            f"{name} {scenario}": asdict(counted)
            for (name, scenario), counted in results.traffic.items()
        },
        "bytes_each": results.bytes_each,
        "races": {name: asdict(race) for name, race in results.races.items()},
        "figures": {name: asdict(figure) for name, figure in results.figures.items()},
        "targets": targets.verdicts(results),
        "skipped": results.skipped,
    }


if __name__ == "__main__":
    main()
