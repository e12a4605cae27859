"""SESSION_ON_STORE_ERROR = "anonymous": pages go on without sessions while the store is dead."""

from __future__ import annotations

import signal

import pytest

from tests.faults.places import Place
from tests.faults.serving import crew
from tests.support.timing import assert_in_time


@pytest.fixture
def app(redis_server):
    """Return a server that goes on without its Redis."""
    config = {"SESSION_STORE": redis_server.url, "SESSION_ON_STORE_ERROR": "anonymous"}
    with crew(Place("redis", config), workers=2, threads=4) as app:
        yield app


@pytest.mark.timed
def test_pages_are_shown_and_nothing_is_written(redis_server, app):
    """Readers are strangers for a while, writers are told 503, and no cookie is touched."""
    visitor = app.visitor()
    token = visitor.cookies["session"]
    redis_server.send(signal.SIGKILL)
    for _ in range(12):
        page = visitor.get("/available")
        assert (page.status, page.value) == (200, [False, None])
        assert page.headers["Cache-Control"] == "no-store"
        assert page.cookies == []
        assert_in_time(page.own_seconds, 1.5)
        for path in ("/set/name/eve", "/count/number", "/sign-in/eve", "/sign-out"):
            refused = visitor.post(path)
            assert (refused.is_busy, refused.cookies) == (True, [])

    redis_server.start()
    in_a_row = 0
    # Each process looks once a second; until both have looked, some answers are still old.
    while in_a_row < 20:
        is_back = visitor.get("/available").value == [True, "ada"]
        in_a_row = in_a_row + 1 if is_back else 0
        assert visitor.cookies["session"] == token
    assert visitor.post("/count/number").value == 1
