"""Apps on every store, their visitors, and a clock that obeys."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, session

from flask_sessionplus import SessionPlus
from flask_sessionplus.stores.base import Store
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.stores.sql import SQLStore
from flask_sessionplus.testing import FakeClock
from tests.web.visiting import KNOWN, Site, Visitor, WatchedStore

EMBEDDED = ["memory", "file", "sqlite"]
SERVERS = [
    pytest.param("postgresql_url", id="postgresql", marks=pytest.mark.e2e),
    pytest.param("mariadb_url", id="mariadb", marks=pytest.mark.e2e),
]

MakeSite = Callable[..., Site]


@pytest.fixture
def clock() -> Iterator[FakeClock]:
    """Stop the time of all sessions until the test moves it."""
    with FakeClock() as clock:
        yield clock


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """Return an app without our sessions; its instance folder is not made yet."""
    return Flask("site", instance_path=str(tmp_path / "instance"))


@pytest.fixture
def make_site(tmp_path: Path) -> MakeSite:
    """Return a function that makes an app with the settings given; `store` is memory's."""

    def make(store: Any = "memory://", **config: Any) -> Site:
        app = Flask("site", instance_path=str(tmp_path / "instance"))
        app.config.update(TESTING=True, **config)
        SessionPlus(app, store=store)
        return Site(app)

    return make


@pytest.fixture(params=EMBEDDED)
def kind(request: pytest.FixtureRequest) -> str:
    """Name each store that needs no server in turn."""
    name: str = request.param
    return name


@pytest.fixture
def embedded(kind: str, tmp_path: Path) -> Iterator[Store]:
    """Return a store of each kind that needs no server."""
    with ExitStack() as stack:
        yield _embedded(kind, tmp_path, stack)


@pytest.fixture
def store(embedded: Store) -> WatchedStore:
    """Return a store of each kind that needs no server, watched."""
    return WatchedStore(embedded)


@pytest.fixture
def site(store: WatchedStore, make_site: MakeSite) -> Site:
    """Return an app on each store that needs no server, with Flask's defaults."""
    return make_site(store)


@pytest.fixture
def visitor(site: Site) -> Visitor:
    """Return somebody with an empty browser."""
    return site.visitor()


@pytest.fixture
def known(visitor: Visitor, store: WatchedStore) -> Visitor:
    """Return somebody who has been here: the session is stored, and the cookie has come back."""
    visitor(lambda: session.update(deepcopy(KNOWN)))
    visitor(lambda: session.get("name"))
    store.new_calls()
    return visitor


@pytest.fixture(params=[*EMBEDDED, *SERVERS])
def raced_store(
    request: pytest.FixtureRequest, tmp_path: Path, fresh_name: str
) -> Iterator[WatchedStore]:
    """Return a store of every kind there is, watched: for what happens at the same time."""
    with ExitStack() as stack:
        if request.param in EMBEDDED:
            store = _embedded(request.param, tmp_path, stack)
        else:
            store = _served(request.getfixturevalue(request.param), fresh_name, stack)
        yield WatchedStore(store)


@pytest.fixture
def raced(raced_store: WatchedStore, make_site: MakeSite) -> Site:
    """Return an app on every kind of store."""
    return make_site(raced_store)


def _embedded(kind: str, folder: Path, stack: ExitStack) -> Store:
    if kind == "memory":
        return MemoryStore()
    if kind == "file":
        return FileStore(folder / "sessions")
    store = SQLStore(f"sqlite:///{folder / 'sessions.sqlite'}")
    stack.callback(store.close)
    return store


def _served(url: str, table: str, stack: ExitStack) -> Store:
    store = SQLStore(url, table=table)
    store.prepare()
    stack.callback(store.close)
    stack.callback(store.table.drop, store.engine)
    return store
