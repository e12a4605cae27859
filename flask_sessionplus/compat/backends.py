"""``SESSION_TYPE``: where sessions come from, and where the new ones lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..checks import optional, text
from ..errors import ConfigError
from ..stores.schemes import Place, missing
from .files import FilePlace
from .former import FormerPlace

if TYPE_CHECKING:
    from flask import Flask

Given = Mapping[str, Any]

_FOLDER = "flask_session"


@dataclass
class Backend:
    """What a ``SESSION_TYPE`` says.

    :param place: where Flask-Session has its records.
    :param store: what our ``SESSION_STORE`` is then, or None.
    :param why_none: says why there is none.
    :param settings: further settings of ours.
    :param prefix: what stands before Flask-Session's keys.
    """

    place: FormerPlace
    store: Any = None
    why_none: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    prefix: str = ""


def open_backend(app: Flask, given: Given, place: Place) -> Backend | None:
    """Return what ``SESSION_TYPE`` says; None if it is left out and ``SESSION_STORE`` is not.

    :raises ConfigError: if it is none that Flask-Session 0.8 has.
    """
    kind = given.get("SESSION_TYPE")
    if kind in (None, "null") and (given.get("SESSION_STORE") or given.get("SESSION_FIELDS")):
        return None
    opener = _OPENERS.get(kind.lower()) if isinstance(kind, str) else None
    if given.get("SESSION_POSTGRESQL") is not None or kind == "postgresql":
        raise ConfigError(
            "SESSION_TYPE 'postgresql' is of no version of Flask-Session that was released, and its"
            " table is not read. Set SESSION_STORE = 'postgresql+psycopg://...' and leave"
            " SESSION_TYPE and SESSION_POSTGRESQL out: visitors sign in once again. The old rows"
            " stay in their table, SESSION_POSTGRESQL_TABLE, until you drop it."
        )
    if opener is None and not isinstance(kind, (str, type(None))):
        raise ConfigError(
            f"SESSION_TYPE is an object of {type(kind).__name__}, whose records only it"
            " can read. Set SESSION_STORE to where sessions are to be kept, and leave SESSION_TYPE"
            " out: visitors sign in once again. The old records stay where they are."
        )
    if opener is None:
        raise ConfigError.of("SESSION_TYPE", kind, f"one of {', '.join(map(repr, _OPENERS))}")
    return opener(app, given, place)


def _redis(app: Flask, given: Given, place: Place) -> Backend:
    try:
        from .redis import RedisPlace
    except ImportError as error:
        raise missing("SESSION_TYPE", "redis", error) from error

    client = given.get("SESSION_REDIS")
    _check_methods("SESSION_REDIS", client, "a client of redis-py", "get", "pttl", "scan_iter")
    return Backend(RedisPlace(client), client or "redis://127.0.0.1:6379/0")


def _memcached(app: Flask, given: Given, place: Place) -> Backend:
    try:
        from .memcached import MemcachedPlace
    except ImportError as error:
        raise missing("SESSION_TYPE", "memcached", error) from error

    client = given.get("SESSION_MEMCACHED")
    _check_methods("SESSION_MEMCACHED", client, "a memcached client", "get", "set", "delete")
    store: Any = "memcached://127.0.0.1:11211"
    if client is not None:
        # Pymemcache's simple client has one connection: with its address there are more.
        server = getattr(client, "server", None)
        store = f"memcached://{server[0]}:{server[1]}" if isinstance(server, tuple) else None
        if store is None and type(client).__module__.startswith("pymemcache."):
            store = client
    why_none = "SESSION_MEMCACHED is not a client of pymemcache, which new sessions need."
    return Backend(MemcachedPlace(client), store, why_none)


def _filesystem(app: Flask, given: Given, place: Place) -> Backend:
    folder = given.get("SESSION_FILE_DIR") or _FOLDER
    if not isinstance(folder, (str, Path)):
        raise ConfigError.of("SESSION_FILE_DIR", folder, "the path of a folder")
    return _files(Path(folder).absolute())


def _cachelib(app: Flask, given: Given, place: Place) -> Backend:
    cache = given.get("SESSION_CACHELIB")
    if cache is None:
        return _files(Path(_FOLDER).absolute())
    if hasattr(cache, "_path") and hasattr(cache, "_hash_method"):
        return _files(Path(cache._path).absolute(), cache._hash_method)
    client = getattr(cache, "_read_client", None) or getattr(cache, "_read_clients", None)
    if client is None:
        raise ConfigError(
            f"SESSION_CACHELIB is a {type(cache).__name__}, from which sessions cannot be carried"
            " over: only a FileSystemCache and a RedisCache can be read without unpickling. Set"
            " SESSION_STORE, and leave SESSION_TYPE and SESSION_CACHELIB out: visitors sign in once"
            " again."
        )
    from .redis import RedisCachePlace

    return Backend(RedisCachePlace(client), client, prefix=cache._get_prefix())


def _files(folder: Path, hash_method: Callable[[bytes], Any] | None = None) -> Backend:
    place = FilePlace(folder) if hash_method is None else FilePlace(folder, (hash_method,))
    return Backend(place, f"file://{quote(f'{folder}_plus')}")


def _sqlalchemy(app: Flask, given: Given, place: Place) -> Backend:
    from .sql import ReadySQLStore, SQLPlace

    db = given.get("SESSION_SQLALCHEMY")
    if db is None:
        db = app.extensions.get("sqlalchemy")
    if not hasattr(type(db), "engines"):
        raise ConfigError.of("SESSION_SQLALCHEMY", db, "Flask-SQLAlchemy's db")
    name = _text(given, "SESSION_SQLALCHEMY_TABLE") or "sessions"
    schema = _text(given, "SESSION_SQLALCHEMY_SCHEMA")
    bind_key = _text(given, "SESSION_SQLALCHEMY_BIND_KEY")
    ours = "flask_sessions" if name != "flask_sessions" else "flask_sessions_plus"
    ours = given.get("SESSION_TABLE") or ours
    settings = {
        "SESSION_TABLE": ours,
        "SESSION_TABLE_SCHEMA": given.get("SESSION_TABLE_SCHEMA") or schema,
        "SESSION_BIND_KEY": given.get("SESSION_BIND_KEY") or bind_key,
    }

    def find_engine() -> Any:
        return place.find_engine(db, settings["SESSION_BIND_KEY"])

    store = ReadySQLStore(find_engine, ours, settings["SESSION_TABLE_SCHEMA"])
    return Backend(
        SQLPlace(lambda: place.find_engine(db, bind_key), name, schema),
        store,
        settings=settings,
    )


def _mongodb(app: Flask, given: Given, place: Place) -> Backend:
    try:
        from .mongodb import MongoPlace
    except ImportError as error:
        raise missing("SESSION_TYPE", "mongodb", error) from error

    client = given.get("SESSION_MONGODB")
    _check_methods("SESSION_MONGODB", client, "a pymongo MongoClient", "list_database_names")
    database = given.get("SESSION_MONGODB_DB") or "flask_session"
    collection = given.get("SESSION_MONGODB_COLLECT") or "sessions"
    return Backend(
        MongoPlace(client, database, collection),
        why_none="SESSION_TYPE is 'mongodb', for which there is no store here.",
    )


def _dynamodb(app: Flask, given: Given, place: Place) -> Backend:
    resource = given.get("SESSION_DYNAMODB")
    if resource is None:
        raise ConfigError(
            "SESSION_DYNAMODB is missing: Flask-Session would ask a server on localhost. Set it to"
            " boto3.resource('dynamodb', ...)."
        )
    _check_methods("SESSION_DYNAMODB", resource, "boto3's resource for DynamoDB", "Table")
    table = _dynamodb_table(given)
    try:
        from .dynamodb import DynamoPlace
    except ImportError as error:
        raise ConfigError(
            "SESSION_TYPE is 'dynamodb', which needs boto3. Install it with `pip install boto3`."
        ) from error

    return Backend(
        DynamoPlace(resource, table),
        why_none="SESSION_TYPE is 'dynamodb', for which there is no store here.",
    )


def _dynamodb_table(given: Given) -> str:
    # Flask-Session's documentation has the second name, which it does not read itself.
    former = "SESSION_DYNAMODB_TABLE_NAME"
    if _text(given, former) is not None and _text(given, "SESSION_DYNAMODB_TABLE") is None:
        raise ConfigError(
            f"{former} has no effect in Flask-Session, whose documentation calls"
            " SESSION_DYNAMODB_TABLE so. Name the table in which the sessions are in that one; it"
            " is 'Sessions' if you have never set it."
        )
    return _text(given, "SESSION_DYNAMODB_TABLE") or "Sessions"


def _text(given: Given, key: str) -> str | None:
    found: str | None = optional(text, {key: None, **given}, key)
    return found


def _check_methods(key: str, client: Any, allowed: str, *methods: str) -> None:
    # A client of another kind is refused, never replaced by one for localhost.
    if client is not None and not all(hasattr(client, method) for method in methods):
        raise ConfigError.of(key, client, allowed)


_OPENERS: dict[str, Callable[[Flask, Given, Place], Backend]] = {
    "redis": _redis,
    "memcached": _memcached,
    "filesystem": _filesystem,
    "cachelib": _cachelib,
    "sqlalchemy": _sqlalchemy,
    "mongodb": _mongodb,
    "dynamodb": _dynamodb,
}
