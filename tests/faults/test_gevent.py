"""F-08 and F-20: greenlets instead of threads, under load, and cut off at any moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from importlib.util import find_spec

import pytest

from tests.faults.browsing import at_once
from tests.faults.counting import Counter, failed, strange
from tests.faults.places import place
from tests.faults.serving import crew
from tests.support.missing import missing
from tests.support.processes import ROOT

KINDS = ["file", "sqlite", "postgresql", "mariadb", "redis", "memcached"]
ON_NETWORK = ["postgresql", "mariadb", "redis", "memcached"]
CROWD = 16
ROUNDS = [4, pytest.param(200, marks=pytest.mark.torture)]
CANCELLED = [200, pytest.param(100_000, marks=pytest.mark.torture)]


@pytest.fixture(autouse=True)
def _gevent():
    if find_spec("gevent") is None:
        missing("the Python package gevent is not installed")


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_crowd_on_greenlets(kind, rounds):
    """Everybody keeps their own session, counts exactly, and nothing of a shared one is lost."""
    with place(kind) as made, crew(made, workers=2, options=["--worker-class", "gevent"]) as app:
        counters = [Counter.begin(app.browser(), f"user-{number}") for number in range(CROWD)]
        everybodys = app.visitor()

        def work(number):
            browser = everybodys.copy()
            for each in range(rounds):
                counters[number].work()
                assert browser.post(f"/set/key-{number}-{each}/1").is_good
                assert browser.post("/count/all").is_good

        at_once(*[partial(work, number) for number in range(CROWD)])

        for counter in counters:
            counter.check()
        assert (strange(counters), failed(counters), app.deaths) == ([], [], 0)
        found = everybodys.get("/all").value
        expected = {f"key-{number}-{each}" for number in range(CROWD) for each in range(rounds)}
        assert expected - found.keys() == set()
        assert found["all"] == CROWD * rounds


@pytest.mark.parametrize("operations", CANCELLED)
@pytest.mark.parametrize("kind", ON_NETWORK)
def test_greenlets_that_are_cut_off(kind, operations):
    """Whoever is cut off in the middle of a call leaves no answer for somebody else."""
    with place(kind) as made:
        done = subprocess.run(
            [sys.executable, "-m", "tests.faults.cancelling", str(operations)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **made.env()},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    counts = json.loads(done.stdout)

    assert (counts["foreign"], counts["faults"]) == (0, 0), done.stderr[-3000:]
    assert counts["cancelled"] > operations / 20, counts
    # Cut off connections are closed, and not kept by the hundred.
    assert counts["handles"] < 100
