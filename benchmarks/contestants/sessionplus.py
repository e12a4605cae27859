"""Flask-SessionPlus, on each of its stores, with its defaults."""

from __future__ import annotations

from typing import Any

from flask import Flask, session

from flask_sessionplus import SessionPlus
from flask_sessionplus.errors import ConfigError
from flask_sessionplus.stores.base import Preparable, Store, having

from ..scenarios import ALL_SCENARIOS
from .base import Contestant, Unavailable
from .flask_views import add_views
from .places import InFiles, InMariaDB, InMemory, InPostgreSQL, InRedis, InSQLite


class Ours(Contestant):
    """A store is its URL, and nothing else."""

    scenarios = ALL_SCENARIOS
    is_raced = True
    _store: Store | None = None

    def open(self, place: str) -> Flask:
        app = make_app(place)
        self._store = app.extensions["sessionplus"].store
        for store in having(self._store, Preparable):
            store.prepare()
        return app

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
        super().close()


class OursMemory(Ours, InMemory):
    """The memory store."""

    name = "sessionplus:memory"
    is_raced = False  # of one process


class OursFile(Ours, InFiles):
    """The file store."""

    name = "sessionplus:file"


class OursSQLite(Ours, InSQLite):
    """The SQL store on SQLite."""

    name = "sessionplus:sqlite"


class OursRedis(Ours, InRedis):
    """The Redis store."""

    name = "sessionplus:redis"


class OursPostgreSQL(Ours, InPostgreSQL):
    """The SQL store on PostgreSQL."""

    name = "sessionplus:postgresql"


class OursMariaDB(Ours, InMariaDB):
    """The SQL store on MariaDB."""

    name = "sessionplus:mariadb"


def make_app(url: str, **config: Any) -> Flask:
    """An application with the measured views, its sessions kept at this URL."""
    app = Flask("sessionplus")
    app.secret_key = "s" * 32
    app.config["SESSION_STORE"] = url
    app.config.update(config)
    try:
        SessionPlus(app)
    except ConfigError as error:
        raise Unavailable(str(error)) from error
    add_views(app, renew_id=_regenerate, increment=_increment)
    return app


def _increment(key: str) -> None:
    session.increment(key)  # type: ignore[attr-defined]


def _regenerate() -> None:
    session.regenerate()  # type: ignore[attr-defined]
