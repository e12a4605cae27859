"""``python -m benchmarks``: measure, print the tables, and tell of each target if it is reached."""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from . import machine, report, requests, scale, space, targets
from .contestants import ALL
from .figures import Results
from .scenarios import SCENARIOS
from .sizes import FULL, QUICK, Sizes

_WIDTH = 124

BENCHMARKS = ("requests", "space", "scale")


def main() -> None:
    """Run what the command line asks for."""
    options = _parse()
    console = Console()
    if not console.is_terminal:
        console.width = _WIDTH  # a file or a log has no width of its own
    results = Results()
    sizes = QUICK if options.quick else FULL
    with (
        tempfile.TemporaryDirectory(prefix="bench-", dir=machine.folder_in_memory()) as folder,
        console.status("") as status,
    ):
        _run(options, sizes, Path(folder), results, status.update)
    facts = machine.describe()
    report.show(results, facts, console)
    if options.json:
        options.json.write_text(json.dumps({"machine": facts, **_plain(results)}, indent=1))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less than a minute, less exact")
    parser.add_argument("--only", choices=BENCHMARKS, help="run one benchmark")
    parser.add_argument("--match", default="", help="of the stores, only names with this in them")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything found to FILE")
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
    for name in wanted:
        place = folder / name
        place.mkdir()
        machine.pin()
        if name == "requests":
            requests.run(
                chosen,
                SCENARIOS,
                place,
                results,
                rounds=sizes.rounds,
                seconds=sizes.slice_seconds,
                say=say,
            )
        elif name == "space":
            results.bytes_each = space.run(chosen, place, count=sizes.space, say=say)
        else:
            scale.run(place, results, sizes, say=say)


def _plain(results: Results) -> dict[str, object]:
    """The results with keys that JSON can have."""
    return {
        "microseconds": {
            f"{name} {scenario}": [each * 1e6 for each in rounds]
            for (name, scenario), rounds in results.rounds.items()
        },
        "statements": {
            f"{name} {scenario}": counted
            for (name, scenario), counted in results.statements.items()
        },
        "bytes_each": results.bytes_each,
        "figures": {name: asdict(figure) for name, figure in results.figures.items()},
        "targets": targets.verdicts(results),
        "skipped": results.skipped,
    }


if __name__ == "__main__":
    main()
