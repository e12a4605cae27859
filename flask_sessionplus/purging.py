"""Removing expired sessions in slices, so that nobody waits long."""

from __future__ import annotations

import time
from collections.abc import Iterator

from .stores.base import Purgeable

# A lock that is taken again at once starves others: SQLite's waiting writers sleep.
_PAUSE = 0.01

# Sessions removed at a time: a slice holds SQLite's lock for a few milliseconds.
BATCH = 250


def purge_expired(store: Purgeable, batch: int = BATCH, pause: float = _PAUSE) -> Iterator[int]:
    """Remove all expired records, at most *batch* at a time; yield how many each time.

    :param pause: seconds between two slices.
    """
    while True:
        removed = store.purge(batch)
        yield removed
        if removed < batch:
            return
        time.sleep(pause)
