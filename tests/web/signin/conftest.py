"""Apps whose store knows whose sessions it has, and is watched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from flask_sessionplus import SessionPlus
from flask_sessionplus.stores.base import Browsable, OwnerIndex, Store
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.stores.redis import RedisStore
from flask_sessionplus.stores.sql import SQLStore
from flask_sessionplus.testing import FakeClock
from tests.web.visiting import Site, Visitor, WatchedStore

EVERYWHERE = [
    *("memory", "file", "sqlite"),
    pytest.param("redis_url", id="redis", marks=pytest.mark.e2e),
    pytest.param("postgresql_url", id="postgresql", marks=pytest.mark.e2e),
]


class WatchedIndex(WatchedStore, OwnerIndex, Browsable):
    """The same for what a store knows of owners."""

    def owned(self, *arguments: Any) -> Any:
        """Pass `owned` on."""
        return self._pass_on("owned", *arguments)

    def delete_owned(self, *arguments: Any) -> Any:
        """Pass `delete_owned` on."""
        return self._pass_on("delete_owned", *arguments)

    def find(self, *arguments: Any) -> Any:
        """Pass `find` on."""
        return self._pass_on("find", *arguments)

    def browse(self) -> Any:
        """Pass `browse` on."""
        return self._pass_on("browse")

    def page(self, *arguments: Any) -> Any:
        """Pass `page` on."""
        return self._pass_on("page", *arguments)

    def count(self) -> Any:
        """Pass `count` on."""
        return self._pass_on("count")

    def delete_all(self) -> Any:
        """Pass `delete_all` on."""
        return self._pass_on("delete_all")


@pytest.fixture
def store() -> WatchedIndex:
    """Return a store in memory, watched."""
    return WatchedIndex(MemoryStore())


@pytest.fixture
def site(clock: FakeClock, store: WatchedIndex, make_site: Callable[..., Site]) -> Site:
    """Return an app with Flask's defaults, at a time that stands still."""
    return make_site(store)


@pytest.fixture
def ext(site: Site) -> SessionPlus:
    """Return the extension object of the app."""
    return extension(site)


@pytest.fixture
def visitor(site: Site) -> Visitor:
    """Return somebody with an empty browser."""
    return site.visitor()


@pytest.fixture(params=EVERYWHERE)
def any_store(
    request: pytest.FixtureRequest, tmp_path: Path, fresh_name: str
) -> Iterator[WatchedIndex]:
    """Return a store of every kind that knows owners, watched."""
    with ExitStack() as stack:
        kind = request.param
        url = request.getfixturevalue(kind) if kind.endswith("_url") else kind
        inner: Store
        if kind == "memory":
            inner = MemoryStore()
        elif kind == "file":
            inner = FileStore(tmp_path / "sessions")
        elif kind == "redis_url":
            inner = RedisStore(url, fresh_name)
            stack.callback(inner.close)
            stack.callback(inner.delete_all)
        else:
            path = f"sqlite:///{tmp_path / 'sessions.sqlite'}" if kind == "sqlite" else url
            inner = SQLStore(path, table=fresh_name)
            inner.prepare()
            stack.callback(inner.close)
            stack.callback(inner.table.metadata.drop_all, inner.engine)
        yield WatchedIndex(inner)


@pytest.fixture
def any_site(any_store: WatchedIndex, make_site: Callable[..., Site]) -> Site:
    """Return an app on every kind of store that knows owners, with Flask's defaults."""
    return make_site(any_store)


def extension(site: Site) -> SessionPlus:
    """Return the extension object of the app of *site*."""
    found: SessionPlus = site.app.extensions["sessionplus"].extension
    return found
