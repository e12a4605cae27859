"""The second benchmark: what the everyday session of one visitor takes in a database file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from .client import Client
from .contestants import Contestant, Running, Unavailable
from .scenarios import EVERYDAY


def run(
    contestants: Sequence[type[Contestant]],
    folder: Path,
    *,
    count: int,
    say: Callable[[str], None],
) -> dict[str, float]:
    """Let ``count`` visitors begin a session; return the bytes each takes, by contestant."""
    result = {}
    for number, kind in enumerate(contestants):
        contestant = kind()
        if contestant.store != "sqlite":
            continue
        say(f"space: {contestant.name}")
        try:
            running = Running(contestant, folder / f"{number}")
        except Unavailable:
            continue
        try:
            visitors = Client(running.app, EVERYDAY, None)
            visitors.run(count)
            visitors.check()
            size = checkpoint(folder / f"{number}" / "sessions.db")
        finally:
            contestant.close()
        result[contestant.name] = size / count
    return result


def checkpoint(database: Path) -> int:
    """Move all that is in the log into the database file; return how many bytes that has."""
    with closing(sqlite3.connect(database)) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise RuntimeError(f"{database} could not be checkpointed")
    return database.stat().st_size
