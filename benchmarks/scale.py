"""The third benchmark: a million sessions in SQLite, read at random, and purged while in use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import machine, purge
from .client import Crowd
from .contestants import Unavailable
from .contestants.places import checkpoint
from .contestants.sessionplus import make_app
from .crowd import fill
from .figures import Figure, Results, of_rounds, ratio
from .rounds import Cell, measure
from .sizes import Sizes
from .targets import PURGE_WORST_WRITE, READS_AT_SIZE

_FEW = 1_000

#: No expiry is written within the run: only the reads are measured.
_CONFIG = {"SESSION_TOUCH_INTERVAL": 3600}


def run(folder: Path, results: Results, sizes: Sizes, *, say: Callable[[str], None]) -> None:
    """Fill a small database and a large one, compare their reads, purge the large one."""
    paths = {count: folder / f"{count}.db" for count in (_FEW, sizes.many)}
    urls = {count: f"sqlite:///{path}" for count, path in paths.items()}
    try:
        apps = {count: make_app(url, **_CONFIG) for count, url in urls.items()}
    except Unavailable as reason:
        results.skipped["scale"] = str(reason)
        return
    say(f"scale: filling in {sizes.many:,} sessions")
    few = fill(apps[_FEW], _FEW, cookies=_FEW)
    many = fill(apps[sizes.many], sizes.many, cookies=_FEW, expired_every=10)

    for path in paths.values():
        checkpoint(path)  # or the first write would carry all that was filled in out of the log

    say("scale: reads")
    small = Cell(_FEW, Crowd(apps[_FEW], "/read", few).run)
    large = Cell(sizes.many, Crowd(apps[sizes.many], "/read", many).run)
    measure([small, large], rounds=sizes.rounds, seconds=sizes.slice_seconds)
    for cell in (small, large):
        name = f"read, {cell.key:,} sessions, µs"
        results.figures[name] = of_rounds([each * 1e6 for each in cell.rounds])
    results.figures[READS_AT_SIZE] = ratio(large.rounds, small.rounds)

    say("scale: purge")
    machine.unpin()
    found = purge.run(urls[sizes.many], Crowd(apps[sizes.many], "/write", many))
    results.figures["sessions purged"] = Figure(found.purged)
    results.figures["purge took, s"] = Figure(found.seconds)
    results.figures["writes during the purge"] = Figure(found.writes)
    results.figures["slowest write without a purge, ms"] = Figure(found.worst_before * 1000)
    results.figures[PURGE_WORST_WRITE] = Figure(found.worst * 1000)
