"""What the everyday session of one visitor takes in a database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from .client import Client
from .contestants import Contestant, Running, Unavailable
from .scenarios import EVERYDAY

#: Stores that can tell.
_STORES = ("sqlite", "redis", "postgresql")


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
        if contestant.store not in _STORES:
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
            if (size := contestant.size()) is not None:
                result[contestant.name] = size / count
        finally:
            contestant.close()
    return result
