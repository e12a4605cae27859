"""What concerns many sessions at once: purging, owners, going through all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from sqlalchemy import BindParameter, Integer, Table, bindparam, delete, func, select, true

from .. import clock
from ..errors import DamagedRecord, StoreConflict
from ..record import Record
from .base import Page, Removed
from .cursors import cursor
from .sqljobs import transaction
from .sqllink import Link
from .sqlqueries import Queries
from .sqlrows import StoredRow, encode_owner

# PostgreSQL takes at most 65,535 parameters.
_MOST_AT_ONCE = 10_000

# Of sessions that have values beside them, fewer: each may have hundreds.
_LARGE_AT_ONCE = 100

# Sids that are read at once when all are gone through.
_PAGE = 500

# Bytes of a sid.
_SID = 32

# How often an owner's sessions may move on while they are being removed.
_ROUNDS = 100


class Many:
    """The statements on many sessions. They go SQLAlchemy's way: none is in every request."""

    def __init__(self, queries: Queries, table: Table, values: Table) -> None:
        c = table.c
        self._queries = queries
        now: BindParameter[int] = bindparam("now")
        is_alive, is_expired = c.expires_at > now, c.expires_at <= now
        is_session = is_alive & (c.revision > 0)
        mine = c.owner == bindparam("owner")
        self._count_expired = select(func.count()).select_from(table).where(is_expired)
        self._count_alive = select(func.count()).select_from(table).where(is_session)
        self._sids = (
            select(c.sid).where(c.sid > bindparam("last"), is_session).order_by(c.sid).limit(_PAGE)
        )
        row = [c[name] for name in StoredRow._fields]
        # In the statement itself: PostgreSQL plans for what it knows.
        limit: BindParameter[int] = bindparam("limit", type_=Integer, literal_execute=True)
        behind = c.sid > bindparam("last")
        self._records = select(c.sid, *row).where(behind, is_session).order_by(c.sid).limit(limit)
        self._owned = select(c.sid, *row).where(mine, is_session).order_by(c.seen_at.desc())
        low, high = c.sid >= bindparam("low"), c.sid <= bindparam("high")
        self._find = select(c.sid).where(low, high, is_session).limit(1)
        self._sids_of = select(c.sid, c.beside).where(mine, is_session)
        self._expired = select(c.sid, c.beside).where(is_expired).limit(bindparam("limit"))
        self._all = (
            select(c.sid, c.beside, is_session.label("is_alive"))
            .where(c.sid > bindparam("last"))
            .order_by(c.sid)
            .limit(_MOST_AT_ONCE)
        )
        self._remove_all = _Removal(queries, table, values, true())
        self._remove_expired = _Removal(queries, table, values, is_expired)
        self._remove_owned = _Removal(queries, table, values, mine & is_session)

    def count_expired(self, link: Link) -> int:
        """Return how many expired records there are."""
        return int(link.connection.scalar(self._count_expired, {"now": clock.now()}) or 0)

    def count(self, link: Link) -> int:
        """Return how many live records there are."""
        return int(link.connection.scalar(self._count_alive, {"now": clock.now()}) or 0)

    def sids(self, link: Link, last: bytes) -> list[bytes]:
        """Return some sids of live records behind *last*, in order."""
        given = {"last": last, "now": clock.now()}
        return [bytes(sid) for sid in link.connection.scalars(self._sids, given)]

    def records(self, link: Link, last: bytes, limit: int) -> Page:
        """Return *limit* live records behind *last*, in order, but for those that cannot be read.

        By the primary key, which is the only order that use does not change.
        """
        # One more, to know whether there is another page.
        given = {"last": last, "now": clock.now(), "limit": limit + 1}
        rows = link.connection.execute(self._records, given).all()
        after = cursor(bytes(rows[limit - 1].sid)) if len(rows) > limit else None
        return Page(_readable(rows[:limit]), after)

    def owned(self, link: Link, owner: str) -> list[tuple[bytes, Record]]:
        """Return the live records of *owner*, without those that cannot be read."""
        given = {"owner": encode_owner(owner), "now": clock.now()}
        return _readable(link.connection.execute(self._owned, given))

    def find(self, link: Link, half: bytes) -> bytes | None:
        """Return the sid of a live record that begins with *half*."""
        low, high = half.ljust(_SID, b"\x00"), half.ljust(_SID, b"\xff")
        given = {"low": low, "high": high, "now": clock.now()}
        sid = link.connection.scalar(self._find, given)
        return None if sid is None else bytes(sid)

    def delete_page(self, link: Link, last: bytes) -> tuple[Removed, bytes]:
        """Remove some records behind *last*, in order, expired ones and tombstones too.

        :return: what was removed, and the last of them.
        """
        given = {"last": last, "now": clock.now()}
        rows = link.connection.execute(self._all, given).all()
        self._remove_all.run(link, rows, {})
        alive = sum(bool(row.is_alive) for row in rows)
        return Removed(len(rows), alive), bytes(rows[-1].sid) if rows else last

    def delete_owned(self, link: Link, owner: str, spare: Collection[bytes]) -> int:
        """Remove the records of *owner*, but for those in *spare*."""
        removed, spared = 0, set(spare)
        for _ in range(_ROUNDS):
            given = {"owner": encode_owner(owner), "now": clock.now()}
            rows = link.connection.execute(self._sids_of, given).all()
            rows = [row for row in rows if bytes(row.sid) not in spared]
            done = self._remove_owned.run(link, rows, given)
            removed += done
            # Fewer: some have moved on in between, and are found under their new sids.
            if done == len(rows):
                return removed
        raise StoreConflict(
            "The sessions of an owner moved on again and again while they were being removed, and"
            " some are left. Do it once more."
        )

    def purge(self, link: Link, limit: int) -> int:
        """Remove at most *limit* expired records, and what lies beside them."""
        # Two statements: MySQL has no LIMIT in a subquery of DELETE. A record that is
        # used in between has a new expiry, and the second condition spares it.
        now = clock.now()
        given = {"now": now, "limit": min(limit, _MOST_AT_ONCE)}
        rows = link.connection.execute(self._expired, given).all()
        return self._remove_expired.run(link, rows, {"now": now})


class _Removal:
    """Removes sessions that were found, if they still are what was looked for.

    :param which: what they must be.
    """

    def __init__(self, queries: Queries, table: Table, values: Table, which: Any) -> None:
        c = table.c
        self._queries = queries
        sids: BindParameter[Any] = bindparam("sids", expanding=True)
        here = c.sid.in_(sids)
        self._delete_small = delete(table).where(here, which, c.beside.is_(None))
        # With the row locked nobody puts a value beside a record that is about to go.
        self._lock = select(c.sid).where(here, which).with_for_update()
        self._delete = delete(table).where(here)
        self._delete_values = delete(values).where(values.c.sid.in_(sids))

    def run(self, link: Link, rows: Collection[Any], given: dict[str, Any]) -> int:
        """Remove those of *rows*, each with its sid and what lies beside it; return how many."""
        small = [row.sid for row in rows if row.beside is None]
        large = [row.sid for row in rows if row.beside is not None]
        removed = 0
        for sids in _batches(small, _MOST_AT_ONCE):
            done = link.connection.execute(self._delete_small, {**given, "sids": sids})
            removed += done.rowcount
        for sids in _batches(large, _LARGE_AT_ONCE):
            removed += self._remove_large(link, {**given, "sids": sids})
        return removed

    def _remove_large(self, link: Link, given: dict[str, Any]) -> int:
        with transaction(link, self._queries):
            sids = link.connection.scalars(self._lock, given).all()
            if sids:
                link.connection.execute(self._delete_values, {"sids": sids})
                link.connection.execute(self._delete, {"sids": sids})
        return len(sids)


def _readable(rows: Iterable[Any]) -> list[tuple[bytes, Record]]:
    found = []
    for sid, *row in rows:
        try:
            found.append((bytes(sid), StoredRow(*row).record()))
        except DamagedRecord:
            # Its visitor is told, and the log; here it only must not hide the others.
            continue
    return found


def _batches(items: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
