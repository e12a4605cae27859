"""Counting the statements that reach a database, through whatever library."""

from __future__ import annotations

import re
import sqlite3.dbapi2
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

#: What belongs to a transaction or a connection, and does no work of its own.
_FRAME = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "SET")


@dataclass
class Statements:
    """What was seen: statements that do work, and those that only frame them."""

    work: list[str] = field(default_factory=list)
    frame: list[str] = field(default_factory=list)

    def add(self, statement: str) -> None:
        """Note a statement."""
        is_frame = statement.lstrip().upper().startswith(_FRAME)
        (self.frame if is_frame else self.work).append(statement)


class Probe(Protocol):
    """Knows every connection made since it was installed, and costs nothing unless it counts."""

    def counting(self) -> Any:
        """A context manager that gives the :class:`Statements` of its block."""


class SQLiteProbe:
    """Reads along by SQLite's own trace callback."""

    def __init__(self) -> None:
        self._connections: list[sqlite3.Connection] = []
        remembering = _remember(sqlite3.dbapi2.connect, self._connections)
        for module in (sqlite3, sqlite3.dbapi2):
            module.__dict__["connect"] = remembering

    @contextmanager
    def counting(self) -> Iterator[Statements]:
        """Collect the statements of the block."""
        seen = Statements()
        self._trace(seen.add)
        try:
            yield seen
        finally:
            self._trace(None)

    def _trace(self, callback: Callable[[str], None] | None) -> None:
        for connection in self._connections:
            with suppress(sqlite3.ProgrammingError):  # closed, or another thread's
                connection.set_trace_callback(callback)


class PostgreSQLProbe:
    """Reads libpq's own record of what went over the wire: the kind of each statement done."""

    _done = re.compile(r'\tB\t\d+\tCommandComplete\t "(\w+)')

    def __init__(self) -> None:
        self._connections: list[Any] = []
        with suppress(ImportError):
            import psycopg

            psycopg.connect = _remember(psycopg.connect, self._connections)

    @contextmanager
    def counting(self) -> Iterator[Statements]:
        """Collect the statements of the block."""
        seen = Statements()
        with tempfile.TemporaryFile("w+") as record:
            live = [connection.pgconn for connection in self._connections if not connection.closed]
            for pgconn in live:
                pgconn.trace(record.fileno())
            try:
                yield seen
            finally:
                for pgconn in live:
                    pgconn.untrace()
            record.seek(0)
            for command in self._done.findall(record.read()):
                seen.add(command)


def _remember(connect: Callable[..., Any], connections: list[Any]) -> Callable[..., Any]:
    def remembering(*args: Any, **kwargs: Any) -> Any:
        connection = connect(*args, **kwargs)
        connections.append(connection)
        return connection

    return remembering
