"""F-16: what requests write at the same time is all there, and counters are exact."""

from __future__ import annotations

from functools import partial
from itertools import chain

import pytest

from tests.faults.browsing import at_once

THREADS = 10
ROUNDS = [20, pytest.param(100, marks=pytest.mark.torture)]
CLIENTS = 16
REQUESTS = [400, pytest.param(1000, marks=pytest.mark.torture)]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_threads_lose_nothing(anywhere, rounds):
    """Of the keys that ten threads set in one session none is lost, and their count is exact."""
    app = anywhere.app()
    first = app.test_client()
    assert first.post("/sign-in/ada").status_code == 200
    cookie = first.get_cookie("session").value

    def work(number):
        client = app.test_client()
        client.set_cookie("session", cookie)
        for each in range(rounds):
            assert client.post(f"/set/key-{number}-{each}/1").status_code == 200
            if each % 5 == 0:
                assert client.post("/count/visits").status_code == 200

    at_once(*[partial(work, number) for number in range(THREADS)])

    found = first.get("/all").json
    expected = {f"key-{number}-{each}" for number in range(THREADS) for each in range(rounds)}
    assert expected - found.keys() == set()
    assert found["visits"] == THREADS * rounds // 5


@pytest.mark.parametrize("requests", REQUESTS)
def test_processes_lose_nothing(served, requests):
    """Of what two processes with eight threads each write in one session nothing is lost."""
    visitor = served.visitor()
    share = requests // CLIENTS

    def work(number):
        browser = visitor.copy()
        answers = []
        for each in range(share):
            if each % 2:
                answers.append(browser.post("/count/visits"))
            else:
                answers.append(browser.post(f"/set/key-{number}-{each}/1"))
        return answers

    answers = chain(*at_once(*[partial(work, number) for number in range(CLIENTS)]))

    assert [answer.status for answer in answers if not answer.is_good] == []
    found = visitor.get("/all").value
    expected = {f"key-{n}-{each}" for n in range(CLIENTS) for each in range(0, share, 2)}
    assert expected - found.keys() == set()
    assert found["visits"] == CLIENTS * (share // 2)
