"""Connections of the SQL store: its own, in autocommit, kept open between requests."""

from __future__ import annotations

import os
import sqlite3
import time
import weakref
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import SingletonThreadPool, StaticPool

from ..errors import ConfigError, SessionPlusError, StoreUnavailable

T = TypeVar("T")

_SQLITE_CACHE_KILOBYTES = 32_768

# How long a writer waits for SQLite's lock before the request is answered 503.
_SQLITE_BUSY_SECONDS = 5.0

# How long a request waits for a connection while all others are in use.
_PATIENCE = 5.0

# Connections a process keeps open; more are opened for a rush and closed after it.
_MOST_IDLE = 10

# The engine itself only waits for the blink of an eye, and we look for one of our own.
_OPTIONS: dict[str, Any] = {
    "pool_size": _MOST_IDLE,
    "max_overflow": 30,
    "pool_timeout": 0.05,
    "hide_parameters": True,
    "isolation_level": "AUTOCOMMIT",
}

# Seconds, by driver. PostgreSQL's drivers leave the reading to statement_timeout.
_PYMYSQL = {"connect_timeout": 5, "read_timeout": 10, "write_timeout": 10}
_TIMEOUTS: dict[str, dict[str, int]] = {
    "psycopg": {"connect_timeout": 5},
    "psycopg2": {"connect_timeout": 5},
    "pymysql": _PYMYSQL,
    "mysqldb": _PYMYSQL,
}
_STATEMENT_MILLISECONDS = 10_000

# PostgreSQL: a deadlock, and a conflict where the isolation is stricter than usual.
_TAKEN_BACK = ("40P01", "40001")

# MySQL and MariaDB: a deadlock, and a row that has changed since a snapshot was taken.
_TAKEN_BACK_MYSQL = ((1213,), (1020,))

# What belongs to the parent of a fork: kept, for to be collected is to be closed.
_abandoned: list[object] = []


class _Pool:
    """An engine and its idle connections, in the process that opened them."""

    def __init__(self, engine: Engine, is_own: bool) -> None:
        self.engine = engine
        self.is_own = is_own
        if not is_own:
            self.engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._path = _file_of(engine.url) if is_own else None
        self._inode = _inode_of(self._path)
        self.pid = os.getpid()
        self._idle: deque[Connection] = deque()

    @property
    def has_lost_its_file(self) -> bool:
        """Whether SQLite would write into a file that has been removed, and say nothing."""
        return self._path is not None and _inode_of(self._path) != self._inode

    def take(self) -> Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect() if self.is_own else self.engine.connect()

    def _connect(self) -> Connection:
        # At its limit an engine waits until one is closed; but ours stay open.
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return self.engine.connect()
            except PoolTimeout:
                if self._idle:
                    return self.take()
                if time.monotonic() > deadline:
                    raise

    def give_back(self, connection: Connection) -> None:
        if self.is_own and len(self._idle) < _MOST_IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def drop_idle(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def close(self) -> None:
        # A child of a fork must not close its parent's connections: that would end the
        # parent's conversation with the server.
        if self.is_own and self.pid == os.getpid():
            self.drop_idle()
            self.engine.dispose()


class Connections:
    """Runs work on connections of one engine.

    :param make_engine: called at the first use in each process.
    :param is_own: whether the engine is ours alone. Connections of an app's engine
        go back to its pool after each use; ours stay open.
    """

    def __init__(self, make_engine: Callable[[], Engine], is_own: bool) -> None:
        self._make_engine = make_engine
        self._is_own = is_own
        self._pool: _Pool | None = None

    @property
    def engine(self) -> Engine:
        """The engine, in autocommit."""
        return self._open().engine

    def run(self, work: Callable[[Connection], T], may_repeat: bool = False) -> T:
        """Return what *work* returns for a connection.

        :param may_repeat: try once more, on a new connection, if a connection that was
            kept open turns out to be dead. For work that writes nothing.
        """
        pool = self._open()
        if not may_repeat and pool.has_lost_its_file:
            pool.close()
            self._pool = None
            raise StoreUnavailable(
                f"The session database {pool.engine.url.database} was removed while it was in use,"
                " and this change was not saved. The next one begins a new database."
            )
        try:
            connection = pool.take()
        except pool.engine.dialect.loaded_dbapi.Error as error:
            # Of a connection in an app's pool that has died there.
            raise OperationalError(None, None, error) from error
        try:
            result = work(connection)
        except SQLAlchemyError as error:
            connection.close()
            if isinstance(error, DBAPIError) and error.connection_invalidated:
                pool.drop_idle()
                if may_repeat:
                    return self.run(work)
            raise
        except SessionPlusError:
            pool.give_back(connection)
            raise
        except BaseException:
            # Cut off in the middle of something, the connection may hold half an answer.
            connection.invalidate()
            connection.close()
            raise
        pool.give_back(connection)
        return result

    def close(self) -> None:
        """Close what is open and not in use."""
        if self._pool is not None:
            self._pool.close()

    def _open(self) -> _Pool:
        pool = self._pool
        if pool is None or pool.pid != os.getpid():
            if pool is not None:
                _abandoned.append(pool)
            engine = self._make_engine()
            refuse_in_memory(engine)
            pool = self._pool = _Pool(engine, self._is_own)
            weakref.finalize(self, pool.close)
        return pool


def make_engine(url: URL) -> Engine:
    """Return a new engine of our own for *url*."""
    if url.get_backend_name() != "sqlite":
        engine = create_engine(url, connect_args=_timeouts(url), **_OPTIONS)
        if url.get_backend_name() == "postgresql":
            event.listen(engine, "connect", _set_up_postgresql)
        return engine
    path = _file_of(url)
    if path is not None:
        _make_private(Path(path))
    engine = create_engine(url, connect_args={"timeout": _SQLITE_BUSY_SECONDS}, **_OPTIONS)
    event.listen(engine, "connect", _set_up_sqlite)
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


def _file_of(url: URL) -> str | None:
    is_file = url.get_backend_name() == "sqlite" and not is_in_memory(url)
    return None if not is_file or str(url.database).startswith("file:") else url.database


def _inode_of(path: str | None) -> int | None:
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
    cursor.execute("SHOW statement_timeout")
    if cursor.fetchone()[0] == "0":
        cursor.execute(f"SET statement_timeout = {_STATEMENT_MILLISECONDS}")
    cursor.execute("SHOW default_transaction_isolation")
    if cursor.fetchone()[0] != "read committed":
        # An administrator chose more, and whoever comes second would fail, not wait.
        level = "ISOLATION LEVEL READ COMMITTED"
        cursor.execute(f"SET SESSION CHARACTERISTICS AS TRANSACTION {level}")
    cursor.close()
    connection.commit()


def was_taken_back(error: DBAPIError) -> bool:
    """Tell whether the database chose us to give way, as in a deadlock, so nothing is written."""
    cause = error.orig
    state = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    return state in _TAKEN_BACK or (cause is not None and cause.args[:1] in _TAKEN_BACK_MYSQL)


def describe(error: SQLAlchemyError) -> StoreUnavailable:
    """Return *error* as ours, without the statement's values."""
    if isinstance(error, StatementError):
        # The chained error would put a session's values into the log.
        error.hide_parameters = True
    cause = error.orig if isinstance(error, DBAPIError) else error
    text = str(cause).partition("\n")[0]
    return StoreUnavailable(
        f"The session database does not answer: {type(cause).__name__}: {text}."
        " Look at the database; sessions go on as soon as it is back."
    )
