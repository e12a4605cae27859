"""Records in a table: SQLite, PostgreSQL, MySQL and MariaDB, by SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import (
    BindParameter,
    Connection,
    Engine,
    MetaData,
    Table,
    bindparam,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, IntegrityError, SQLAlchemyError

from .. import clock
from ..errors import ConfigError, SessionPlusError, StoreNotReady
from ..record import Changes, Record, is_expected, merge, tombstone
from .base import Applied, Miss, Outcome, Preparable, Purgeable, Store
from .sqlengine import (
    Connections,
    describe,
    is_in_memory,
    make_engine,
    refuse_in_memory,
    was_taken_back,
)
from .sqlrows import StoredRow, changed_columns, columns
from .sqlstatement import Statement
from .sqltable import DEFAULT_NAME, sessions_table

T = TypeVar("T")

# PostgreSQL takes at most 65,535 parameters.
_MOST_PURGED = 10_000

# Swaps that are tried before a lock is taken, which always gets through.
_OPTIMISTIC_TRIES = 3

# Tries if the database takes back what we did because others did it at the same time.
_TRIES = 10


class SQLStore(Store, Purgeable, Preparable):
    """Keeps each record in one row, and swaps it if its revision is the one seen.

    It has connections and transactions of its own: the app's are never committed,
    rolled back or expired.

    :param source: a URL, an :class:`~sqlalchemy.engine.Engine`, or a function that
        returns one when the store is first used.
    :param table: the name of the table.
    :param schema: the schema of the table.
    """

    def __init__(
        self,
        source: str | URL | Engine | Callable[[], Engine],
        table: str = DEFAULT_NAME,
        schema: str | None = None,
    ) -> None:
        if isinstance(source, (str, URL)):
            url = _parse(source)
            self._connections = Connections(lambda: make_engine(url), is_own=True)
        elif isinstance(source, Engine):
            refuse_in_memory(source)
            self._connections = Connections(lambda: source, is_own=False)
        else:
            self._connections = Connections(source, is_own=False)
        self.table = sessions_table(MetaData(), table, schema)
        self._do = _Statements(self.table)

    @property
    def engine(self) -> Engine:
        """The engine, in autocommit; for an engine of the app's, a view of it."""
        return self._connections.engine

    def load(self, sid: bytes) -> Record | Miss:
        row = self._run(lambda connection: self._read(connection, sid), may_repeat=True)
        if row is None:
            return Miss.UNKNOWN
        if row.is_expired:
            return Miss.UNKNOWN if row.is_tombstone else Miss.EXPIRED
        return Miss.MOVED if row.is_tombstone else row.record()

    def create(self, sid: bytes, record: Record) -> bool:
        return self._run(lambda connection: self._insert(connection, sid, record))

    def apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        return self._run(lambda connection: self._apply(connection, sid, seen, changes))

    def delete(self, sid: bytes) -> bool:
        return self._run(lambda connection: self._remove(connection, sid))

    def purge(self, limit: int) -> int:
        return self._run(lambda connection: self._purge(connection, limit))

    def count_expired(self) -> int:
        now = {"now": clock.now()}
        return self._run(lambda c: int(c.scalar(self._do.count_expired, now) or 0))

    def prepare(self) -> None:
        """Make the table, if there is none."""
        try:
            self.table.create(self.engine, checkfirst=True)
        except SQLAlchemyError as error:
            # Another process may have made it since we looked.
            if not self._has_table():
                raise describe(error) from error

    def close(self) -> None:
        """Close all connections that are not in use. The store may be used again."""
        self._connections.close()

    def _run(
        self, work: Callable[[Connection], T], may_repeat: bool = False, tries: int = _TRIES
    ) -> T:
        try:
            return self._connections.run(work, may_repeat)
        except DatabaseError as error:
            if tries > 1 and was_taken_back(error):
                return self._run(work, may_repeat, tries - 1)
            if not _may_lack_table(error):
                raise describe(error) from error
            # In SQLite, another process may have made it since.
            if self._has_table() and (tries <= 1 or "no such table" not in str(error.orig)):
                raise describe(error) from error
            if self.engine.dialect.name != "sqlite":
                raise StoreNotReady(
                    f"The table {self.table.fullname!r} does not exist. Make it with `flask"
                    " session init`, or put sessions_table(metadata) into your migrations."
                ) from error
        except SQLAlchemyError as error:
            raise describe(error) from error
        self.prepare()
        return self._run(work, tries=tries - 1)

    def _has_table(self) -> bool:
        try:
            return inspect(self.engine).has_table(self.table.name, schema=self.table.schema)
        except SQLAlchemyError as error:
            raise describe(error) from error

    def _read(self, connection: Connection, sid: bytes) -> StoredRow | None:
        row = self._do.select.first(connection, {"key": sid})
        return None if row is None else StoredRow(*row)

    def _insert(self, connection: Connection, sid: bytes, record: Record) -> bool:
        values = columns(sid, record)
        try:
            self._do.insert.count(connection, values)
        except IntegrityError:
            # Once more, even if nothing expired was there: others remove it as well.
            self._do.delete_expired.count(connection, {"key": sid, "now": clock.now()})
            try:
                self._do.insert.count(connection, values)
            except IntegrityError:
                return False
        return True

    def _apply(self, connection: Connection, sid: bytes, seen: Record, changes: Changes) -> Applied:
        if changes.move_to is not None:
            return self._in_transaction(connection, sid, seen, changes)
        current = seen
        for _ in range(_OPTIMISTIC_TRIES):
            # What the caller saw may be old: only what was just read is a conflict.
            if is_expected(current, changes):
                applied = self._swap(connection, sid, current, changes)
                if applied is not None:
                    return applied
            elif current is not seen:
                return Applied(Outcome.CONFLICT, current)
            stored = _alive(self._read(connection, sid))
            if stored is None:
                return Applied(Outcome.GONE)
            current = stored
        return self._in_transaction(connection, sid, current, changes)

    def _in_transaction(
        self, connection: Connection, sid: bytes, seen: Record, changes: Changes
    ) -> Applied:
        is_sqlite = connection.dialect.name == "sqlite"
        begin = self._do.begin_immediate if is_sqlite else self._do.begin
        begin.count(connection, {})
        try:
            applied = self._apply_locked(connection, sid, seen, changes)
        except IntegrityError:
            self._do.rollback.count(connection, {})
            # An expired record may lie in the new place: that counts as free.
            place = {"key": changes.move_to, "now": clock.now()}
            if not self._do.delete_expired.count(connection, place):
                return Applied(Outcome.TAKEN)
            return self._in_transaction(connection, sid, seen, changes)
        except SessionPlusError:
            self._do.rollback.count(connection, {})
            raise
        except BaseException:
            # The server may be gone: whatever this connection has begun ends with it.
            connection.invalidate()
            raise
        self._do.commit.count(connection, {})
        return applied

    def _apply_locked(
        self, connection: Connection, sid: bytes, seen: Record, changes: Changes
    ) -> Applied:
        applied = None
        if is_expected(seen, changes):
            applied = self._swap(connection, sid, seen, changes)
        if applied is None:
            # Slower, but with the row locked nobody can come between.
            row = self._do.select_locked.first(connection, {"key": sid})
            current = _alive(None if row is None else StoredRow(*row))
            if current is None:
                return Applied(Outcome.GONE)
            if not is_expected(current, changes):
                return Applied(Outcome.CONFLICT, current)
            applied = self._swap(connection, sid, current, changes)
        return applied or Applied(Outcome.GONE)

    def _swap(
        self, connection: Connection, sid: bytes, current: Record, changes: Changes
    ) -> Applied | None:
        """Write *current* with *changes*, if it still is what is stored; else return None."""
        seen = {
            "key": sid,
            "was": current.revision,
            "born": current.created_at,
            "now": clock.now(),
        }
        merged = merge(current, changes)
        if changes.move_to is None:
            changed = changed_columns(current, merged)
        else:
            # This row becomes the tombstone, the record gets a new one: where a key is left
            # and taken again at once, MySQL's locks run into each other.
            changed = columns(sid, tombstone(clock.now(), changes.move_to))
            del changed["sid"]
        if not self._do.update(tuple(changed)).count(connection, {**changed, **seen}):
            return None
        if changes.move_to is not None:
            self._do.insert.count(connection, columns(changes.move_to, merged))
        return Applied(Outcome.SAVED, merged)

    def _remove(self, connection: Connection, sid: bytes) -> bool:
        while True:
            if self._do.delete_alive.count(connection, {"key": sid, "now": clock.now()}):
                return True
            row = self._read(connection, sid)
            if row is None or row.is_expired or not row.is_tombstone:
                return False
            sid = row.moved_to

    def _purge(self, connection: Connection, limit: int) -> int:
        # Two statements: MySQL has no LIMIT in a subquery of DELETE. A record that is
        # used in between has a new expiry, and the second condition spares it.
        now, limit = clock.now(), min(limit, _MOST_PURGED)
        sids = connection.scalars(self._do.select_expired, {"now": now, "limit": limit}).all()
        if not sids:
            return 0
        return connection.execute(self._do.delete_batch, {"sids": sids, "now": now}).rowcount


class _Statements:
    """The statements on one sessions table."""

    def __init__(self, table: Table) -> None:
        c = table.c
        here = c.sid == bindparam("key")
        now: BindParameter[int] = bindparam("now")
        alive, expired = c.expires_at > now, c.expires_at <= now
        self._table = table
        # With its birth: revisions of a sid that is used again begin again.
        born = c.created_at == bindparam("born")
        self._seen = here & (c.revision == bindparam("was")) & born & alive
        self._updates: dict[tuple[str, ...], Statement] = {}
        row = select(*(c[name] for name in StoredRow._fields)).where(here)
        self.select = Statement(row)
        self.select_locked = Statement(row.with_for_update())
        self.insert = Statement(insert(table))
        self.delete_alive = Statement(delete(table).where(here, c.revision > 0, alive))
        self.delete_expired = Statement(delete(table).where(here, expired))
        self.begin, self.begin_immediate = (
            Statement(text("BEGIN")),
            Statement(text("BEGIN IMMEDIATE")),
        )
        self.commit, self.rollback = Statement(text("COMMIT")), Statement(text("ROLLBACK"))
        self.count_expired = select(func.count()).where(expired)
        self.select_expired = select(c.sid).where(expired).limit(bindparam("limit"))
        self.delete_batch = delete(table).where(
            c.sid.in_(bindparam("sids", expanding=True)), expired
        )

    def update(self, names: tuple[str, ...]) -> Statement:
        """Return the swap that writes the columns *names*."""
        if names not in self._updates:
            values: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in names}
            self._updates[names] = Statement(update(self._table).where(self._seen).values(values))
        return self._updates[names]


def _alive(row: StoredRow | None) -> Record | None:
    if row is None or row.is_tombstone or row.is_expired:
        return None
    return row.record()


def _may_lack_table(error: DatabaseError) -> bool:
    # Each driver has a class of its own for it; the inspector has the last word.
    return not isinstance(error, IntegrityError) and not error.connection_invalidated


def _parse(source: str | URL) -> URL:
    try:
        url = make_url(source)
    except ArgumentError as error:
        raise ConfigError.of("SESSION_STORE", source, "a URL that SQLAlchemy reads") from error
    if is_in_memory(url):
        raise ConfigError.of("SESSION_STORE", str(source), "a database with a file, or 'memory://'")
    return url
