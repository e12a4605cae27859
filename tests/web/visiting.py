"""An app whose only view does what a test says, visitors of it, and a store that is watched."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, session
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from flask_sessionplus.stores.base import Store

#: What somebody has in the session who is known already.
KNOWN = {"name": "Ada", "cart": ["tea"], "visits": 3}

METHODS = ["GET", "HEAD", "POST", "OPTIONS"]


class Site:
    """An app with one view, which calls the function that a visitor sends along."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        app.add_url_rule("/", "page", _page, methods=METHODS, provide_automatic_options=False)

    def visitor(self, token: str | None = None) -> Visitor:
        """Return somebody new, or somebody else who has got hold of *token*."""
        return Visitor(self, token)


class SentCookie:
    """A Set-Cookie header, taken apart; the attributes are in small letters."""

    def __init__(self, header: str) -> None:
        first, *rest = header.split("; ")
        self.name, _, self.value = first.partition("=")
        pairs = [part.partition("=") for part in rest]
        self.attributes = {name.lower(): value or True for name, _, value in pairs}

    @property
    def is_deletion(self) -> bool:
        """Whether it takes the cookie away from the browser."""
        return self.value == "" and self.attributes["max-age"] == "0"


class Answer:
    """What came back, and what the view's function returned or raised."""

    def __init__(self, response: TestResponse, value: Any) -> None:
        self.response = response
        self.value = value
        self.status = response.status_code
        self.headers = response.headers
        self.text = response.text

    @property
    def cookies(self) -> list[str]:
        """Return the Set-Cookie headers."""
        return self.headers.getlist("Set-Cookie")

    @property
    def cookie(self) -> SentCookie | None:
        """Return the only Set-Cookie header, taken apart, or None."""
        if not self.cookies:
            return None
        [header] = self.cookies
        return SentCookie(header)


class Visitor:
    """A browser: it keeps its cookies, and each call is one request."""

    def __init__(self, site: Site, token: str | None = None) -> None:
        self.site = site
        self.client = site.app.test_client()
        if token is not None:
            self.client.set_cookie(self._name, token)

    @property
    def _name(self) -> str:
        return str(self.site.app.config["SESSION_COOKIE_NAME"])

    @property
    def token(self) -> str | None:
        """The secret in the cookie that this browser has."""
        cookie = self.client.get_cookie(self._name, path=self._path)
        return None if cookie is None else cookie.value

    @property
    def _path(self) -> str:
        return str(self.site.app.config["SESSION_COOKIE_PATH"] or "/")

    def tab(self) -> Visitor:
        """Return another tab: the same cookie now, but what it gets later stays there."""
        return Visitor(self.site, self.token)

    def __call__(self, do: Callable[[], Any] = lambda: None, **options: Any) -> Answer:
        """Let the view call *do*; what it returns is the answer's value.

        If that is a response, it is sent. *options* are those of Werkzeug's test client.
        """
        return _ask(self.client, do, options)

    def send(self, cookies: str | bytes, do: Callable[[], Any], **options: Any) -> Answer:
        """Let the view call *do* in a request with the Cookie header *cookies*, as it stands."""
        client = self.site.app.test_client(use_cookies=False)
        raw = cookies if isinstance(cookies, str) else cookies.decode("latin-1")
        return _ask(client, do, {"environ_overrides": {"HTTP_COOKIE": raw}, **options})

    def value(self, do: Callable[[], Any], **options: Any) -> Any:
        """Return what *do* returns in a request that goes well."""
        answer = self(do, **options)
        assert answer.status == 200, answer.text
        return answer.value


def _ask(client: FlaskClient, do: Callable[[], Any], options: dict[str, Any]) -> Answer:
    box: list[Any] = []
    environ = {"test.do": do, "test.box": box, **options.pop("environ_overrides", {})}
    response = client.open("/", environ_overrides=environ, **options)
    return Answer(response, box[0] if box else None)


def _page() -> Any:
    value = request.environ["test.do"]()
    request.environ["test.box"].append(value)
    return value if isinstance(value, Response) else "page"


class WatchedStore(Store):
    """Passes everything on to another store, and notes it.

    :ivar calls: the names of the methods that were called.
    :ivar before: for a method, what is done once before it is passed on.
    :ivar faults: for a method, what makes the error that it raises instead.
    """

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.is_shared = inner.is_shared
        self.calls: list[str] = []
        self.before: dict[str, Callable[[], Any]] = {}
        self.faults: dict[str, Callable[[], Exception]] = {}

    def load(self, *arguments: Any) -> Any:
        """Pass `load` on."""
        return self._pass_on("load", *arguments)

    def create(self, *arguments: Any) -> Any:
        """Pass `create` on."""
        return self._pass_on("create", *arguments)

    def apply(self, *arguments: Any) -> Any:
        """Pass `apply` on."""
        return self._pass_on("apply", *arguments)

    def delete(self, *arguments: Any) -> Any:
        """Pass `delete` on."""
        return self._pass_on("delete", *arguments)

    def fetch(self, *arguments: Any) -> Any:
        """Pass `fetch` on."""
        return self._pass_on("fetch", *arguments)

    def new_calls(self) -> list[str]:
        """Return the calls since this was asked last."""
        calls, self.calls = self.calls, []
        return calls

    def _pass_on(self, name: str, *arguments: Any) -> Any:
        # What is done before may call the store itself: it is not noted, nor done again.
        intermezzo = self.before.pop(name, None)
        if intermezzo is not None:
            intermezzo()
        self.calls.append(name)
        if name in self.faults:
            raise self.faults[name]()
        return getattr(self.inner, name)(*arguments)


def remember(app: Flask) -> Any:
    """Let somebody put something into a session of *app*; return what the next visit finds."""
    visitor = Site(app).visitor()
    visitor(lambda: session.update(a=1))
    return visitor.value(lambda: dict(session))


def record_of(folder: Path) -> Path:
    """Return the only record in the folder of a file store."""
    [path] = [p for p in folder.rglob("*") if p.is_file() and p.parent.name != "locks"]
    return path


def together(*tasks: Callable[[], Any]) -> list[Any]:
    """Do all *tasks* at once, each in a thread, and return what they return."""
    barrier = threading.Barrier(len(tasks), timeout=30)
    results: list[Any] = [None] * len(tasks)
    errors: list[BaseException] = []

    def run(index: int) -> None:
        try:
            barrier.wait()
            results[index] = tasks[index]()
        except BaseException as error:
            errors.append(error)
            raise

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads), "somebody waits forever"
    return results
