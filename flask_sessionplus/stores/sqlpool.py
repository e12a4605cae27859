"""Connections of the SQL store: its own, in autocommit, kept open between requests."""

from __future__ import annotations

import os
import time
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ..errors import SessionPlusError, StoreUnavailable
from .breaker import Breaker
from .sqlengine import MOST_IDLE, file_of, inode_of, refuse_in_memory
from .sqllink import Link

T = TypeVar("T")

# How long a request waits for a connection while all others are in use.
_PATIENCE = 5.0

# What took longer than this, in seconds, is not tried again: a server that hangs would be
# waited for twice.
_SUDDEN = 1.0

# What belongs to the parent of a fork: kept, for to be collected is to be closed.
_abandoned: list[object] = []


class _Pool:
    """An engine and its idle connections, in the process that opened them."""

    def __init__(self, engine: Engine, is_own: bool) -> None:
        self.engine = engine
        self.is_own = is_own
        self._given = engine
        if not is_own:
            self.engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._path = file_of(engine.url) if is_own else None
        self._inode = inode_of(self._path)
        self.pid = os.getpid()
        self.idle: deque[Link] = deque()
        is_server = engine.dialect.name != "sqlite"
        self.breaker = Breaker("The session database") if is_server else None

    @property
    def has_lost_its_file(self) -> bool:
        """Whether SQLite would write into a file that has been removed, and say nothing."""
        return self._path is not None and inode_of(self._path) != self._inode

    def take(self) -> Link:
        try:
            return self.idle.pop()
        except IndexError:
            return self._open()

    def give_back(self, link: Link) -> None:
        if link.connection.invalidated:
            link.connection.close()
        elif self.is_own and len(self.idle) < MOST_IDLE:
            self.idle.append(link)
        elif self.is_own and link.pool is not self.engine.pool:
            # SQLAlchemy would keep it in a pool that nobody has any more.
            link.give_up()
        else:
            link.connection.close()

    def drop(self, link: Link | None) -> None:
        """Give up *link*, which was dead, and all that may have died with it.

        :param link: None: one that died before we had it.
        """
        if self.is_own:
            if link is not None:
                link.give_up()
            while self.idle:
                self.idle.pop().give_up()
            self.engine.dispose()
        elif link is not None:
            _let_it_be_known(link.connection)
            link.give_up()
        else:
            with suppress(SQLAlchemyError), self._given.connect() as connection:
                _let_it_be_known(connection)

    def may_be_stale(self, error: DBAPIError) -> bool:
        """Whether *error* may be that of a connection that was open before."""
        # Where there was no statement, connecting failed; but an app's pool hands out what
        # it has, and that may fail before the first statement.
        return error.statement is not None or not self.is_own

    def note(self, error: DBAPIError) -> None:
        """Tell the circuit breaker of *error*: a refusal is an answer too."""
        if self.breaker is None:
            return
        if error.connection_invalidated:
            self.breaker.failed()
        else:
            self.breaker.succeeded()

    def leave_to_parent(self) -> None:
        """Close our end of the connections of the process we were forked from."""
        while self.idle:
            with suppress(IndexError):
                link = self.idle.pop()
                link.leave_to_parent()
                _abandoned.append(link)

    def close(self) -> None:
        # A child of a fork must not close its parent's connections: that would end the
        # parent's conversation with the server.
        if self.is_own and self.pid == os.getpid():
            while self.idle:
                self.idle.pop().give_up()
            self.engine.dispose()

    def _open(self) -> Link:
        try:
            return Link(self._connect() if self.is_own else self.engine.connect())
        except DBAPIError as error:
            error.connection_invalidated = True
            raise
        except self.engine.dialect.loaded_dbapi.Error as error:
            # Of a connection in an app's pool that has died there.
            raise OperationalError(None, None, error, connection_invalidated=True) from error

    def _connect(self) -> Connection:
        # At its limit an engine waits until one is closed; but ours stay open.
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return self.engine.connect()
            except PoolTimeout:
                with suppress(IndexError):
                    return self.idle.pop().connection
                if time.monotonic() > deadline:
                    raise


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

    def run(self, work: Callable[[Link], T], is_reading: bool = False) -> T:
        """Return what *work* returns for a connection.

        If the connection, which may have been kept open for long, turns out to be dead,
        *work* is called once more, with a new one. It must know what to do then.

        :param is_reading: whether *work* writes nothing.
        """
        pool = self._pool
        if pool is None or pool.pid != os.getpid():
            pool = self._open()
        if pool.breaker is not None:
            pool.breaker.check()
        elif not is_reading and pool.has_lost_its_file:
            self._begin_new_file(pool)
        return _run(pool, work)

    def close(self) -> None:
        """Close what is open and not in use."""
        if self._pool is not None:
            self._pool.close()

    def _begin_new_file(self, pool: _Pool) -> None:
        pool.close()
        self._pool = None
        raise StoreUnavailable(
            f"The session database {pool.engine.url.database} was removed while it was in use,"
            " and this change was not saved. The next one begins a new database."
        )

    def _open(self) -> _Pool:
        pool = self._pool
        if pool is None or pool.pid != os.getpid():
            if pool is not None:
                pool.leave_to_parent()
                _abandoned.append(pool)
            engine = self._make_engine()
            refuse_in_memory(engine)
            pool = self._pool = _Pool(engine, self._is_own)
            weakref.finalize(self, pool.close)
        return pool


def _run(pool: _Pool, work: Callable[[Link], T], may_repeat: bool = True) -> T:
    began = time.monotonic()
    try:
        result = _attempt(pool, work)
    except DBAPIError as error:
        was_sudden = time.monotonic() - began < _SUDDEN
        if error.connection_invalidated and may_repeat and was_sudden and pool.may_be_stale(error):
            return _run(pool, work, may_repeat=False)
        pool.note(error)
        raise
    if pool.breaker is not None:
        pool.breaker.succeeded()
    return result


def _attempt(pool: _Pool, work: Callable[[Link], T]) -> T:
    link = None
    try:
        link = pool.take()
        result = work(link)
    except SQLAlchemyError as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            pool.drop(link)
        elif link is not None:
            pool.give_back(link)
        raise
    except SessionPlusError:
        if link is not None:
            pool.give_back(link)
        raise
    except BaseException:
        # Cut off in the middle of something, the connection may hold half an answer.
        if link is not None:
            link.give_up()
        raise
    pool.give_back(link)
    return result


def _let_it_be_known(connection: Connection) -> None:
    """Let SQLAlchemy find out that *connection* is dead, and distrust those of its age."""
    if not connection.invalidated:
        with suppress(SQLAlchemyError):
            connection.exec_driver_sql("SELECT 1")
