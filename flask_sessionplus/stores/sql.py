"""Records in a table: SQLite, PostgreSQL, MySQL and MariaDB, by SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import (
    BindParameter,
    Connection,
    Engine,
    MetaData,
    Update,
    bindparam,
    delete,
    func,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    IntegrityError,
    SQLAlchemyError,
)

from .. import clock
from ..errors import ConfigError, StoreNotReady
from ..record import (
    Changes,
    Record,
    is_expected,
    merge,
    pack_values,
    tombstone,
    unpack_values,
)
from .base import Applied, Miss, Outcome, Preparable, Purgeable, Store
from .sqlengine import Connections, describe, is_in_memory, make_engine
from .sqltable import DEFAULT_NAME, sessions_table

T = TypeVar("T")

# SQLAlchemy 2.0 and 2.1 disagree about the parameters of Row.
_Row: TypeAlias = Any

# Swaps that are tried before a lock is taken, which always gets through.
_OPTIMISTIC_TRIES = 3

# Packed values begin with their version, 1; a tombstone's data with this, and the new sid.
_TOMBSTONE = b"\x00"


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
            self._connections = Connections(lambda: source, is_own=False)
        else:
            self._connections = Connections(source, is_own=False)
        self.table = sessions_table(MetaData(), table, schema)
        self._write_statements()

    @property
    def engine(self) -> Engine:
        """The engine, in autocommit; for an engine of the app's, a view of it."""
        return self._connections.engine

    def load(self, sid: bytes) -> Record | Miss:
        row = self._run(lambda connection: self._read(connection, sid), may_repeat=True)
        if row is None:
            return Miss.UNKNOWN
        is_tombstone = row.revision == 0
        if row.expires_at <= clock.now():
            return Miss.UNKNOWN if is_tombstone else Miss.EXPIRED
        return Miss.MOVED if is_tombstone else _record(row)

    def create(self, sid: bytes, record: Record) -> bool:
        return self._run(lambda connection: self._insert(connection, sid, record))

    def apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        return self._run(lambda connection: self._apply(connection, sid, seen, changes))

    def delete(self, sid: bytes) -> bool:
        return self._run(lambda connection: self._remove(connection, sid))

    def purge(self, limit: int) -> int:
        return self._run(lambda connection: self._purge(connection, limit))

    def count_expired(self) -> int:
        statement = select(func.count()).where(self.table.c.expires_at <= clock.now())
        return self._run(lambda connection: int(connection.scalar(statement) or 0))

    def prepare(self) -> None:
        """Make the table, if there is none."""
        try:
            self.table.create(self.engine, checkfirst=True)
        except SQLAlchemyError as error:
            # Another process may have made it since we looked.
            if not self._has_table():
                raise describe(error) from error

    def _run(self, work: Callable[[Connection], T], may_repeat: bool = False) -> T:
        try:
            return self._connections.run(work, may_repeat)
        except DatabaseError as error:
            if not _may_lack_table(error) or self._has_table():
                raise describe(error) from error
            if self.engine.dialect.name != "sqlite":
                raise StoreNotReady(
                    f"The table {self.table.fullname!r} does not exist. Make it with `flask"
                    " session init`, or put sessions_table(metadata) into your migrations."
                ) from error
        except SQLAlchemyError as error:
            raise describe(error) from error
        self.prepare()
        return self._run(work)

    def _has_table(self) -> bool:
        try:
            return inspect(self.engine).has_table(self.table.name, schema=self.table.schema)
        except SQLAlchemyError as error:
            raise describe(error) from error

    def _read(self, connection: Connection, sid: bytes) -> _Row | None:
        return connection.execute(self._select, {"key": sid}).first()

    def _insert(self, connection: Connection, sid: bytes, record: Record) -> bool:
        values = {**_columns(record), "sid": sid}
        try:
            connection.execute(self._insert_row, values)
        except IntegrityError:
            if not connection.execute(
                self._delete_expired, {"key": sid, "now": clock.now()}
            ).rowcount:
                return False
            connection.execute(self._insert_row, values)
        return True

    def _apply(self, connection: Connection, sid: bytes, seen: Record, changes: Changes) -> Applied:
        if changes.move_to is not None:
            return self._in_transaction(connection, sid, changes)
        current: Record | None = seen
        for _ in range(_OPTIMISTIC_TRIES):
            if current is None:
                return Applied(Outcome.GONE)
            # What the caller saw may be old: only what was just read is a conflict.
            if is_expected(current, changes):
                applied = self._swap(connection, sid, current, changes)
                if applied is not None:
                    return applied
            elif current is not seen:
                return Applied(Outcome.CONFLICT, current)
            current = self._alive(self._read(connection, sid))
        return self._in_transaction(connection, sid, changes)

    def _in_transaction(self, connection: Connection, sid: bytes, changes: Changes) -> Applied:
        """Lock the row first: slower, but nobody can come between."""
        is_sqlite = connection.dialect.name == "sqlite"
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_sqlite else "BEGIN")
        try:
            applied = self._apply_locked(connection, sid, changes)
        except IntegrityError:
            connection.exec_driver_sql("ROLLBACK")
            return Applied(Outcome.TAKEN)
        except BaseException:
            # The server may be gone: whatever this connection has begun ends with it.
            connection.invalidate()
            raise
        connection.exec_driver_sql("COMMIT")
        return applied

    def _apply_locked(self, connection: Connection, sid: bytes, changes: Changes) -> Applied:
        row = connection.execute(self._select_locked, {"key": sid}).first()
        current = self._alive(row)
        if current is None:
            return Applied(Outcome.GONE)
        if not is_expected(current, changes):
            return Applied(Outcome.CONFLICT, current)
        applied = self._swap(connection, sid, current, changes)
        assert applied is not None
        if changes.move_to is not None and applied.outcome is Outcome.SAVED:
            stone = tombstone(clock.now(), changes.move_to)
            connection.execute(self._insert_row, {**_columns(stone), "sid": sid})
        return applied

    def _swap(
        self, connection: Connection, sid: bytes, current: Record, changes: Changes
    ) -> Applied | None:
        """Write *current* with *changes*, if it still is what is stored; else return None."""
        where = {"key": sid, "was": current.revision, "now": clock.now()}
        merged = merge(current, changes)
        if merged is None:
            removed = connection.execute(self._delete_seen, where)
            return Applied(Outcome.EMPTIED) if removed.rowcount else None
        columns = _changed_columns(current, merged)
        if changes.move_to is not None:
            columns["sid"] = changes.move_to
        statement = self._update_statement(tuple(columns))
        written = connection.execute(statement, {**columns, **where})
        return Applied(Outcome.SAVED, merged) if written.rowcount else None

    def _remove(self, connection: Connection, sid: bytes) -> bool:
        while True:
            parameters = {"key": sid, "now": clock.now()}
            if connection.execute(self._delete_alive, parameters).rowcount:
                return True
            row = self._read(connection, sid)
            if row is None or row.revision:
                return False
            sid = row.data[1:]

    def _purge(self, connection: Connection, limit: int) -> int:
        # Two statements: MySQL has no LIMIT in a subquery of DELETE. A record that is
        # used in between has a new expiry, and the second condition spares it.
        now = clock.now()
        found = connection.execute(self._select_expired, {"now": now, "limit": limit})
        sids = [row.sid for row in found]
        if not sids:
            return 0
        return connection.execute(self._delete_batch, {"sids": sids, "now": now}).rowcount

    def _alive(self, row: _Row | None) -> Record | None:
        if row is None or row.revision == 0 or row.expires_at <= clock.now():
            return None
        return _record(row)

    def _update_statement(self, columns: tuple[str, ...]) -> Update:
        """Return the swap that writes only *columns*: an index is left alone if it can be."""
        if columns not in self._updates:
            self._updates[columns] = (
                update(self.table).where(self._seen).values({n: bindparam(n) for n in columns})
            )
        return self._updates[columns]

    def _write_statements(self) -> None:
        """Build each statement once, so that SQLAlchemy finds it compiled."""
        table, c = self.table, self.table.c
        here = c.sid == bindparam("key")
        now: BindParameter[int] = bindparam("now")
        alive = c.expires_at > now
        self._seen = here & (c.revision == bindparam("was")) & alive
        self._updates: dict[tuple[str, ...], Update] = {}
        columns = (c.owner, c.created_at, c.seen_at, c.expires_at, c.revision, c.data)
        self._select = select(*columns).where(here)
        self._select_locked = self._select.with_for_update()
        self._insert_row = insert(table)
        self._delete_seen = delete(table).where(self._seen)
        self._delete_alive = delete(table).where(here & (c.revision > 0) & alive)
        self._delete_expired = delete(table).where(here & (c.expires_at <= now))
        self._select_expired = select(c.sid).where(c.expires_at <= now).limit(bindparam("limit"))
        self._delete_batch = delete(table).where(
            c.sid.in_(bindparam("sids", expanding=True)) & (c.expires_at <= now)
        )


def _columns(record: Record) -> dict[str, Any]:
    if record.moved_to:
        data = _TOMBSTONE + record.moved_to
    else:
        data = pack_values(record.values)
    return {
        "owner": record.owner or None,
        "created_at": record.created_at,
        "seen_at": record.seen_at,
        "expires_at": record.expires_at,
        "revision": record.revision,
        "data": data,
    }


def _changed_columns(old: Record, new: Record) -> dict[str, Any]:
    columns: dict[str, Any] = {"revision": new.revision}
    for name in ("created_at", "seen_at", "expires_at"):
        if getattr(old, name) != getattr(new, name):
            columns[name] = getattr(new, name)
    if old.owner != new.owner:
        columns["owner"] = new.owner or None
    if old.values != new.values:
        columns["data"] = pack_values(new.values)
    return columns


def _record(row: _Row) -> Record:
    owner, created_at, seen_at, expires_at, revision, data = row
    values = unpack_values(bytes(data))
    return Record(created_at, seen_at, expires_at, values, revision, owner or "")


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
