"""Flask-SessionPlus, on each of its stores, with its defaults."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any

from flask import Flask, session

from .base import Contestant, Unavailable
from .flask_views import add_views
from .servers import PostgreSQLSchema


class Ours(Contestant):
    """A store is its URL, and nothing else."""

    @abstractmethod
    def url(self, folder: Path) -> str:
        """What goes into ``SESSION_STORE``."""

    def build(self, folder: Path) -> Flask:
        return make_app(self.url(folder))


class OursMemory(Ours):
    """The memory store."""

    name = "sessionplus:memory"

    def url(self, folder: Path) -> str:
        return "memory://"


class OursFile(Ours):
    """The file store."""

    name = "sessionplus:file"

    def url(self, folder: Path) -> str:
        return f"file://{folder}/sessions"


class OursSQLite(Ours):
    """The SQL store on SQLite."""

    name = "sessionplus:sqlite"

    def url(self, folder: Path) -> str:
        return f"sqlite:///{folder}/sessions.db"


class OursPostgreSQL(Ours):
    """The SQL store on PostgreSQL."""

    name = "sessionplus:postgresql"

    def url(self, folder: Path) -> str:
        self._schema = PostgreSQLSchema("sessionplus")
        return self._schema.url

    def build(self, folder: Path) -> Flask:
        app = super().build(folder)
        app.extensions["sessionplus"].store.prepare()
        return app

    def settle(self) -> None:
        self._schema.keep_off_our_core()

    def close(self) -> None:
        self._schema.drop()


def make_app(url: str, **config: Any) -> Flask:
    """An application with the measured views, its sessions kept at this URL."""
    try:
        from flask_sessionplus import SessionPlus
    except ImportError as error:
        raise Unavailable(f"cannot import flask_sessionplus: {error}") from error
    app = Flask("sessionplus")
    app.secret_key = "s" * 32
    app.config["SESSION_STORE"] = url
    app.config.update(config)
    SessionPlus(app)
    add_views(app, renew_id=_regenerate)
    return app


def _regenerate() -> None:
    session.regenerate()  # type: ignore[attr-defined]
