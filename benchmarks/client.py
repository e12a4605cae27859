"""A browser that costs nothing: calls a WSGI application in this process, and keeps its cookies."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any
from wsgiref.util import setup_testing_defaults

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class Client:
    """Calls one path of one application again and again, with a ready-made environ."""

    def __init__(
        self, app: WSGIApplication, path: str, cookie: str | None, *, follow: bool = False
    ) -> None:
        """:param follow: send, in each call, the cookie that the last answer has set."""
        self._app = app
        self._follow = follow
        self._environ = _environ(path, cookie)
        self._status = ""
        self._headers: list[tuple[str, str]] = []

    def run(self, times: int) -> None:
        """Make so many requests: only this is timed."""
        app, environ, start = self._app, self._environ, self._start_response
        for _ in range(times):
            body = app(environ.copy(), start)
            for _part in body:
                pass
            if (close := getattr(body, "close", None)) is not None:
                close()
            if self._follow and (cookie := self.cookie_set()):
                environ["HTTP_COOKIE"] = cookie

    def send(self, cookie: str) -> None:
        """From now on, send this cookie."""
        self._environ["HTTP_COOKIE"] = cookie

    def get(self) -> str:
        """Make one request and return the text of its answer; anything but a 200 raises."""
        body = self._app(self._environ.copy(), self._start_response)
        text = _consume(body).decode()
        self.check()
        return text

    def check(self) -> None:
        """Raise if the last answer was not a 200: an error page is not what is measured."""
        if not self._status.startswith("200 "):
            raise RuntimeError(f"{self._environ['PATH_INFO']} answered {self._status}")

    def cookie_set(self) -> str | None:
        """The ``name=value`` of the last answer's cookie, as the browser would send it back."""
        for name, value in self._headers:
            if name == "Set-Cookie":
                return value.partition(";")[0]
        return None

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Any:
        self._status = status
        self._headers = headers
        return _write


class Crowd(Client):
    """Many visitors, each with a cookie of his own, who call the path in turn."""

    def __init__(self, app: WSGIApplication, path: str, cookies: Sequence[str]) -> None:
        super().__init__(app, path, cookies[0])
        self._next = cycle(cookies).__next__

    def run(self, times: int) -> None:
        """Make so many requests, each by the next visitor."""
        for _ in range(times):
            self.send(self._next())
            super().run(1)


def _write(_data: bytes) -> None:
    raise RuntimeError("nobody uses write() any more")


def _consume(body: Iterable[bytes]) -> bytes:
    data = b"".join(body)
    if (close := getattr(body, "close", None)) is not None:
        close()
    return data


def _environ(path: str, cookie: str | None) -> dict[str, Any]:
    """What a server would hand over for a browser's GET."""
    environ: dict[str, Any] = {
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "shop.example",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "HTTP_ACCEPT_LANGUAGE": "de-AT,de;q=0.7,en;q=0.3",
    }
    if cookie is not None:
        environ["HTTP_COOKIE"] = cookie
    setup_testing_defaults(environ)
    environ["wsgi.errors"] = sys.stderr
    environ["wsgi.input"] = io.BytesIO()
    return environ
