"""F-04 and F-05: a Redis that dies and comes back, and one that hangs, under load."""

from __future__ import annotations

import signal
import statistics
import time

import pytest

from tests.faults.browsing import Load
from tests.faults.counting import Counter, failed, is_within, slowest, strange
from tests.faults.places import Place
from tests.faults.serving import crew
from tests.support.timing import assert_in_time

# Seconds: for one answer, and until all is well again after the server is.
MOST = 1.5
RECOVERY = 2.0

OUTAGES = [(1, 1.5), pytest.param((3, 5.0), marks=pytest.mark.torture)]
HANGS = [(20, 4.0), pytest.param((50, 30.0), marks=pytest.mark.torture)]


@pytest.fixture
def place(redis_server):
    """Return a place on a Redis of our own."""
    return Place("redis", {"SESSION_STORE": redis_server.url})


@pytest.mark.timed
@pytest.mark.parametrize("outage", OUTAGES, ids=str)
def test_redis_is_killed_and_comes_back(redis_server, place, outage):
    """While Redis is down all is 503 in time; afterwards nothing acknowledged is missing."""
    count, seconds = outage
    with crew(place, workers=2, threads=8) as server:
        counters = [Counter.begin(server.browser(), f"user-{n}") for n in range(12)]
        downs = []
        with Load(*[counter.work for counter in counters]):
            for _ in range(count):
                time.sleep(0.5)
                began = time.monotonic()
                redis_server.send(signal.SIGKILL)
                time.sleep(seconds)
                redis_server.start()
                downs.append((began, time.monotonic() + RECOVERY))
                time.sleep(RECOVERY + 0.5)

        assert strange(counters) == []
        assert failed(counters)
        assert [answer for answer in failed(counters) if not is_within(answer, downs)] == []
        for counter in counters:
            counter.check()
        assert (strange(counters), server.deaths) == ([], 0)
        assert_in_time(slowest(counters), MOST)


@pytest.mark.timed
@pytest.mark.parametrize("hang", HANGS, ids=str)
def test_redis_hangs(redis_server, place, hang):
    """While Redis hangs nobody waits long, soon nobody waits at all, and then all is well."""
    crowd, seconds = hang
    with crew(place, workers=2, threads=10) as server:
        counters = [Counter.begin(server.browser(), f"user-{n}") for n in range(crowd)]
        with Load(*[_gently(counter.work) for counter in counters]):
            time.sleep(0.5)
            redis_server.send(signal.SIGSTOP)
            try:
                stopped = time.monotonic()
                time.sleep(seconds)
            finally:
                redis_server.send(signal.SIGCONT)
            resumed = time.monotonic()
            time.sleep(RECOVERY + 1.0)

        assert strange(counters) == []
        during = [answer for answer in failed(counters) if stopped + MOST <= answer.began]
        assert during
        assert [answer for answer in failed(counters) if answer.began > resumed + RECOVERY] == []
        for counter in counters:
            counter.check()
        assert (strange(counters), server.deaths) == ([], 0)
        assert_in_time(slowest(counters), MOST)
        # All but the one who looks for all.
        assert_in_time(statistics.median(answer.own_seconds for answer in during), 0.1)


def _gently(work):
    # Refused at once, a crowd of fifty would take the whole machine to ask again.
    def do():
        work()
        time.sleep(0.05)

    return do
