"""Values that lie beside their records, in a table of their own."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Table, any_, bindparam, delete, select, update
from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.types import ARRAY, LargeBinary

from ..errors import SessionTooLarge
from .sqllink import Link
from .sqlrows import key_of, pack_value, unpack_value
from .sqlstatement import Statement

#: An array of bytes, for PostgreSQL.
BYTES = ARRAY(LargeBinary)

# What a MySQL server takes at least, in bytes; and what the rest of a statement may take.
_SMALL_PACKET = 500_000
_REST_OF_PACKET = 4_096

# With these MySQL's drivers write two bytes for one.
_ESCAPED = b"\x00\n\r\x1a\"'\\"


class Values:
    """The statements on a table of values."""

    def __init__(self, table: Table) -> None:
        c = table.c
        self.table = table
        here = c.sid == bindparam("key")
        self._select_any = Statement(
            select(c.name, c.data).where(here, c.name == any_(bindparam("names", type_=BYTES)))
        )
        self._selects: dict[int, Statement] = {}
        self._put = {name: Statement(_upsert(name, table)) for name in ("sqlite", "mysql")}
        self._delete_one = Statement(delete(table).where(here, c.name == bindparam("which")))
        self._delete_all = Statement(delete(table).where(here))
        self._carry = Statement(update(table).where(here).values(sid=bindparam("target")))

    def fetch(self, link: Link, sid: bytes, names: Collection[str]) -> dict[str, bytes]:
        """Return the values of *names*, without those that are not there. One statement."""
        keys = {key_of(name): name for name in names}
        if not keys:
            return {}
        if link.name == "postgresql":
            rows = self._select_any.all(link, {"key": sid, "names": list(keys)})
        else:
            rows = self._select_some(link, sid, list(keys))
        return {keys[bytes(key)]: unpack_value(data) for key, data in rows}

    def put(self, link: Link, sid: bytes, values: Mapping[str, bytes]) -> None:
        """Write *values*, in a transaction of the caller's. Not for PostgreSQL."""
        put = self._put["sqlite" if link.name == "sqlite" else "mysql"]
        for name, data in values.items():
            packed = pack_value(data)
            check_packet(link, packed)
            put.count(link, {"sid": sid, "name": key_of(name), "data": packed})

    def remove(self, link: Link, sid: bytes, names: Iterable[str]) -> None:
        """Remove the values of *names*, in a transaction of the caller's."""
        for name in names:
            self._delete_one.count(link, {"key": sid, "which": key_of(name)})

    def remove_all(self, link: Link, sid: bytes) -> None:
        """Remove all values of *sid*, in a transaction of the caller's."""
        self._delete_all.count(link, {"key": sid})

    def carry(self, link: Link, sid: bytes, target: bytes) -> None:
        """Let all values of *sid* be those of *target*, in a transaction of the caller's."""
        self._carry.count(link, {"key": sid, "target": target})

    def _select_some(self, link: Link, sid: bytes, keys: list[bytes]) -> Any:
        # A power of two, so that there are few different statements.
        size = 1 << (len(keys) - 1).bit_length()
        if size not in self._selects:
            c = self.table.c
            some = c.name.in_([bindparam(f"name_{n}") for n in range(size)])
            self._selects[size] = Statement(
                select(c.name, c.data).where(c.sid == bindparam("key"), some)
            )
        keys += [keys[0]] * (size - len(keys))
        parameters = {f"name_{n}": key for n, key in enumerate(keys)}
        return self._selects[size].all(link, {"key": sid, **parameters})


def check_packet(link: Link, data: bytes) -> None:
    """Refuse *data* if a MySQL server would end the connection for its size.

    :raises SessionTooLarge: telling the setting of the server.
    """
    if len(data) <= _SMALL_PACKET or link.name not in ("mysql", "mariadb"):
        return
    limit = link.connection.exec_driver_sql("SELECT @@max_allowed_packet").scalar_one()
    size = len(data) + sum(map(data.count, _ESCAPED)) + _REST_OF_PACKET
    if size > int(limit):
        raise SessionTooLarge(
            f"The session database takes at most {limit} bytes at once, and a part of the session"
            f" would need {size}. Nothing was saved: raise max_allowed_packet of the server, or"
            " keep large things elsewhere and only their key in the session."
        )


def _upsert(database: str, table: Table) -> Any:
    if database == "mysql":
        row = mysql.insert(table)
        return row.on_duplicate_key_update(data=row.inserted.data)
    other = sqlite.insert(table)
    return other.on_conflict_do_update(["sid", "name"], set_={"data": other.excluded.data})
