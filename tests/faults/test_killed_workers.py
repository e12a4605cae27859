"""F-02: worker processes are killed in the middle of their work, again and again."""

from __future__ import annotations

import itertools
import random
import time

import pytest

from tests.faults.browsing import Load
from tests.faults.serving import crew, kill

KILLS = [8, pytest.param(500, marks=pytest.mark.torture)]
CLIENTS = 6
WORKERS = 2

# Seconds within which a request is served, and within which all are served again: that one is
# not tight, for a busy machine starts processes slowly, and only who is locked out waits on.
_SOON = 5.0
_AT_LAST = 20.0


class Writer:
    """Writes to a session of its own and to one of all, and notes what was acknowledged."""

    def __init__(self, browser, everybodys, number):
        self.browser = browser
        self.everybodys = everybodys.copy()
        self.keys = (f"key-{number}-{each}" for each in itertools.count())
        self.numbers = itertools.count(1)
        self.acknowledged = []
        self.last = 0
        self.lost = 0
        self.strange = []

    def work(self):
        """Write twice."""
        number, key = next(self.numbers), next(self.keys)
        if self._went_well(self.browser.post(f"/pair/{number}")):
            self.last = number
        if self._went_well(self.everybodys.post(f"/set/{key}/1")):
            self.acknowledged.append(key)

    def _went_well(self, answer):
        # 0: the worker was killed before it answered.
        self.lost += answer.status == 0
        if answer.status not in (0, 200):
            self.strange.append((answer.status, answer.body))
        return answer.is_good


@pytest.mark.parametrize("kills", KILLS)
def test_killed_workers_lose_and_break_nothing(shared, kills):
    """What was acknowledged is there, no session is half written, and nobody is locked out."""
    with crew(shared, workers=WORKERS, threads=4, preload=True) as server:
        everybodys = server.visitor()
        writers = [Writer(server.visitor(), everybodys, number) for number in range(CLIENTS)]
        with Load(*[writer.work for writer in writers]):
            for _ in range(kills):
                _wait_for_work(writers)
                kill(random.choice(server.workers()))

        assert [writer.strange for writer in writers if writer.strange] == []
        assert sum(writer.lost for writer in writers) > 0
        found = everybodys.get("/all").value
        assert {key for writer in writers for key in writer.acknowledged} - found.keys() == set()
        for writer in writers:
            _check(writer)


def _wait_for_work(writers):
    """Wait until the crowd is served again, and a random moment more."""
    goal = sum(len(writer.acknowledged) for writer in writers) + CLIENTS
    deadline = time.monotonic() + _AT_LAST
    while sum(len(writer.acknowledged) for writer in writers) < goal:
        assert time.monotonic() < deadline, "nobody is served"
        time.sleep(0.002)
    time.sleep(random.uniform(0, 0.01))


def _check(writer):
    answer = writer.browser.get("/pair")
    number, is_whole = answer.value

    assert is_whole, number
    assert number >= writer.last
    # And no lock was left behind.
    after = writer.browser.post("/pair/0")
    assert (after.status, after.seconds < _SOON) == (200, True)
    assert writer.browser.get("/pair").value == [0, True]
