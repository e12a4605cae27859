"""Engines of the SQL store: their time limits, and what is set up on each connection."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import SingletonThreadPool, StaticPool

from ..errors import ConfigError, StoreUnavailable

_SQLITE_CACHE_KILOBYTES = 32_768

# How long a writer waits for SQLite's lock before the request is answered 503.
_SQLITE_BUSY_SECONDS = 5.0

#: Connections a process keeps open; more are opened for a rush and closed after it.
MOST_IDLE = 10

# The engine itself only waits for the blink of an eye, and we look for one of our own.
_OPTIONS: dict[str, Any] = {
    "pool_size": MOST_IDLE,
    "max_overflow": 30,
    "pool_timeout": 0.05,
    "hide_parameters": True,
    "isolation_level": "AUTOCOMMIT",
}

# How long a server may take for one statement, and for somebody else's lock.
_STATEMENT_SECONDS = 5
_LOCK_SECONDS = 2

# For a server that has gone from the network without a word, beside what the statement may
# take: milliseconds without an acknowledgement, and seconds of silence.
_LIBPQ = {
    "connect_timeout": 2,
    "tcp_user_timeout": 5_000,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 2,
}

# In seconds, if nothing else is said.
_MYSQL = {
    "connect_timeout": 2,
    "read_timeout": _STATEMENT_SECONDS,
    "write_timeout": _STATEMENT_SECONDS,
}
_TIMEOUTS: dict[str, dict[str, int]] = {
    "psycopg": _LIBPQ,
    "psycopg2": _LIBPQ,
    "pymysql": _MYSQL,
    "mysqldb": _MYSQL,
}


def make_engine(url: URL) -> Engine:
    """Return a new engine of our own for *url*."""
    if url.get_backend_name() != "sqlite":
        return _make_server_engine(url)
    path = file_of(url)
    if path is not None:
        _make_private(Path(path))
    engine = create_engine(url, connect_args={"timeout": _SQLITE_BUSY_SECONDS}, **_OPTIONS)
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _make_server_engine(url: URL) -> Engine:
    engine = create_engine(url, connect_args=_timeouts(url), **_OPTIONS)
    if engine.dialect.driver == "psycopg":
        from .sqlpsycopg import connect

        event.listen(engine, "do_connect", connect)
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _set_up_postgresql)
    else:
        event.listen(engine, "connect", _set_up_mysql)
    return engine


def _timeouts(url: URL) -> dict[str, Any]:
    """Return the driver's time limits, where *url* sets none."""
    limits = _TIMEOUTS.get(url.get_driver_name(), {})
    return {name: seconds for name, seconds in limits.items() if name not in url.query}


def is_in_memory(url: URL) -> bool:
    """Tell whether *url* is an SQLite database without a file."""
    return url.get_backend_name() == "sqlite" and (
        url.database in (None, "", ":memory:") or "mode=memory" in str(url)
    )


def file_of(url: URL) -> str | None:
    """Return the path of an SQLite database that a URL names in the plain way."""
    is_file = url.get_backend_name() == "sqlite" and not is_in_memory(url)
    return None if not is_file or str(url.database).startswith("file:") else url.database


def inode_of(path: str | None) -> int | None:
    """Return the number of the file at *path*, if there is one."""
    try:
        return None if path is None else os.stat(path).st_ino
    except FileNotFoundError:
        return None


def refuse_in_memory(engine: Engine) -> None:
    """Raise ConfigError if *engine* is an SQLite database in memory."""
    # It has one connection, so our commits would be the app's commits as well.
    if isinstance(engine.pool, (StaticPool, SingletonThreadPool)) or is_in_memory(engine.url):
        raise ConfigError(
            "SESSION_STORE is an SQLite database in memory, which has one connection for the"
            " app and the sessions together. Use 'memory://' or a file."
        )


def _make_private(path: Path) -> None:
    """Make the database file, if there is none, so that only its owner can read it."""
    if path.exists():
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreUnavailable(
            f"The session database {path} cannot be made: {error.strerror}."
            " Look at the folder and its permissions."
        ) from error


def _set_up_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    # Readers and a writer at the same time. NORMAL never damages the database; a power
    # cut may take back the last moments.
    _switch_to_wal(cursor)
    cursor.execute("PRAGMA synchronous = NORMAL")
    # Enough for the inner pages of an index of a million sessions.
    cursor.execute(f"PRAGMA cache_size = -{_SQLITE_CACHE_KILOBYTES}")
    cursor.close()


def _switch_to_wal(cursor: Any) -> None:
    # For this alone SQLite does not wait: of several processes that begin together on a
    # new file, all but one are told that it is locked.
    deadline = time.monotonic() + _SQLITE_BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.005)


def _set_up_postgresql(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(
        "SELECT current_setting('default_transaction_isolation'), setting"
        " FROM pg_settings WHERE name = 'statement_timeout'"
    )
    isolation, milliseconds = cursor.fetchone()
    if milliseconds == "0":
        milliseconds = _STATEMENT_SECONDS * 1000
        cursor.execute(f"SET statement_timeout = {milliseconds}")
    if isolation != "read committed":
        # An administrator chose more, and whoever comes second would fail, not wait.
        level = "ISOLATION LEVEL READ COMMITTED"
        cursor.execute(f"SET SESSION CHARACTERISTICS AS TRANSACTION {level}")
    cursor.close()
    connection.commit()
    if hasattr(connection, "patience"):
        # The server's own limit comes first, unless it has stopped altogether.
        connection.patience = int(milliseconds) / 1000 + 0.5


def _set_up_mysql(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute(f"SET SESSION innodb_lock_wait_timeout = {_LOCK_SECONDS}")
    cursor.close()
