"""A browser over real HTTP, as small and as fast as can be, and crowds of them."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

#: Seconds after which an answer will not come any more.
PATIENCE = 60.0


@dataclass
class Answer:
    """What came back, or that nothing did: then the status is 0."""

    status: int
    seconds: float
    began: float
    headers: http.client.HTTPMessage = field(default_factory=http.client.HTTPMessage)
    body: bytes = b""

    @property
    def is_good(self) -> bool:
        """Whether the view has done its work."""
        return self.status == 200

    @property
    def value(self) -> Any:
        """What the view returned."""
        return json.loads(self.body)

    @property
    def own_seconds(self) -> float:
        """How long the app itself took."""
        return float(self.headers.get("X-Seconds", "0"))

    @property
    def cookies(self) -> list[str]:
        """The Set-Cookie headers."""
        return self.headers.get_all("Set-Cookie") or []

    @property
    def is_busy(self) -> bool:
        """Whether it is the answer of a store that does not answer: 503 with Retry-After."""
        return self.status == 503 and int(self.headers.get("Retry-After", "0")) > 0


class Browser:
    """Keeps its cookies. One request at a time.

    :param keeps_alive: whether it goes on with the connection it has.
    """

    def __init__(self, url: str, keeps_alive: bool = False, headers: Any = None) -> None:
        parts = urlsplit(url)
        self.url = url
        self.cookies: dict[str, str] = {}
        self.headers: dict[str, str] = headers or {}
        self._address = (parts.hostname or "", parts.port or 80)
        self._keeps_alive = keeps_alive
        self._connection: http.client.HTTPConnection | None = None

    def copy(self) -> Browser:
        """Return another one with the same cookies."""
        other = Browser(self.url, self._keeps_alive, self.headers)
        other.cookies = self.cookies.copy()
        return other

    def get(self, path: str) -> Answer:
        """Ask for a page."""
        return self.ask("GET", path)

    def post(self, path: str, body: str | None = None) -> Answer:
        """Send a form."""
        return self.ask("POST", path, body)

    def ask(self, method: str, path: str, body: str | None = None) -> Answer:
        """Return the answer; never raise where there is none."""
        headers = dict(self.headers)
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{n}={value}" for n, value in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if not self._keeps_alive:
            headers["Connection"] = "close"
        began = time.monotonic()
        try:
            answer = self._exchange(method, path, body, headers, began)
        except (OSError, http.client.HTTPException):
            self.close()
            return Answer(0, time.monotonic() - began, began)
        self._take_cookies(answer)
        return answer

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(
        self, method: str, path: str, body: str | None, headers: dict[str, str], began: float
    ) -> Answer:
        connection = self._connection
        if connection is None:
            connection = http.client.HTTPConnection(*self._address, timeout=PATIENCE)
            self._connection = connection
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        data = response.read()
        if not self._keeps_alive:
            self.close()
        return Answer(response.status, time.monotonic() - began, began, response.headers, data)

    def _take_cookies(self, answer: Answer) -> None:
        for header in answer.cookies:
            for name, morsel in SimpleCookie(header).items():
                if morsel.value and morsel["max-age"] != "0":
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)


def at_once(*tasks: Callable[[], Any], patience: float = 120.0) -> list[Any]:
    """Do all *tasks* at the same time, each in a thread; return what they return."""
    barrier = threading.Barrier(len(tasks), timeout=30)

    def run(task: Callable[[], Any]) -> Any:
        barrier.wait()
        return task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result(patience) for future in [pool.submit(run, task) for task in tasks]]


class Load:
    """A crowd that works without a pause, until it is told to stop.

    Use it in a `with` block: whatever goes wrong in a thread is raised at its end.

    :param works: each is called again and again, in a thread of its own.
    """

    def __init__(self, *works: Callable[[], Any]) -> None:
        self._stop = threading.Event()
        self._errors: list[BaseException] = []
        self._threads = [threading.Thread(target=self._run, args=(work,)) for work in works]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)
        if error is None and self._errors:
            raise self._errors[0]
        assert not any(thread.is_alive() for thread in self._threads), "somebody waits forever"

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            while not self._stop.is_set():
                work()
        except BaseException as error:
            # The others must not wait for this one.
            self._errors.append(error)
            self._stop.set()
            raise
