"""Writers that go on through faults, and remember what they were told is saved."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask_sessionplus.errors import StoreUnavailable
from flask_sessionplus.record import Changes, Record
from flask_sessionplus.stores.base import Outcome
from tests.stores.records import put

LARGE = bytes(12_000)


class Writer:
    """Counts in one session, exactly, and sets a key for each step.

    :param store: his own.
    :param wait_for: how many replicas must have a step before he takes it for saved.
    """

    def __init__(self, store, wait_for=0, is_large=False):
        self.store = store
        self.sid = put(store, {"n": b"0", **({"large": LARGE} if is_large else {})}, owner="ada")
        self.faults = 0
        self.steps = 0
        self.misses: list[object] = []
        self.saved: set[str] = set()
        self._wait_for = wait_for
        self._is_large = is_large
        self._is_unsure = True

    def run(self, stop):
        """Write until *stop* is set."""
        while not stop.is_set() and not self.misses:
            try:
                self._step()
            except StoreUnavailable:
                self.faults += 1
                time.sleep(0.01)

    def _step(self):
        seen = self.store.load(self.sid)
        if not isinstance(seen, Record):
            self.misses.append(seen)
            return
        step = int(seen.values["n"]) + 1
        name = f"step-{step % 40}"
        sets = {"n": b"%d" % step, name: b"%d" % step}
        if self._is_large and step % 3 == 0:
            sets["large"] = LARGE + b"%d" % step
        changes = Changes(sets, expects={"n": seen.values["n"]})
        outcome, _ = self.store.apply(self.sid, seen, changes)
        # Nobody else writes here, but a step of our own may have been taken for a fault.
        assert outcome in (Outcome.SAVED, Outcome.CONFLICT), outcome
        if outcome is Outcome.SAVED and self._is_kept():
            self.steps = step

    def _is_kept(self):
        if not self._wait_for:
            return True
        return self.store._link.ask("WAIT", self._wait_for, 300) >= self._wait_for

    def check(self):
        """Assert that nothing is missing that was saved, and nothing was there twice."""
        assert self.misses == []
        record = self.store.load(self.sid)
        assert isinstance(record, Record)
        reached = int(record.values["n"])
        # A step that was a fault may have been taken, but each one at most once.
        assert self.steps <= reached <= self.steps + self.faults + (1 if self._wait_for else 0)
        for step in range(max(1, reached - 39), reached + 1):
            assert record.values[f"step-{step % 40}"] == b"%d" % step
        if self._is_large:
            last = reached - reached % 3
            expected = LARGE + (b"%d" % last if last else b"")
            assert self.store.fetch(self.sid, ["large"]) == {"large": expected}
        assert self.sid in [sid for sid, _ in self.store.owned("ada")]


@contextmanager
def writing(writers) -> Iterator[None]:
    """Let *writers* write while the block runs."""
    stop = threading.Event()
    threads = [threading.Thread(target=each.run, args=(stop,)) for each in writers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def wait_for_steps(writers, count):
    """Wait until each of *writers* has saved *count* steps more than now."""
    goals = [writer.steps + count for writer in writers]
    deadline = time.monotonic() + 30
    while any(writer.steps < goal for writer, goal in zip(writers, goals, strict=True)):
        assert time.monotonic() < deadline, [writer.faults for writer in writers]
        assert not any(writer.misses for writer in writers), [each.misses for each in writers]
        time.sleep(0.005)
