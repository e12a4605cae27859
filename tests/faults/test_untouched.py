"""F-13: a route that does not touch the session has nothing to do with the store."""

from __future__ import annotations

import signal
import statistics

import pytest

from tests.faults.places import Place
from tests.faults.serving import crew
from tests.support.timing import assert_in_time

REQUESTS = 300


@pytest.fixture
def app(redis_server):
    """Return a server whose sessions are in a Redis of our own."""
    place = Place("redis", {"SESSION_STORE": redis_server.url})
    with crew(place, workers=1, threads=4) as app:
        yield app


def commands(redis_server):
    """Return how many commands the server has done."""
    return int(redis_server.ask("INFO", "stats")["total_commands_processed"])


def median(visitor):
    """Return what such a page takes, in seconds."""
    answers = [visitor.get("/plain") for _ in range(REQUESTS)]
    assert all(answer.is_good for answer in answers)
    assert all("Cookie" not in answer.headers.get("Vary", "") for answer in answers)
    return statistics.median(answer.own_seconds for answer in answers)


def test_such_a_route_asks_the_store_nothing(redis_server, app):
    """Not one command is sent for it, whoever asks."""
    visitor = app.visitor()
    before = commands(redis_server)
    median(visitor)
    median(app.browser())

    # Asking for the number counts, and redis-py may introduce itself.
    assert commands(redis_server) - before <= 4


@pytest.mark.timed
def test_such_a_route_is_as_fast_with_the_store_dead(redis_server, app):
    """It takes as long as ever while the store hangs, also for those who have a session."""
    visitor = app.visitor()
    alive = median(visitor)
    redis_server.send(signal.SIGSTOP)
    try:
        dead = median(visitor)
    finally:
        redis_server.send(signal.SIGCONT)
    again = median(visitor)

    # The machine has its moods; a call to the store would take a thousand times as long.
    assert_in_time(dead, 3 * max(alive, again) + 0.001)
