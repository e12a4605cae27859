"""Prometheus metrics of several processes are those of all."""

from __future__ import annotations

import re
import urllib.request

import pytest

from tests.faults.browsing import at_once
from tests.faults.places import place
from tests.support.gunicorn import gunicorn

VISITORS = 24


@pytest.mark.e2e
@pytest.mark.parametrize("options", [[], ["--preload"]], ids=["plain", "preloaded"])
def test_all_processes_are_counted(tmp_path, options):
    """Whichever worker answers, it tells what all have done, each session once."""
    with place("sqlite") as made:
        env = {**made.env(), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
        app = "tests.faults.measuring:create_app()"
        with gunicorn(app, workers=3, env=env, options=options) as server:
            at_once(*[lambda: _ask(server, "POST", "/wait/key/50")] * VISITORS)
            files = list(tmp_path.glob("counter_*.db"))
            told = {_without_times(_ask(server, "GET", "/metrics")) for _ in range(10)}

    assert len(files) > 1
    assert len(told) == 1
    [text] = told
    assert f"\nflask_sessionplus_sessions_created_total {VISITORS}.0\n" in text
    calls = 'duration_seconds_count{operation="create",store="SQLStore"}'
    assert f"\nflask_sessionplus_store_call_{calls} {VISITORS}.0\n" in text


def _ask(server, method, path):
    request = urllib.request.Request(server.url + path, method=method)
    with urllib.request.urlopen(request) as answer:
        return answer.read().decode()


def _without_times(text):
    return re.sub(r"^.*_sum.*$", "", text, flags=re.M)
