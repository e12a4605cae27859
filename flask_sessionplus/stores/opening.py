"""From what ``SESSION_STORE`` says to a store. Nothing is connected or made here."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ..config import Settings
from ..errors import ConfigError
from .base import Store

_ALLOWED = (
    "a URL (sqlite:///..., postgresql+psycopg://..., mysql+pymysql://..., file:///..., memory://),"
    " an SQLAlchemy Engine, Flask-SQLAlchemy's db, or a Store"
)


def open_store(
    settings: Settings, home: Path, find_engine: Callable[[Any, str | None], Any]
) -> Store:
    """Return the store that *settings* name.

    :param home: where relative paths begin, and the default store lies.
    :param find_engine: takes Flask-SQLAlchemy's ``db`` and a bind key, returns the engine.
    :raises ConfigError: if it is none we know.
    """
    source = settings.store
    if isinstance(source, Store):
        return source
    if source is None:
        source = "sqlite:///sessions.sqlite3"
    if isinstance(source, str) and source.startswith("memory:"):
        from .memory import MemoryStore

        return MemoryStore()
    if isinstance(source, str) and source.startswith("file:"):
        return _open_files(source, home)
    return _open_sql(source, settings, home, find_engine)


def _open_files(source: str, home: Path) -> Store:
    try:
        from .file import FileStore
    except ImportError as error:
        raise ConfigError(
            "SESSION_STORE is a file store, which needs a system with flock. Use 'sqlite:///...'."
        ) from error

    parts = urlsplit(source)
    options = parse_qs(parts.query, keep_blank_values=True)
    fsync = options.pop("fsync", ["0"])[-1]
    path = unquote(parts.netloc + parts.path)
    if not path or path == "/" or options or fsync not in ("0", "1"):
        raise ConfigError.of(
            "SESSION_STORE", source, "'file:///folder' or 'file:///folder?fsync=1'"
        )
    return FileStore(home / path, fsync=fsync == "1")


def _open_sql(
    source: Any, settings: Settings, home: Path, find_engine: Callable[[Any, str | None], Any]
) -> Store:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL, make_url
    from sqlalchemy.exc import ArgumentError

    from .sql import SQLStore

    table, schema = settings.table, settings.table_schema
    if isinstance(source, (str, URL)):
        try:
            url = make_url(source)
            # Imports the driver: better now than at the first request.
            url.get_dialect().import_dbapi()
        except (ArgumentError, ImportError, ValueError) as error:
            raise ConfigError(
                f"SESSION_STORE is {_without_password(str(source))!r}, which cannot be opened:"
                f" {error}. It must be {_ALLOWED}."
            ) from error
        return SQLStore(_at_home(url, home), table, schema)
    if isinstance(source, Engine):
        return SQLStore(source, table, schema)
    # Of its class: Flask-SQLAlchemy's property works in an app context only.
    if hasattr(type(source), "engines"):
        return SQLStore(lambda: find_engine(source, settings.bind_key), table, schema)
    raise ConfigError.of("SESSION_STORE", source, _ALLOWED)


def _without_password(url: str) -> str:
    return re.sub(r"://([^:/@]*):[^@]*@", r"://\1:***@", url)


def _at_home(url: Any, home: Path) -> Any:
    """Return *url* with the path of an SQLite file made absolute."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return url
    if url.database.startswith("file:"):
        return url
    return url.set(database=str(home / url.database))
