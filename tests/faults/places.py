"""Where the sessions of the fault tests lie: every kind of store, by its settings alone."""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy.exc import OperationalError

from flask_sessionplus.stores.base import Browsable, Preparable, Store, having
from tests.faults.app import VARIABLE, make_app
from tests.support import private_redis, servers
from tests.support.missing import missing
from tests.support.private_memcached import memcached
from tests.support.private_servers import NotInstalled
from tests.support.probe import execute

Config = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """A store that is told by settings, so that any process can open it."""

    kind: str
    config: Config
    _opened: list[Store] = field(default_factory=list)

    def app(self, **config: Any) -> Flask:
        """Return an app of this process with its sessions here."""
        app = make_app({**self.config, "TESTING": True, **config})
        self._opened.append(store_of(app))
        return app

    def open(self) -> Store:
        """Return the store, anew."""
        return store_of(self.app())

    def env(self, **config: Any) -> dict[str, str]:
        """Return the environment in which a server opens it."""
        return {VARIABLE: json.dumps({**self.config, **config})}

    def prepare(self) -> None:
        """Make the place for the records."""
        for part in having(self.open(), Preparable):
            part.prepare()

    def close(self) -> None:
        """Close what this process has opened."""
        while self._opened:
            self._opened.pop().close()


def store_of(app: Flask) -> Store:
    """Return the store of *app*."""
    store: Store = app.extensions["sessionplus"].store
    return store


def records_in(store: Store) -> int:
    """Return how many records there are."""
    [counted] = having(store, Browsable)[:1]
    return counted.count()


@contextmanager
def _file(folder: Path, name: str) -> Iterator[Config]:
    yield {"SESSION_STORE": f"file://{folder / 'sessions'}"}


@contextmanager
def _sqlite(folder: Path, name: str) -> Iterator[Config]:
    yield {"SESSION_STORE": f"sqlite:///{folder / 'sessions.sqlite'}"}


@contextmanager
def _memory(folder: Path, name: str) -> Iterator[Config]:
    yield {"SESSION_STORE": "memory://"}


@contextmanager
def _sealed(folder: Path, name: str) -> Iterator[Config]:
    with _sqlite(folder, name) as config:
        yield config | {"SESSION_ENCRYPTION_KEYS": [secrets.token_hex()]}


@contextmanager
def _layered(folder: Path, name: str) -> Iterator[Config]:
    with _redis(folder, name) as redis, _sqlite(folder, name) as sqlite:
        yield redis | {"SESSION_STORE": [redis["SESSION_STORE"], sqlite["SESSION_STORE"]]}


@contextmanager
def _postgresql(folder: Path, name: str) -> Iterator[Config]:
    with servers.server(servers.POSTGRESQL) as url, _table(url, name):
        yield {"SESSION_STORE": url, "SESSION_TABLE": name}


@contextmanager
def _mariadb(folder: Path, name: str) -> Iterator[Config]:
    with servers.server(servers.MARIADB) as url, _table(url, name):
        yield {"SESSION_STORE": url, "SESSION_TABLE": name}


@contextmanager
def _redis(folder: Path, name: str) -> Iterator[Config]:
    with servers.server(servers.REDIS) as url:
        try:
            yield {"SESSION_STORE": url, "SESSION_KEY_PREFIX": f"{name}:"}
        finally:
            _forget_keys(url, name)


@contextmanager
def _memcached(folder: Path, name: str) -> Iterator[Config]:
    try:
        with memcached(folder) as url:
            yield {"SESSION_STORE": url, "SESSION_KEY_PREFIX": f"{name}:"}
    except NotInstalled as programs:
        missing(f"Memcached is not installed: {programs}")


@contextmanager
def _cluster(folder: Path, name: str) -> Iterator[Config]:
    # Whom the servers run as must be let in.
    folder.chmod(0o755)
    try:
        with private_redis.cluster(folder) as cluster:
            yield {"SESSION_STORE": cluster.url}
    except NotInstalled as programs:
        missing(f"Redis is not installed: {programs}")


@contextmanager
def _table(url: str, name: str) -> Iterator[None]:
    try:
        yield
    finally:
        # What lies beside the records first: it may refer to them.
        for table in (f"{name}_values", name):
            with suppress(OperationalError):
                execute(url, f"DROP TABLE IF EXISTS {table}")


def _forget_keys(url: str, name: str) -> None:
    import redis

    client = redis.Redis.from_url(url)
    for key in client.scan_iter(match=f"{name}*", count=1000):
        client.delete(key)
    client.close()


_KINDS: dict[str, Callable[[Path, str], Any]] = {
    "memory": _memory,
    "file": _file,
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "mariadb": _mariadb,
    "redis": _redis,
    "cluster": _cluster,
    "memcached": _memcached,
    "sealed": _sealed,
    "layered": _layered,
}


@contextmanager
def place(kind: str, more: Mapping[str, Any] | None = None) -> Iterator[Place]:
    """Yield a place of its own for a test, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="sessionplus-faults-") as folder:
        name = f"f{secrets.token_hex(6)}"
        with _KINDS[kind](Path(folder), name) as config:
            made = Place(kind, {**config, **(more or {})})
            try:
                made.prepare()
                yield made
            finally:
                made.close()
