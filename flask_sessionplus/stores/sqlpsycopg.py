"""Psycopg: connections that do not wait for ever, and a cursor for our statements alone."""

from __future__ import annotations

import inspect
import itertools
import re
import selectors
import struct
import time
from collections.abc import Generator, Sequence
from typing import Any, cast

import psycopg
from psycopg import generators, waiting
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult
from sqlalchemy.engine import Dialect

# Types of PostgreSQL.
_BYTEA, _INT8 = 17, 20

_BINARY = 1

# How often somebody who waits looks whether he has waited long enough.
_LOOK_UP_SECONDS = 0.1
_GOOD = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)

# Where a connection keeps its cursor, and numbers that no statement has had.
_KEY = "flask_sessionplus"
_numbers = itertools.count()


def _look_up(gen: Any, fileno: int, interval: float) -> Any:
    """Wait as newer versions of psycopg do: *gen* is told if nothing is ready."""
    try:
        wanted = next(gen)
        with selectors.DefaultSelector() as selector:
            selector.register(fileno, wanted)
            while True:
                selector.modify(fileno, wanted)
                found = selector.select(interval)
                wanted = gen.send(found[0][1] if found else 0)
    except StopIteration as stop:
        return stop.value


# From psycopg 3.3 on.
_LOOKS_UP = inspect.signature(psycopg.Connection.wait).parameters.keys() >= {"interval", "timeout"}
_wait: Any = waiting.wait if _LOOKS_UP else _look_up


class PatientConnection(psycopg.Connection[Any]):
    """A connection that is closed if an answer takes too long.

    libpq has a time limit for connecting, and PostgreSQL one for statements, which is of
    no use if the server itself has stopped.
    """

    #: How long to wait for an answer, in seconds.
    patience = 5.0

    def wait(self, gen: Any, *arguments: Any, **options: Any) -> Any:
        """Wait for what *gen* waits for, but not longer than :attr:`patience`."""
        return _wait(self.limited(gen), self.pgconn.socket, _LOOK_UP_SECONDS)

    def limited(self, gen: Any) -> Generator[Any, Any, Any]:
        """Do what *gen* does, but not longer than :attr:`patience`."""
        deadline = time.monotonic() + self.patience
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                # Nothing is ready: psycopg looks up from waiting several times a second.
                if not ready and time.monotonic() > deadline:
                    self.pgconn.finish()
                    raise psycopg.OperationalError(
                        f"no answer within {self.patience:g} seconds: the connection was closed"
                    )
                wanted = gen.send(ready)
        except StopIteration as stop:
            return stop.value


def connect(dialect: Dialect, record: object, arguments: list[Any], options: dict[str, Any]) -> Any:
    """Open a connection for SQLAlchemy's event ``do_connect``."""
    return PatientConnection.connect(*arguments, **options)


class PreparedCursor:
    """Runs statements of ours in half the time that psycopg's own cursor takes.

    Each is prepared when it is first run on a connection. Parameters are bytes, whole numbers
    of 64 bits, lists of bytes, or None, and so are the columns of the rows: what they are
    is written in the statement, nothing has to be guessed or looked up.
    """

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._names: dict[str, bytes] = {}
        self._result: PGresult | None = None

    def execute(self, sql: str, parameters: Sequence[Any]) -> None:
        """Run *sql*, whose parameters are called $1, $2 and so on."""
        server = self._connection.pgconn
        name = self._names.get(sql)
        if name is None:
            name = b"sessionplus_%d" % next(_numbers)
            server.send_prepare(name, sql.encode())
            self._answer()
            self._names[sql] = name
        given = [
            each if each is None or type(each) is bytes else _encode(each) for each in parameters
        ]
        server.send_query_prepared(name, given, [_BINARY] * len(given), _BINARY)
        try:
            self._result = self._answer()
        except psycopg.Error:
            # Somebody may have thrown away what was prepared.
            self._names.clear()
            raise

    @property
    def rowcount(self) -> int:
        """How many rows were written."""
        assert self._result is not None
        return self._result.command_tuples or 0

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the first row."""
        assert self._result is not None
        return self._row(self._result, 0) if self._result.ntuples else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows."""
        assert self._result is not None
        return [self._row(self._result, row) for row in range(self._result.ntuples)]

    def close(self) -> None:
        """Forget the answer, which may be large."""
        self._result = None

    def _answer(self) -> PGresult:
        server = self._connection.pgconn
        answering: Any = generators.execute(server)
        if isinstance(self._connection, PatientConnection):
            answering = self._connection.limited(answering)
        result: PGresult = _wait(answering, server.socket, _LOOK_UP_SECONDS)[-1]
        if result.status not in _GOOD:
            raise psycopg.errors.error_from_result(result)
        return result

    @staticmethod
    def _row(result: PGresult, row: int) -> tuple[Any, ...]:
        values = []
        for column in range(result.nfields):
            value: Any = result.get_value(row, column)
            if value is not None and result.ftype(column) == _INT8:
                value = int.from_bytes(value, "big", signed=True)
            values.append(value)
        return tuple(values)


def numbered(sql: str) -> tuple[str, list[str]]:
    """Return *sql* with numbers in the place of the names, and the names in their order."""
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    return re.sub(r"%\((\w+)\)s", number, sql).replace("%%", "%"), names


def cursor_of(connection: psycopg.Connection[Any], kept: dict[Any, Any]) -> PreparedCursor | None:
    """Return the cursor of *connection*, unless the app wants no prepared statements.

    :param kept: what lives as long as the connection.
    """
    if connection.prepare_threshold is None:
        return None
    if _KEY not in kept:
        kept[_KEY] = PreparedCursor(connection)
    return cast(PreparedCursor, kept[_KEY])


def _encode(value: Any) -> bytes:
    if isinstance(value, int):
        return value.to_bytes(8, "big", signed=True)
    # An array: dimensions, whether one is NULL, the type; its length, where it begins.
    parts = [struct.pack("!iiIii", 1, 0, _BYTEA, len(value), 1)]
    for item in value:
        parts += (len(item).to_bytes(4, "big"), item)
    return b"".join(parts)
