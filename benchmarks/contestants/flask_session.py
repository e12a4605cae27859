"""Flask-Session 0.8, with the defaults of its stores."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, session

from ..scenarios import LARGE_SCENARIOS, ORDINARY_SCENARIOS
from .base import Unavailable
from .flask_views import add_views
from .places import InFiles, InPostgreSQL, InRedis, InSQLite

_SCENARIOS = (*ORDINARY_SCENARIOS, *LARGE_SCENARIOS)


class FlaskSessionSQLite(InSQLite):
    """Flask-Session on SQLite through Flask-SQLAlchemy."""

    name = "flask-session:sqlite"
    scenarios = _SCENARIOS

    def open(self, place: str) -> Flask:
        return _sqlalchemy_app(place)


class FlaskSessionPostgreSQL(InPostgreSQL):
    """Flask-Session on PostgreSQL through Flask-SQLAlchemy."""

    name = "flask-session:postgresql"
    scenarios = _SCENARIOS
    is_raced = True

    def open(self, place: str) -> Flask:
        return _sqlalchemy_app(place)


class FlaskSessionFile(InFiles):
    """Flask-Session on files through cachelib, which is told to keep every session.

    With cachelib's default threshold each new visitor costs 12 ms once there are 500 sessions, and
    somebody's live session is dropped.
    """

    name = "flask-session:file"
    scenarios = _SCENARIOS

    def open(self, place: str) -> Flask:
        try:
            from cachelib.file import FileSystemCache
        except ImportError as error:
            raise Unavailable("needs cachelib") from error
        cache = FileSystemCache(place.removeprefix("file://"), threshold=0)
        return _app(SESSION_TYPE="cachelib", SESSION_CACHELIB=cache)


class FlaskSessionRedis(InRedis):
    """Flask-Session on Redis."""

    name = "flask-session:redis"
    scenarios = _SCENARIOS
    is_raced = True

    def open(self, place: str) -> Flask:
        import redis

        return _app(SESSION_TYPE="redis", SESSION_REDIS=redis.Redis.from_url(place))


def _sqlalchemy_app(url: str) -> Flask:
    try:
        from flask_sqlalchemy import SQLAlchemy
    except ImportError as error:
        raise Unavailable("needs Flask-SQLAlchemy") from error
    app = Flask("flask_session_sqlalchemy")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SESSION_TYPE"] = "sqlalchemy"
    app.config["SESSION_SQLALCHEMY"] = SQLAlchemy(app)
    return _finish(app)


def _app(**config: Any) -> Flask:
    app = Flask("flask_session")
    app.config.update(config)
    return _finish(app)


def _finish(app: Flask) -> Flask:
    try:
        from flask_session import Session  # type: ignore[import-untyped]
    except ImportError as error:
        raise Unavailable("needs Flask-Session") from error
    Session(app)
    add_views(app, renew_id=_regenerate)
    return app


def _regenerate() -> None:
    current_app.session_interface.regenerate(session)  # type: ignore[attr-defined]
