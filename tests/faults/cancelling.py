"""Cuts greenlets off in the middle of their calls to a store, and looks whose data they get.

Run as a program of its own, for it patches everything: `python -m tests.faults.cancelling OPS`,
with the settings in the environment. It prints what it has counted, as JSON.
"""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402
import os  # noqa: E402
import random  # noqa: E402
import secrets  # noqa: E402
import sys  # noqa: E402
import time  # noqa: E402
from collections import Counter  # noqa: E402
from statistics import median  # noqa: E402

import gevent  # noqa: E402

from flask_sessionplus import clock  # noqa: E402
from flask_sessionplus.errors import StoreError  # noqa: E402
from flask_sessionplus.record import Changes, Record  # noqa: E402
from flask_sessionplus.stores.base import Outcome  # noqa: E402
from tests.faults.app import VARIABLE, make_app  # noqa: E402
from tests.faults.places import store_of  # noqa: E402

_GREENLETS = 20
_LARGE = b"x" * 20_000

# What each greenlet does in peace first, to see how long it takes on this machine.
_QUIET = 5


def main(operations: int) -> dict[str, int]:
    """Do so many operations, and count what became of them."""
    store = store_of(make_app(json.loads(os.environ[VARIABLE])))
    counts: Counter[str] = Counter(foreign=0, faults=0, cancelled=0, done=0)
    seconds: list[float] = []
    tasks = [_Task(store, counts, seconds) for _ in range(_GREENLETS)]
    gevent.joinall([gevent.spawn(task.work_in_peace) for task in tasks], raise_error=True)
    longest = 2 * median(seconds)
    share = operations // _GREENLETS
    gevent.joinall([gevent.spawn(task.work, share, longest) for task in tasks], raise_error=True)
    gevent.joinall([gevent.spawn(task.work_in_peace) for task in tasks], raise_error=True)
    counts["handles"] = len(os.listdir("/proc/self/fd"))
    store.close()
    return counts


class _Task:
    """One greenlet, with a session of its own that holds a canary."""

    def __init__(self, store, counts, seconds) -> None:
        self._store = store
        self._counts = counts
        self._seconds = seconds
        self._sid = secrets.token_bytes(32)
        self._canary = self._sid.hex().encode()
        now = clock.now()
        values = {"canary": self._canary}
        assert store.create(self._sid, Record(now, now, now + 3_600_000, values))

    def work_in_peace(self) -> None:
        """Do a few operations, and note how long they take."""
        for number in range(_QUIET):
            began = time.monotonic()
            self._operate(number)
            self._seconds.append(time.monotonic() - began)

    def work(self, operations: int, longest: float) -> None:
        """Do *operations*; every other one may be cut off, and the next would get its answer."""
        for number in range(operations):
            seconds = random.uniform(0, longest) if number % 2 else None
            try:
                with gevent.Timeout(seconds):
                    self._operate(number)
                    self._counts["done"] += 1
            except gevent.Timeout:
                self._counts["cancelled"] += 1
            except StoreError as error:
                self._counts["faults"] += 1
                sys.stderr.write(f"{error!r} {error.__cause__!r:.300}\n")

    def _operate(self, number: int) -> None:
        record = self._store.load(self._sid)
        self._check(record)
        large = {"large": self._canary + _LARGE} if number % 3 == 0 else {}
        changes = Changes({"n": b"%d" % number, **large}, [] if large else ["large"])
        outcome, record = self._store.apply(self._sid, record, changes)
        assert outcome is Outcome.SAVED, outcome
        self._check(record)
        if "large" in record.beside:
            found = self._store.fetch(self._sid, ["large"])
            self._counts["foreign"] += not found["large"].startswith(self._canary)

    def _check(self, record) -> None:
        assert isinstance(record, Record), record
        self._counts["foreign"] += record.values["canary"] != self._canary


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[1]))))
