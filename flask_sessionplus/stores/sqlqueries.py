"""The statements of the SQL store."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, Table, bindparam, delete, insert, select, text, update

from .sqllink import Link
from .sqlrows import StoredRow
from .sqlstatement import Statement
from .sqlvalues import Values


class Queries:
    """The statements on one sessions table, and those on its table of values.

    They belong to one engine.
    """

    def __init__(self, table: Table, values: Table) -> None:
        c = table.c
        here = c.sid == bindparam("key")
        now: BindParameter[int] = bindparam("now")
        is_alive, is_expired = c.expires_at > now, c.expires_at <= now
        is_small = c.beside.is_(None)
        self.table = table
        self.values = Values(values)
        # With its birth: revisions of a sid that is used again begin again.
        born = c.created_at == bindparam("born")
        #: The condition for a swap.
        self.as_seen = here & (c.revision == bindparam("was")) & born & is_alive
        self._updates: dict[tuple[str, ...], Statement] = {}
        columns = [c[name] for name in StoredRow._fields]
        row = select(*columns).where(here)
        self.select = Statement(row)
        self.select_locked = Statement(row.with_for_update())
        self.insert = Statement(insert(table))
        is_session = here & (c.revision > 0) & is_alive
        self.delete_small = Statement(delete(table).where(is_session, is_small))
        self.delete_alive = Statement(delete(table).where(is_session))
        self.delete_small_expired = Statement(delete(table).where(here, is_expired, is_small))
        self.delete_expired = Statement(delete(table).where(here, is_expired))
        self.begin, self.begin_immediate = _words("BEGIN"), _words("BEGIN IMMEDIATE")
        self.commit, self.rollback = _words("COMMIT"), _words("ROLLBACK")

    def update(self, names: tuple[str, ...]) -> Statement:
        """Return the swap that writes the columns *names*."""
        if names not in self._updates:
            values: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in names}
            self._updates[names] = Statement(update(self.table).where(self.as_seen).values(values))
        return self._updates[names]

    def read(self, link: Link, sid: bytes) -> StoredRow | None:
        """Return the row of *sid*."""
        row = self.select.first(link, {"key": sid})
        return None if row is None else StoredRow(*row)


def _words(sql: str) -> Statement:
    return Statement(text(sql))
