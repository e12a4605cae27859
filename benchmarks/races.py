"""Many requests of one visitor at once: what is lost of what they write."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.gunicorn import gunicorn

from . import machine
from .contestants import Contestant, Unavailable
from .contestants.race_app import NAME, PLACE
from .figures import Race, Results
from .scenarios import ORDINARY

_CLIENTS = 8
_WORKERS, _THREADS = 2, 8

REQUESTS = 400


def run(
    contestants: Sequence[type[Contestant]],
    folder: Path,
    results: Results,
    *,
    say: Callable[[str], None],
) -> None:
    """Serve one contestant after the other with gunicorn, and let the clients loose on it."""
    machine.unpin()
    for number, kind in enumerate(kind for kind in contestants if kind.is_raced):
        contestant = kind()
        say(f"races: {contestant.name}")
        (folder / f"{number}").mkdir()
        try:
            place = contestant.place(folder / f"{number}")
        except Unavailable as reason:
            results.skipped[contestant.name] = str(reason)
            continue
        try:
            contestant.open(place)  # here, or both workers would make the table at once
            results.races[contestant.name] = _race(contestant, place)
        except Unavailable as reason:
            results.skipped[contestant.name] = str(reason)
        finally:
            contestant.close()


def _race(contestant: Contestant, place: str) -> Race:
    app = "benchmarks.contestants.race_app:make()"
    env = {NAME: contestant.name, PLACE: place}
    with gunicorn(app, workers=_WORKERS, threads=_THREADS, env=env) as server:
        browser = _Browser(server.url)
        browser.get(ORDINARY.fill)
        begin = threading.Barrier(_CLIENTS)
        clients = [
            threading.Thread(target=_work, args=(browser, begin, range(n, REQUESTS, _CLIENTS)))
            for n in range(_CLIENTS)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        found = json.loads(browser.get("/race-result"))
        lost, uncounted = REQUESTS - found["keys"], REQUESTS - found["counter"]
        return Race(keys_lost=lost, increments_lost=uncounted, errors=browser.errors)


def _work(browser: _Browser, begin: threading.Barrier, numbers: range) -> None:
    begin.wait()
    for number in numbers:
        browser.get(f"/race/{number}")


class _Browser:
    """One cookie jar, used by all."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc
        self._cookies: dict[str, str] = {}
        self.errors = 0

    def get(self, path: str) -> bytes:
        """Return what the answer says; count it if it is no 200."""
        # A connection for each request, so that both workers get their share.
        connection = http.client.HTTPConnection(self._host, timeout=30)
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        try:
            connection.request("GET", path, headers={"Cookie": cookies} if cookies else {})
            answer = connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException):
            self.errors += 1
            return b""
        finally:
            connection.close()
        if answer.status != 200:
            self.errors += 1
        for header in answer.headers.get_all("Set-Cookie", ()):
            name, _, value = header.partition(";")[0].partition("=")
            self._cookies = {**self._cookies, name: value}
        return body
