"""Purging expired sessions in another process while this one writes."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

from .client import Client

#: For how long writes are timed with nobody purging, to see what the machine does by itself.
_QUIET_SECONDS = 3.0


@dataclass(frozen=True)
class Purge:
    """What happened meanwhile."""

    purged: int
    seconds: float
    writes: int
    #: Seconds of the slowest write during the purge, and before it.
    worst: float
    worst_before: float


def run(url: str, writer: Client) -> Purge:
    """Purge the store at this URL as ``flask session purge`` does, and time the writes."""
    quiet_until = time.perf_counter() + _QUIET_SECONDS
    before = _write_while(writer, lambda: time.perf_counter() < quiet_until)

    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    purger = context.Process(target=_purge, args=(url, there))
    purger.start()
    here.recv()  # the imports are done
    here.send("go")
    during = _write_while(writer, lambda: not here.poll())
    purged, seconds = here.recv()
    purger.join()
    writer.check()
    return Purge(purged, seconds, len(during), max(during), max(before))


def _write_while(writer: Client, goes_on: Callable[[], bool]) -> list[float]:
    times = []
    while goes_on():
        begin = time.perf_counter()
        writer.run(1)
        times.append(time.perf_counter() - begin)
    return times


def _purge(url: str, parent: Connection) -> None:
    """In a process of its own: purge, as the command line does it."""
    from flask_sessionplus.purging import purge_expired
    from flask_sessionplus.stores.base import Purgeable

    from .contestants.sessionplus import make_app

    store: Purgeable = make_app(url).extensions["sessionplus"].store
    parent.send("ready")
    parent.recv()
    begin = time.perf_counter()
    purged = sum(purge_expired(store))
    parent.send((purged, time.perf_counter() - begin))
