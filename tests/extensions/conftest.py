"""Apps for the extensions that people use, on a store that can hold a request back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from flask_sessionplus import SessionPlus
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.testing import FakeClock
from tests.extensions.provider import Provider, provider
from tests.faults.pausing import PausingStore

MakeApp = Callable[..., Flask]


@pytest.fixture
def clock() -> Iterator[FakeClock]:
    """Stop the time of all sessions until the test moves it."""
    with FakeClock() as clock:
        yield clock


@pytest.fixture
def memory() -> MemoryStore:
    """Return the store in memory of the apps."""
    return MemoryStore()


@pytest.fixture
def pausing(memory: MemoryStore) -> PausingStore:
    """Return the same store, which holds a request back when a test says so."""
    return PausingStore(memory)


@pytest.fixture
def make_app(tmp_path: Path, memory: MemoryStore) -> MakeApp:
    """Return a function that makes an app with the settings given, and our sessions."""

    def make(store: Any = None, **config: Any) -> Flask:
        app = Flask("site", instance_path=str(tmp_path / "instance"))
        app.config.update({"TESTING": True, "SECRET_KEY": "for what extensions sign", **config})
        SessionPlus(app, store=memory if store is None else store)
        return app

    return make


@pytest.fixture
def oauth_provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """Run an OAuth provider on this machine, which clients must not ask https of."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with provider() as found:
        yield found


@pytest.fixture
def known(request: pytest.FixtureRequest) -> FlaskClient:
    """Return somebody who has a session of the fixture `app`."""
    return known_of(request.getfixturevalue("app"))


def known_of(app: Flask) -> FlaskClient:
    """Return somebody who has a session of *app*."""
    client = app.test_client()
    with client.session_transaction() as stored:
        stored["name"] = "Ada"
    return client


def tab_of(client: FlaskClient) -> FlaskClient:
    """Return another tab of the same browser: what it gets later stays there."""
    tab = client.application.test_client()
    cookie = client.get_cookie("session")
    if cookie is not None:
        tab.set_cookie("session", cookie.value)
    return tab
