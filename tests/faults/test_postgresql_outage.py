"""F-09 and F-10: a PostgreSQL that ends without a word, or ends its connections, under load."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import NullPool, create_engine, text

from tests.faults.browsing import Load
from tests.faults.counting import Counter, failed, is_within, strange
from tests.faults.places import Place
from tests.faults.serving import crew
from tests.support.fault_postgresql import postgresql
from tests.support.missing import missing
from tests.support.private_servers import NotInstalled

# Seconds until all is well again after the server is.
RECOVERY = 5.0

OUTAGES = [(1, 1.0), pytest.param((10, 10.0), marks=pytest.mark.torture)]
ROUNDS = [15, pytest.param(60, marks=pytest.mark.torture)]
CROWD = 10

_TERMINATE = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = 'test' AND backend_type = 'client backend'"
)


@pytest.fixture
def server(own_folder):
    """Return a PostgreSQL of our own."""
    try:
        with postgresql(own_folder) as server:
            yield server
    except NotInstalled as programs:
        missing(f"PostgreSQL is not installed: {programs}")


@pytest.fixture
def place(server):
    """Return a place there."""
    made = Place("postgresql", {"SESSION_STORE": server.url})
    made.prepare()
    made.close()
    return made


def begin(app):
    """Return a crowd that counts."""
    return [Counter.begin(app.browser(), f"user-{number}") for number in range(CROWD)]


@pytest.mark.parametrize("outage", OUTAGES, ids=str)
def test_postgresql_stops_and_comes_back(server, place, outage):
    """Nothing acknowledged is lost, nobody is signed out, and soon all is well again."""
    count, seconds = outage
    with crew(place, workers=2, threads=8) as app:
        counters = begin(app)
        downs = []
        with Load(*[_gently(counter.work) for counter in counters]):
            for _ in range(count):
                time.sleep(0.5)
                began = time.monotonic()
                server.stop_at_once()
                time.sleep(seconds)
                server.start()
                downs.append((began, time.monotonic() + RECOVERY))
                time.sleep(2.0)
            time.sleep(RECOVERY - 1.0)

        assert strange(counters) == []
        assert failed(counters)
        assert [answer for answer in failed(counters) if not is_within(answer, downs)] == []
        for counter in counters:
            counter.check()
        assert (strange(counters), app.deaths) == ([], 0)


@pytest.mark.parametrize("rounds", ROUNDS)
def test_connections_are_ended_again_and_again(server, place, rounds):
    """A connection that is ended costs one request at most, and the next one nothing."""
    engine = create_engine(f"{server.base}/postgres", poolclass=NullPool)
    with crew(place, workers=2, threads=8) as app, engine.connect() as connection:
        counters = begin(app)
        ended = 0
        with Load(*[counter.work for counter in counters]):
            for _ in range(rounds):
                time.sleep(0.2)
                ended += connection.scalar(_TERMINATE)
            time.sleep(0.5)
            over = time.monotonic()
            time.sleep(0.5)

        assert strange(counters) == []
        assert ended > rounds
        assert len(failed(counters)) <= ended
        assert [answer for answer in failed(counters) if answer.began > over] == []
        for counter in counters:
            counter.check()
        assert (strange(counters), app.deaths) == ([], 0)


def _gently(work):
    def do():
        work()
        time.sleep(0.02)

    return do
