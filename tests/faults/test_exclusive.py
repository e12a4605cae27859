"""`exclusive`: plain read-modify-write loses nothing, over threads and processes, on all stores."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

import pytest

from tests.faults.browsing import at_once
from tests.faults.exclusive import LEASE, add_views
from tests.faults.places import Place, place
from tests.faults.serving import Crew, kill
from tests.support.gunicorn import gunicorn

APP = "tests.faults.exclusive:create_app()"
THREADS = 20
EACH = 5
WORKERS = 4


def total(app, rule):
    """Return what is counted when 20 threads use one session, and the statuses they got."""
    first = app.test_client()
    assert first.post("/sign-in/ada").status_code == 200
    cookie = first.get_cookie("session").value

    def work():
        client = app.test_client()
        client.set_cookie("session", cookie)
        return [client.post(rule).status_code for _ in range(EACH)]

    statuses = {status for found in at_once(*[work] * THREADS) for status in found}
    return first.get("/get/n").json, statuses


def test_threads(anywhere):
    """Of what 20 threads count by `session["n"] + 1` nothing is lost; without it some is."""
    app = add_views(anywhere.app())

    assert total(app, "/one-by-one") == (THREADS * EACH, {200})
    assert total(app, "/all-at-once")[0] < THREADS * EACH


@pytest.fixture(scope="session")
def several(shared: Place) -> Iterator[Crew]:
    """Return a server with four processes of four threads each."""
    with gunicorn(APP, workers=WORKERS, threads=4, env=shared.env()) as server:
        yield Crew(server, shared)


def ask(browser, rule, number):
    """Ask that many times, and return the statuses."""
    return [browser.post(rule).status for _ in range(number)]


def test_processes(several):
    """Of what four processes count nothing is lost; without it some is."""
    counted = []
    for rule in ("/one-by-one", "/all-at-once"):
        visitor = several.visitor()
        found = at_once(*[partial(ask, visitor.copy(), rule, EACH) for _ in range(16)])
        assert {status for statuses in found for status in statuses} == {200}, rule
        counted.append(visitor.get("/get/n").value)

    assert counted[0] == 16 * EACH
    assert counted[1] < 16 * EACH


def test_after_an_error(several):
    """A view that fails gives its turn back at once: what follows does not wait for its end."""
    visitor = several.visitor()
    assert visitor.post("/fail").status == 500

    answer = visitor.post("/one-by-one")
    assert answer.is_good
    assert answer.own_seconds < 10


def test_a_visitor_who_goes_away(several):
    """A stream whose reader has gone gives its turn back, long before the lease ends."""
    visitor = several.visitor()
    parts = urlsplit(several.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    cookie = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    connection.request("POST", "/stream", headers={"Cookie": cookie, "Connection": "close"})
    response = connection.getresponse()
    assert response.read(10) == b"x" * 10
    response.close()
    connection.close()

    answer = visitor.post("/one-by-one")
    assert answer.is_good
    assert answer.own_seconds < 20


@pytest.mark.parametrize("kind", ["file", "sqlite", "postgresql", "redis"])
def test_a_worker_that_dies(kind):
    """A lease whose worker was killed ends by itself: the next one goes on soon after its end."""
    with place(kind) as made, gunicorn(APP, workers=1, threads=2, env=made.env()) as server:
        crew = Crew(server, made)
        visitor = crew.visitor()
        hanging = threading.Thread(target=visitor.copy().post, args=("/hang/30",))
        hanging.start()
        time.sleep(1)
        [worker] = crew.workers()
        kill(worker)
        hanging.join(30)

        answer = visitor.post("/hang/0")
        while answer.status == 0:
            # The next worker is not there yet.
            answer = visitor.post("/hang/0")

    assert answer.is_good
    assert answer.own_seconds < LEASE + 2
