"""The calls that write to the SQL store, each of which may go on on another connection.

If a connection dies, nobody knows whether what was sent last has been done. A job is
then called once more, on a new connection, and finds out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError

from .. import clock
from ..errors import SessionPlusError, StoreUnavailable
from ..record import Changes, Record, expected_beside, is_expected, spread
from .base import Applied, Outcome
from .sqllink import Link
from .sqlpostgresql import CompoundQueries
from .sqlqueries import Queries
from .sqlrows import StoredRow, alive, columns
from .sqlswap import Swap
from .sqlvalues import check_packet

T = TypeVar("T")

# Swaps that are tried before a lock is taken, which always gets through.
_OPTIMISTIC_TRIES = 3


@contextmanager
def transaction(link: Link, queries: Queries) -> Iterator[None]:
    """Do what the block does as one, or nothing of it."""
    begin = queries.begin_immediate if link.name == "sqlite" else queries.begin
    begin.count(link, {})
    try:
        yield
        queries.commit.count(link, {})
    except (SessionPlusError, DBAPIError) as error:
        if not getattr(error, "connection_invalidated", False):
            _roll_back(link, queries)
        raise


def _roll_back(link: Link, queries: Queries) -> None:
    try:
        queries.rollback.count(link, {})
    except DBAPIError:
        # SQLite has done so by itself; else all that was begun ends with the connection.
        link.connection.invalidate()


class _Job(Generic[T]):
    """Something to do, which is called again if it was cut off."""

    def __init__(self, queries: Queries) -> None:
        self._do = queries
        # Whether a connection died under it.
        self._was_cut = False

    def __call__(self, link: Link) -> T:
        try:
            return self._run(link)
        except DBAPIError as error:
            self._was_cut |= error.connection_invalidated
            raise

    def _run(self, link: Link) -> T:
        raise NotImplementedError


class Create(_Job[bool]):
    """One call of :meth:`.Store.create`."""

    def __init__(
        self, queries: Queries, compound: CompoundQueries, sid: bytes, record: Record
    ) -> None:
        super().__init__(queries)
        self._compound = compound
        self._sid = sid
        self._record, self._puts = spread(record)

    def _run(self, link: Link) -> bool:
        try:
            self._insert(link)
        except IntegrityError:
            if self._was_cut and self._is_ours(link):
                return True
            # Once more, even if nothing expired was there: others remove it as well.
            free_place(link, self._do, self._sid)
            try:
                self._insert(link)
            except IntegrityError:
                return False
        return True

    def _insert(self, link: Link) -> None:
        row = columns(self._sid, self._record)
        check_packet(link, row["data"])
        if not self._puts:
            self._do.insert.count(link, row)
        elif link.name == "postgresql":
            self._compound.create(link, self._sid, row, self._puts)
        else:
            with transaction(link, self._do):
                self._do.insert.count(link, row)
                self._do.values.put(link, self._sid, self._puts)

    def _is_ours(self, link: Link) -> bool:
        row = self._do.read(link, self._sid)
        ours = columns(self._sid, self._record)
        return row is not None and row == StoredRow(**{n: ours[n] for n in StoredRow._fields})


class Delete(_Job[bool]):
    """One call of :meth:`.Store.delete`."""

    def __init__(self, queries: Queries, sid: bytes) -> None:
        super().__init__(queries)
        self._sid = sid

    def _run(self, link: Link) -> bool:
        if self._remove(link, self._sid):
            return True
        if self._was_cut:
            raise _unknown()
        return False

    def _remove(self, link: Link, sid: bytes) -> bool:
        while True:
            if self._do.delete_small.count(link, {"key": sid, "now": clock.now()}):
                return True
            row = self._do.read(link, sid)
            if row is None or row.is_expired:
                return False
            if row.is_tombstone:
                sid = row.moved_to
            elif self._remove_large(link, sid):
                return True

    def _remove_large(self, link: Link, sid: bytes) -> bool:
        with transaction(link, self._do):
            if not self._do.delete_alive.count(link, {"key": sid, "now": clock.now()}):
                return False
            self._do.values.remove_all(link, sid)
        return True


class Apply(_Job[Applied]):
    """One call of :meth:`.Store.apply`."""

    def __init__(
        self,
        queries: Queries,
        compound: CompoundQueries,
        sid: bytes,
        seen: Record,
        changes: Changes,
    ) -> None:
        super().__init__(queries)
        self._compound = compound
        self._sid = sid
        self._seen = seen
        self._changes = changes
        # What was sent last, unless the answer was that it is not stored.
        self._sent: Record | None = None

    def _run(self, link: Link) -> Applied:
        sent, self._sent = self._sent, None
        if self._was_cut and sent is not None:
            applied = self._find_out(link, sent)
            if applied is not None:
                return applied
        current = self._seen
        for _ in range(_OPTIMISTIC_TRIES):
            # What the caller saw may be old: only what was just read is a conflict.
            if self._is_expected(link, current):
                swap = Swap(self._sid, current, self._changes)
                if not swap.is_plain and link.name != "postgresql":
                    break
                applied = self._try(link, swap)
                if applied is not None:
                    return applied
            elif current is not self._seen:
                return self._conflict(current)
            stored = alive(self._do.read(link, self._sid))
            if stored is None:
                return Applied(Outcome.GONE)
            current = stored
        return self._locked(link, current)

    def _is_expected(self, link: Link, current: Record) -> bool:
        names = expected_beside(current, self._changes)
        if not names:
            return is_expected(current, self._changes)
        # Who changes such a value swaps the row, so the swap fails if it has changed since.
        return is_expected(current, self._changes, self._do.values.fetch(link, self._sid, names))

    def _try(self, link: Link, swap: Swap) -> Applied | None:
        """Swap in a statement of its own; return None if the record was another one."""
        try:
            return self._swap(link, swap)
        except IntegrityError:
            if swap.target is None:
                raise
            # An expired record may lie in the new place: that counts as free.
            if not free_place(link, self._do, swap.target):
                return Applied(Outcome.TAKEN)
            return self._try(link, swap)

    def _swap(self, link: Link, swap: Swap) -> Applied | None:
        compound = self._compound if link.name == "postgresql" else None
        self._sent = swap.new
        if swap.run(link, self._do, compound):
            return Applied(Outcome.SAVED, swap.new)
        self._sent = None
        return None

    def _locked(self, link: Link, current: Record) -> Applied:
        try:
            with transaction(link, self._do):
                applied = self._swap_locked(link, current)
        except IntegrityError:
            target = self._changes.move_to
            if target is None:
                raise
            if not free_place(link, self._do, target):
                return Applied(Outcome.TAKEN)
            return self._locked(link, current)
        return applied

    def _swap_locked(self, link: Link, seen: Record) -> Applied:
        # What MySQL reads in a transaction stays as it was at the first look, so that must
        # not be one at values, before the row is locked.
        is_sure = not expected_beside(seen, self._changes) and is_expected(seen, self._changes)
        if is_sure:
            applied = self._swap(link, Swap(self._sid, seen, self._changes))
            if applied is not None:
                return applied
        # Slower, but with the row locked nobody can come between.
        row = self._do.select_locked.first(link, {"key": self._sid})
        current = alive(None if row is None else StoredRow(*row))
        if current is None:
            return Applied(Outcome.GONE)
        if not self._is_expected(link, current):
            return self._conflict(current)
        swap = Swap(self._sid, current, self._changes)
        return self._swap(link, swap) or Applied(Outcome.GONE)

    def _conflict(self, current: Record) -> Applied:
        if self._was_cut:
            # It may be our own change that is in the way.
            raise _unknown()
        return Applied(Outcome.CONFLICT, current)

    def _find_out(self, link: Link, sent: Record) -> Applied | None:
        """Return what has become of *sent*; None: it was not stored, or can be sent again."""
        row = self._do.read(link, self._sid)
        target = self._changes.move_to
        if target is not None:
            if row is None or not row.is_tombstone or row.moved_to != target:
                return None
            moved = alive(self._do.read(link, target))
            return Applied(Outcome.GONE) if moved is None else Applied(Outcome.SAVED, moved)
        current = alive(row)
        if current is None:
            return Applied(Outcome.GONE)
        if not self._changes.expects:
            return Applied(Outcome.SAVED, current) if current == sent else None
        if current.revision >= sent.revision:
            # Others may have done the very same, so nothing tells whether it was us.
            raise _unknown()
        return None


def free_place(link: Link, queries: Queries, sid: bytes) -> bool:
    """Remove an expired record or tombstone at *sid*; return whether there was one."""
    place = {"key": sid, "now": clock.now()}
    if queries.delete_small_expired.count(link, place):
        return True
    with transaction(link, queries):
        if not queries.delete_expired.count(link, place):
            return False
        queries.values.remove_all(link, sid)
    return True


def _unknown() -> StoreUnavailable:
    return StoreUnavailable(
        "The connection to the session database was lost, and nobody knows whether a change was"
        " saved. Look at the database; let the client look before it tries again."
    )
