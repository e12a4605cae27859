"""Records in tables: SQLite, PostgreSQL, MySQL and MariaDB, by SQLAlchemy Core."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection, Engine, MetaData, Table, inspect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from ..errors import ConfigError, StoreNotReady
from ..findings import Finding
from ..record import Changes, Record
from .base import (
    Applied,
    Browsable,
    Diagnosable,
    Miss,
    OwnerIndex,
    Page,
    Preparable,
    Purgeable,
    Removed,
    Store,
    until_none_is_left,
)
from .cursors import check_limit, position
from .diagnosing import unpurged
from .patience import pause
from .sqldiagnosis import diagnose, diagnose_file, has_place
from .sqlengine import is_in_memory, make_engine, refuse_in_memory
from .sqlerrors import describe, may_lack_table, was_taken_back
from .sqljobs import Apply, Create, Delete
from .sqllink import Link
from .sqlmany import Many
from .sqlmetadata import DEFAULT_NAME
from .sqlpool import Connections
from .sqlpostgresql import CompoundQueries
from .sqlqueries import Queries
from .sqlscript import script_of
from .sqltable import define_tables, values_table

T = TypeVar("T")

# Tries if the database takes back what we did because others did it at the same time, and
# for how long they go on, in seconds; and the pauses between them, in microseconds.
_TRIES = 10
_PATIENCE = 5.0
_FIRST_PAUSE = 2_000
_LONGEST_PAUSE = 100_000


class SQLStore(Store, Purgeable, Preparable, OwnerIndex, Browsable, Diagnosable):
    """Keeps each record in one row, and swaps it if its revision is the one seen.

    Values that are large lie in a second table, and are written in the same step.

    It has connections and transactions of its own: the app's are never committed,
    rolled back or expired.

    :param source: a URL, an :class:`~sqlalchemy.engine.Engine`, or a function that
        returns one when the store is first used.
    :param table: the name of the table; a second one has the same with
        ``_values`` at its end.
    :param schema: the schema of both.
    """

    #: Whether missing tables are made at once in every database; in SQLite they always are.
    makes_tables = False

    def __init__(
        self,
        source: str | URL | Engine | Callable[[], Engine],
        table: str = DEFAULT_NAME,
        schema: str | None = None,
    ) -> None:
        self._find_url: Callable[[], URL]
        if isinstance(source, (str, URL)):
            url = _parse(source)
            self._find_url = lambda: url
            self._connections = Connections(lambda: make_engine(url), is_own=True)
        elif isinstance(source, Engine):
            refuse_in_memory(source)
            self._find_url = lambda: source.url
            self._connections = Connections(lambda: source, is_own=False)
        else:
            self._find_url = lambda: source().url
            self._connections = Connections(source, is_own=False)
        #: The table of the sessions, and that of the values which lie beside them.
        self.table = define_tables(MetaData(), table, schema)
        self.values = values_table(self.table)
        self._do = Queries(self.table, self.values)
        self._compound = CompoundQueries(self._do, self.values)
        self._many = Many(self._do, self.table, self.values)

    @property
    def engine(self) -> Engine:
        """The engine, in autocommit; for an engine of the app's, a view of it."""
        return self._connections.engine

    def load(self, sid: bytes) -> Record | Miss:
        row = self._run(lambda link: self._do.read(link, sid), is_reading=True)
        if row is None:
            return Miss.UNKNOWN
        if row.is_expired:
            return Miss.UNKNOWN if row.is_tombstone else Miss.EXPIRED
        return Miss.MOVED if row.is_tombstone else row.record()

    def fetch(self, sid: bytes, names: Collection[str]) -> dict[str, bytes]:
        fetch = self._do.values.fetch
        return self._run(lambda link: fetch(link, sid, names), is_reading=True)

    def create(self, sid: bytes, record: Record) -> bool:
        return self._run(Create(self._do, self._compound, sid, record))

    def apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        return self._run(Apply(self._do, self._compound, sid, seen, changes))

    def delete(self, sid: bytes) -> bool:
        return self._run(Delete(self._do, sid))

    def purge(self, limit: int) -> int:
        if not self._has_place:
            return 0
        return self._run(lambda link: self._many.purge(link, limit))

    def count_expired(self) -> int:
        if not self._has_place:
            return 0
        return self._run(self._many.count_expired, is_reading=True)

    def owned(self, owner: str) -> list[tuple[bytes, Record]]:
        if not owner:
            return []
        return self._run(lambda link: self._many.owned(link, owner), is_reading=True)

    def delete_owned(self, owner: str, spare: Collection[bytes] = ()) -> int:
        if not owner:
            return 0
        return self._run(lambda link: self._many.delete_owned(link, owner, spare))

    def find(self, half: bytes) -> bytes | None:
        return self._run(lambda link: self._many.find(link, half), is_reading=True)

    def browse(self) -> Iterator[bytes]:
        last = b""
        while sids := self._sids(last):
            yield from sids
            last = sids[-1]

    def page(self, after: str | None, limit: int) -> Page:
        check_limit(limit)
        last = position(after)
        if not self._has_place:
            return Page([], None)
        return self._run(lambda link: self._many.records(link, last, limit), is_reading=True)

    def count(self) -> int:
        if not self._has_place:
            return 0
        return self._run(self._many.count, is_reading=True)

    def delete_all(self) -> int:
        return until_none_is_left(self, self._delete_each)

    def prepare(self) -> None:
        """Make the tables, if they are not there."""
        for table in (self.table, self.values):
            try:
                self._ask(partial(table.create, checkfirst=True))
            except SQLAlchemyError as error:
                # Another process may have made it since we looked.
                if table in self._missing_tables():
                    raise describe(error) from error

    def is_made(self) -> bool:
        return self._has_place and self.table not in self._missing_tables()

    def script(self) -> str:
        url = self._find_url()
        return script_of(url, (self.table, self.values))

    def diagnose(self) -> list[Finding]:
        findings = diagnose_file(self._find_url())
        if not self._has_place:
            return findings
        try:
            findings += diagnose(self.engine, (self.table, self.values))
        except SQLAlchemyError as error:
            raise describe(error) from error
        return findings or unpurged(self)

    def close(self) -> None:
        """Close all connections that are not in use. The store may be used again."""
        self._connections.close()

    @property
    def _has_place(self) -> bool:
        # A tool that only looks must not make the file: root's is one that the app cannot use.
        return has_place(self._find_url())

    def _delete_each(self) -> Removed:
        removed, last = self._delete_page(b"")
        page = removed
        while page.all:
            page, last = self._delete_page(last)
            removed = Removed(removed.all + page.all, removed.alive + page.alive)
        return removed

    def _delete_page(self, last: bytes) -> tuple[Removed, bytes]:
        return self._run(lambda link: self._many.delete_page(link, last))

    def _sids(self, last: bytes) -> list[bytes]:
        return self._run(lambda link: self._many.sids(link, last), is_reading=True)

    def _run(self, work: Callable[[Link], T], is_reading: bool = False) -> T:
        try:
            return self._connections.run(work, is_reading)
        except SQLAlchemyError as error:
            failed: SQLAlchemyError = error
        deadline = time.monotonic() + _PATIENCE
        for number in range(_TRIES):
            if was_taken_back(failed) and time.monotonic() < deadline:
                # Nobody waits for a connection because of this: it has been given back.
                pause(number, _FIRST_PAUSE, _LONGEST_PAUSE, at_once=0)
            else:
                self._make_tables(failed)
            try:
                return self._connections.run(work, is_reading)
            except SQLAlchemyError as error:
                failed = error
        raise describe(failed) from failed

    def _make_tables(self, error: SQLAlchemyError) -> None:
        """Make the missing tables, if that is why *error* came and it is ours to do so.

        :raises StoreUnavailable: otherwise.
        """
        if not may_lack_table(error):
            raise describe(error) from error
        missing = self._missing_tables()
        # In SQLite, another process may have made them since.
        if not missing and "no such table" not in str(error):
            raise describe(error) from error
        if self.engine.dialect.name != "sqlite" and not self.makes_tables:
            raise StoreNotReady(
                f"The table {missing[0].fullname!r} does not exist. Make it with `flask"
                " session init`, or put sessions_table(metadata) into your migrations."
            ) from error
        self.prepare()

    def _missing_tables(self) -> list[Table]:
        def look(connection: Connection) -> list[Table]:
            found = inspect(connection)
            return [
                table
                for table in (self.table, self.values)
                if not found.has_table(table.name, schema=table.schema)
            ]

        try:
            return self._ask(look)
        except SQLAlchemyError as error:
            raise describe(error) from error

    def _ask(self, work: Callable[[Connection], T]) -> T:
        """Return what *work* returns for a connection, for which it waits as all others do."""

        def on_link(link: Link) -> T:
            try:
                return work(link.connection)
            finally:
                link.connection.rollback()

        return self._connections.run(on_link, is_reading=True)


def _parse(source: str | URL) -> URL:
    try:
        url = make_url(source)
    except ArgumentError as error:
        raise ConfigError.of("SESSION_STORE", source, "a URL that SQLAlchemy reads") from error
    if is_in_memory(url):
        raise ConfigError.of("SESSION_STORE", str(source), "a database with a file, or 'memory://'")
    return url
