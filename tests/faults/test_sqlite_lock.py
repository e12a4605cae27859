"""F-12: another program holds SQLite's write lock for long."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from functools import partial

import pytest

from tests.faults.browsing import at_once
from tests.faults.places import place
from tests.faults.serving import crew
from tests.support.timing import assert_in_time

CROWD = 6

# What a writer waits for the lock, and how much more an answer may take.
LIMIT = 5.0
SLACK = 1.0


@pytest.mark.timed
def test_a_foreign_lock_is_waited_for_in_bounds():
    """Writers are told 503 after five seconds, readers at once; without the lock all is well."""
    with place("sqlite") as made, crew(made, workers=2, threads=CROWD) as app:
        visitors = [app.visitor() for _ in range(CROWD)]
        for visitor in visitors:
            # The first visit with the new cookie makes the session last longer.
            assert visitor.get("/all").is_good
        path = made.config["SESSION_STORE"].removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None)) as locker:
            locker.execute("BEGIN IMMEDIATE")
            writes = [partial(visitor.post, "/set/name/eve") for visitor in visitors]
            reads = [partial(_read_for, visitor.copy(), LIMIT / 2) for visitor in visitors[:2]]
            answers = at_once(*writes, *reads)
            locker.execute("ROLLBACK")

        refused, read = answers[:CROWD], answers[CROWD:]
        assert [answer.is_busy for answer in refused] == [True] * CROWD
        assert all(answer.cookies == [] for answer in refused)
        for visitor in visitors:
            assert visitor.post("/set/name/ada").is_good
            assert visitor.get("/all").value == {"user": "ada", "name": "ada"}
        assert_in_time(max(answer.own_seconds for answer in refused), LIMIT + SLACK)
        assert_in_time(max(read), LIMIT / 2)


def _read_for(browser, seconds):
    """Read again and again; return how long the slowest answer took the app."""
    end = time.monotonic() + seconds
    slowest = 0.0
    while time.monotonic() < end:
        answer = browser.get("/all")
        assert answer.value == {"user": "ada"}
        slowest = max(slowest, answer.own_seconds)
    return slowest
