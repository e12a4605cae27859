"""From a URL, or a ready client, to the store it means."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ..config import Settings
from ..errors import ConfigError
from .base import Store

_ALLOWED = (
    "a URL (sqlite:///..., postgresql+psycopg://..., mysql+pymysql://..., redis://...,"
    " memcached://..., file:///..., cookie://, memory://), a ready client or SQLAlchemy Engine,"
    " Flask-SQLAlchemy's db, or a Store"
)

_ENTRY_POINTS = "flask_sessionplus.stores"


@dataclass(frozen=True)
class Place:
    """What an app tells its stores of itself.

    :param home: where relative paths begin, and the default store lies.
    :param find_engine: takes Flask-SQLAlchemy's ``db`` and a bind key, returns the engine.
    :param app_name: the name of the app.
    :param cookie_name: the name of its session cookie.
    :param find_lifetime: returns how long its sessions live without being used, in
        milliseconds; a setting that may be changed while the app runs.
    :param secret_keys: its ``SECRET_KEY`` and the fallbacks, the newest first.
    """

    home: Path
    find_engine: Callable[[Any, str | None], Any]
    app_name: str = ""
    cookie_name: str = ""
    find_lifetime: Callable[[], int] = lambda: 0
    secret_keys: tuple[str | bytes, ...] = field(default=(), repr=False)


def open_leaf(key: str, source: Any, settings: Settings, place: Place) -> Store:
    """Return the one store that *source*, given by setting *key*, means.

    :raises ConfigError: if it is none we know.
    """
    if isinstance(source, Store):
        return source
    if isinstance(source, str):
        scheme = scheme_of(source)
        opener = _SCHEMES.get(scheme.partition("+")[0])
        if opener is not None:
            return opener(key, source, settings, place)
        for entry_point in entry_points(group=_ENTRY_POINTS, name=scheme):
            return _open_foreign(key, source, entry_point.load())
    elif _is_redis_client(source):
        return _open_redis(key, source, settings, place)
    elif _is_memcached_client(source):
        return _open_memcached(key, source, settings, place)
    return _open_sql(key, source, settings, place)


def _open_memory(key: str, source: str, settings: Settings, place: Place) -> Store:
    from .memory import MemoryStore

    return MemoryStore()


def _open_files(key: str, source: str, settings: Settings, place: Place) -> Store:
    try:
        from .file import FileStore
    except ImportError as error:
        raise ConfigError(
            f"{key} is a file store, which needs a system with flock. Use 'sqlite:///...'."
        ) from error

    parts = urlsplit(source)
    options = parse_qs(parts.query, keep_blank_values=True)
    fsync = options.pop("fsync", ["0"])[-1]
    path = unquote(parts.netloc + parts.path)
    if not path or path == "/" or options or fsync not in ("0", "1"):
        raise ConfigError.of(key, source, "'file:///folder' or 'file:///folder?fsync=1'")
    return FileStore(place.home / path, fsync=fsync == "1")


def _open_redis(key: str, source: Any, settings: Settings, place: Place) -> Store:
    # It says itself what a URL needs; a client that an app has made needs nothing more.
    from .redis import RedisStore

    return RedisStore(source, settings.key_prefix)


def _open_memcached(key: str, source: Any, settings: Settings, place: Place) -> Store:
    try:
        from .memcached import MemcachedStore
    except ImportError as error:
        raise missing(key, "memcached", error) from error

    return MemcachedStore(source, settings.key_prefix)


def _open_foreign(key: str, source: str, opener: Callable[[str], Any]) -> Store:
    store = opener(source)
    if not isinstance(store, Store):
        raise ConfigError(
            f"{key} names a store of another package, whose {opener!r} made no Store. Tell its"
            " authors: an entry point of flask_sessionplus.stores takes the URL, returns a Store."
        )
    return store


def _open_sql(key: str, source: Any, settings: Settings, place: Place) -> Store:
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
                f"{key} is {_without_password(str(source))!r}, which cannot be opened:"
                f" {error}. It must be {_ALLOWED}."
            ) from error
        return SQLStore(_at_home(url, place.home), table, schema)
    if isinstance(source, Engine):
        return SQLStore(source, table, schema)
    # Of its class: Flask-SQLAlchemy's property works in an app context only.
    if hasattr(type(source), "engines"):
        return SQLStore(lambda: place.find_engine(source, settings.bind_key), table, schema)
    raise ConfigError.of(key, source, _ALLOWED)


_SCHEMES: dict[str, Callable[[str, str, Settings, Place], Store]] = {
    "memory": _open_memory,
    "file": _open_files,
    "redis": _open_redis,
    "rediss": _open_redis,
    "unix": _open_redis,
    "valkey": _open_redis,
    "valkeys": _open_redis,
    "memcached": _open_memcached,
}


def _is_redis_client(source: object) -> bool:
    return hasattr(source, "execute_command") and hasattr(source, "register_script")


def _is_memcached_client(source: object) -> bool:
    return all(hasattr(source, name) for name in ("gets", "cas", "add", "delete", "touch"))


def scheme_of(source: str) -> str:
    """Return what stands before the colon, in small letters."""
    return source.partition(":")[0].lower()


def missing(key: str, extra: str, error: ImportError) -> ConfigError:
    """Return what to raise if *key* needs the packages of *extra*, which are not there."""
    return ConfigError(
        f"{key} needs a package that is not installed ({error.name}). Install it with"
        f" `pip install 'Flask-SessionPlus[{extra}]'`."
    )


def _without_password(url: str) -> str:
    return re.sub(r"://([^:/@]*):.*@", r"://\1:***@", url)


def _at_home(url: Any, home: Path) -> Any:
    """Return *url* with the path of an SQLite file made absolute."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return url
    if url.database.startswith("file:"):
        return url
    return url.set(database=str(home / url.database))
