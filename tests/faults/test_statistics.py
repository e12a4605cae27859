"""Statistics of many processes: exact, whatever they do at the same time and however they end."""

from __future__ import annotations

import urllib.request
from datetime import timedelta

import pytest

from flask_sessionplus.codec import Codec
from flask_sessionplus.countingplaces import Places
from flask_sessionplus.statistics import statistics_of
from flask_sessionplus.testing.workers import Workers
from tests.faults import tallying
from tests.faults.places import place, store_of
from tests.support.gunicorn import gunicorn

WORKERS, TIMES, VISITORS = 4, 30, 40


@pytest.fixture(scope="module")
def workers():
    """Return four processes."""
    workers = Workers(WORKERS)
    yield workers
    workers.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb", "redis", "file"])
def test_parallel_sums_are_exact(kind, workers):
    """Of processes that add to the same hour at the same time, none loses what others add."""
    with place(kind) as made:
        workers.run(tallying.add, made.config, TIMES)
        places = Places(store_of(made.app()), Codec())
        found = places.read(tallying.THEN, tallying.THEN)[tallying.THEN]

    assert found.created == WORKERS * TIMES
    assert found.browsers == {"Firefox": WORKERS * TIMES}


@pytest.mark.slow
def test_a_child_has_counts_of_its_own():
    """What the parent has counted the parent alone hands on, whatever it held at the fork."""
    single = Workers(1)
    try:
        with place("sqlite") as made:
            [found] = single.run(tallying.fork, made.config)
    finally:
        single.close()

    assert found == [0, 2]


@pytest.mark.e2e
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "redis"])
def test_nothing_is_missing_when_workers_end(kind):
    """Under a preloading gunicorn each session is counted once, what the master made as well."""
    with place(kind) as made:
        env = made.env(SESSION_STATISTICS=True, USE_BEFORE_FORK=True)
        app = "tests.faults.app:create_app()"
        with gunicorn(app, workers=2, threads=4, env=env, options=["--preload"]) as server:
            for number in range(VISITORS):
                url = f"{server.url}/set/number/{number}"
                urllib.request.urlopen(urllib.request.Request(url, method="POST")).close()
        found = statistics_of(made.app(SESSION_STATISTICS=True), timedelta(hours=1))

    assert found is not None
    assert sum(hour.created for hour in found.hours) == VISITORS + 1
    assert sum(hour.calls for hour in found.hours) >= VISITORS + 1
