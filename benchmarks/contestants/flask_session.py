"""Flask-Session 0.8, with the defaults of its stores."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, current_app, session

from .base import Contestant, Unavailable
from .flask_views import add_views


class FlaskSessionSQLite(Contestant):
    """Flask-Session on SQLite through Flask-SQLAlchemy."""

    name = "flask-session:sqlite"

    def build(self, folder: Path) -> Flask:
        return _sqlalchemy_app(f"sqlite:///{folder}/sessions.db")


class FlaskSessionFile(Contestant):
    """Flask-Session on files through cachelib, which is told to keep every session.

    With cachelib's default threshold each new visitor costs 12 ms once there are 500 sessions, and
    somebody's live session is dropped.
    """

    name = "flask-session:file"

    def build(self, folder: Path) -> Flask:
        try:
            from cachelib.file import FileSystemCache
        except ImportError as error:
            raise Unavailable("needs cachelib") from error
        app = Flask("flask_session_file")
        app.config["SESSION_TYPE"] = "cachelib"
        app.config["SESSION_CACHELIB"] = FileSystemCache(str(folder / "sessions"), threshold=0)
        return _finish(app)


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
