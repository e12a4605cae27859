"""Counting what a request asks of its store, through whatever library."""

from __future__ import annotations

import re
import sqlite3.dbapi2
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .tap import Tap

#: What belongs to a transaction or a connection, and does no work of its own.
_FRAME = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA", "SET")

_BLOB = re.compile(r"x'[0-9a-f]*'", re.IGNORECASE)


@dataclass(frozen=True)
class Traffic:
    """What one request asked of its store; None: not known there.

    A trip is a question over the wire or, in SQLite, a statement; frames are the statements
    that begin and end transactions. Bytes are those that were sent to the store, with the text
    of the statements, and those that came back.
    """

    trips: float | None = None
    frames: float | None = None
    sent: float | None = None
    received: float | None = None


class Meter(Protocol):
    """Counts for one store."""

    def measure(self, call: Callable[[], None]) -> Traffic:
        """Tell what went on during this call."""


class TapMeter:
    """Counts on the line to a server."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap

    def measure(self, call: Callable[[], None]) -> Traffic:
        tap = self._tap
        tap.trips = tap.sent = tap.received = 0
        call()
        return Traffic(trips=tap.trips, sent=tap.sent, received=tap.received)


class FileMeter:
    """Reads what Linux counts: the bytes this process has handed to ``write``."""

    _counters = Path("/proc/self/io")

    def measure(self, call: Callable[[], None]) -> Traffic:
        before = self._written()
        call()
        after = self._written()
        return Traffic(sent=None if before is None or after is None else after - before)

    def _written(self) -> int | None:
        try:
            found = re.search(r"wchar: (\d+)", self._counters.read_text())
        except OSError:
            return None
        return int(found[1]) if found else None


class SQLiteMeter:
    """Reads along by SQLite's own trace, on every connection made since there is one of these."""

    def __init__(self) -> None:
        self._connections: list[sqlite3.Connection] = []
        connect = sqlite3.dbapi2.connect

        def remembering(*args: object, **kwargs: object) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*args, **kwargs)  # type: ignore[call-overload]
            self._connections.append(connection)
            return connection

        for module in (sqlite3, sqlite3.dbapi2):
            module.__dict__["connect"] = remembering

    def measure(self, call: Callable[[], None]) -> Traffic:
        statements: list[str] = []
        self._trace(statements.append)
        call()
        self._trace(None)
        frames = sum(each.lstrip().upper().startswith(_FRAME) for each in statements)
        return Traffic(
            trips=len(statements) - frames, frames=frames, sent=sum(map(_size, statements))
        )

    def _trace(self, callback: Callable[[str], object] | None) -> None:
        for connection in self._connections:
            with suppress(sqlite3.ProgrammingError):  # closed, or another thread's
                connection.set_trace_callback(callback)


def _size(statement: str) -> int:
    """The bytes of a statement with its parameters, of which blobs are shown in hexadecimal."""
    return len(statement.encode()) - sum(len(blob) // 2 for blob in _BLOB.findall(statement))
