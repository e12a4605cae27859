"""F-06: what a Redis says that is not itself at the moment never signs anybody out."""

from __future__ import annotations

import pytest
from flask import jsonify

from flask_sessionplus import session
from tests.faults.app import make_app
from tests.faults.places import store_of
from tests.support.fault_redis import scripted_redis

REPLIES = {
    "loading": "-LOADING Redis is loading the dataset in memory",
    "masterdown": (
        "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
    ),
    "clusterdown": "-CLUSTERDOWN The cluster is down",
    "moved": "-MOVED 1234 127.0.0.1:1",
    "tryagain": "-TRYAGAIN Multiple keys request during rehashing of slot",
    "busy": "-BUSY Redis is busy running a script. You can only call SCRIPT KILL.",
    "noauth": "-NOAUTH Authentication required.",
    "noperm": "-NOPERM User default has no permissions to run this command",
    "misconf": "-MISCONF Redis is configured to save RDB snapshots, but is unable to persist",
    "crowded": "-ERR max number of clients reached",
    "hung up": "",
    "garbage": "HTTP/1.1 400 Bad Request",
}
READ_ONLY = "-READONLY You can't write against a read only replica."
WRITES = ["/set/name/eve", "/count/number", "/sign-in/eve", "/sign-out"]

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
def redis(redis_server):
    """Return a Redis that says what it is told to."""
    with scripted_redis(redis_server.port) as scripted:
        yield scripted


@pytest.fixture
def app(redis):
    """Return an app with its sessions there."""
    app = make_app({"SESSION_STORE": redis.url, "TESTING": True})
    app.add_url_rule("/peek", "peek", lambda: jsonify(session.get("user")))
    yield app
    store_of(app).close()


@pytest.fixture
def visitor(app):
    """Return somebody who is signed in."""
    client = app.test_client()
    client.post("/sign-in/ada")
    client.post("/count/number")
    return client


def assert_is_busy(answer):
    """It is a 503 that tells when to come back, and touches no cookie."""
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers.getlist("Set-Cookie") == []


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES)
def test_whatever_it_says_nobody_is_signed_out(redis, visitor, reply):
    """While it refuses, reads and writes are 503; the session is as it was afterwards."""
    redis.begin(reply)
    for _ in range(2):
        assert_is_busy(visitor.get("/peek"))
    for path in WRITES[:2]:
        assert_is_busy(visitor.post(path))

    assert redis.replies > 0
    redis.begin(None)
    assert visitor.get("/all").json == {"user": "ada", "number": 1}


@pytest.mark.parametrize("path", WRITES)
def test_a_replica_saves_nothing_and_says_so(redis, visitor, path):
    """At a server that has become a replica pages are shown, and every write is 503."""
    redis.begin(READ_ONLY, spares_reads=True)
    assert visitor.get("/peek").json == "ada"
    assert_is_busy(visitor.post(path))
    assert visitor.get("/peek").json == "ada"

    redis.begin(None)
    assert visitor.get("/all").json == {"user": "ada", "number": 1}
    assert visitor.post("/count/number").json == 2


def test_new_visitors_get_no_cookie_from_a_replica(redis, app):
    """A session that cannot be created sets no cookie."""
    redis.begin(READ_ONLY, spares_reads=True)
    client = app.test_client()
    assert_is_busy(client.post("/sign-in/eve"))

    redis.begin(None)
    assert client.get("/all").json == {}
