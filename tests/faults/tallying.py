"""Jobs of several processes that add to the same statistics."""

from __future__ import annotations

import os
import signal
from typing import Any

from flask_sessionplus import clock
from flask_sessionplus.codec import Codec
from flask_sessionplus.counting import Tally
from flask_sessionplus.countingplaces import HOUR, Places
from tests.faults.app import make_app
from tests.faults.places import store_of

#: The hour that is added to.
THEN = 500_000


def add(worker: Any, config: dict[str, Any], times: int) -> None:
    """Add one to the same hour, so many times."""
    places = Places(store_of(make_app(config)), Codec())
    worker.meet()
    for _ in range(times):
        places.add(THEN, Tally(created=1, browsers={"Firefox": 1}))


def fork(worker: Any, config: dict[str, Any]) -> list[int]:
    """Count something, fork, and let parent and child hand on; return how many they had."""
    app = make_app({**config, "SESSION_STATISTICS": True})
    counts = app.extensions["sessionplus"].statistics
    counts._count_lost(app)
    # As if a thread of the parent was at it in this moment.
    counts._lock.acquire()
    child = os.fork()
    if child == 0:
        # Rather than wait for ever.
        signal.alarm(20)
        had = sum(tally.lost for tally in counts._tallies.values())
        counts._count_lost(app)
        counts.flush()
        os._exit(had)
    counts._lock.release()
    _, status = os.waitpid(child, 0)
    counts.flush()
    now = clock.now() // HOUR
    found = counts.places.read(now - 1, now).values()
    return [os.waitstatus_to_exitcode(status), sum(tally.lost for tally in found)]
