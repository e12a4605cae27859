"""A swap: what takes the place of a record, if that still is what was seen."""

from __future__ import annotations

from typing import Any

from .. import clock
from ..record import Changes, Record, merge, spread, tombstone
from .sqllink import Link
from .sqlpostgresql import CompoundQueries
from .sqlqueries import Queries
from .sqlrows import changed_columns, columns, left_columns
from .sqlvalues import check_packet


class Swap:
    """Puts what *changes* make of *old* in the place of *old*, the record of *sid*."""

    def __init__(self, sid: bytes, old: Record, changes: Changes) -> None:
        self.sid = sid
        self.old = old
        self.target = changes.move_to
        #: The record as it will be stored, and the values that will be written beside it.
        self.new, self.puts = spread(merge(old, changes))
        kept = self.new.beside
        #: The names whose values lay beside the old record, and do so no longer.
        self.drops = [name for name in old.beside if name not in kept] if old.beside else []

    @property
    def is_plain(self) -> bool:
        """Whether it takes no more than one row."""
        return self.target is None and not self.puts and not self.drops

    def seen(self) -> dict[str, Any]:
        """Return the parameters of the condition."""
        old = self.old
        return {
            "key": self.sid,
            "was": old.revision,
            "born": old.created_at,
            "now": clock.now(),
        }

    def columns(self) -> dict[str, Any]:
        """Return what is to be written into the row."""
        if self.target is None:
            return changed_columns(self.old, self.new)
        # This row becomes the tombstone, the record gets a new one: where a key is left
        # and taken again at once, MySQL's locks run into each other.
        return left_columns(tombstone(clock.now(), self.target))

    def run(self, link: Link, queries: Queries, compound: CompoundQueries | None) -> bool:
        """Do it; return False, and write nothing, if the record is no longer what was seen.

        If it is not plain and the database has no *compound* statements, it needs a
        transaction of the caller's.

        :raises sqlalchemy.exc.IntegrityError: if the new place is in use.
        """
        changed = self.columns()
        if "data" in changed:
            check_packet(link, changed["data"])
        if self.is_plain:
            update = queries.update(tuple(changed))
            changed.update(self.seen())
            return bool(update.count(link, changed))
        if compound is not None:
            return compound.swap(link, self, changed)
        return self._run_in_steps(link, queries, changed)

    def _run_in_steps(self, link: Link, queries: Queries, changed: dict[str, Any]) -> bool:
        sid, values = self.sid, queries.values
        if not queries.update(tuple(changed)).count(link, {**changed, **self.seen()}):
            return False
        if not self.new.beside:
            if self.drops:
                values.remove_all(link, sid)
        else:
            values.remove(link, sid, self.drops)
        if self.target is not None:
            row = columns(self.target, self.new)
            check_packet(link, row["data"])
            queries.insert.count(link, row)
            if len(self.new.beside) > len(self.puts):
                values.carry(link, sid, self.target)
            elif self.old.beside:
                values.remove_all(link, sid)
        values.put(link, self.target or sid, self.puts)
        return True
