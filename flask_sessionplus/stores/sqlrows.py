"""Between a record and a row of the sessions table."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import clock
from ..errors import DamagedRecord
from ..record import Record, pack_values, unpack_values

# Packed values begin with their version, 1; a tombstone's data with this, and the new sid.
_TOMBSTONE = b"\x00"


class StoredRow(NamedTuple):
    """The columns of one row but its sid, in the order they are selected in."""

    owner: str | None
    created_at: int
    seen_at: int
    # SQLite keeps what it is given, and somebody else may have given it.
    expires_at: Any
    revision: Any
    data: Any

    @property
    def is_tombstone(self) -> bool:
        """Whether the session has moved on."""
        return bool(self.revision == 0)

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        if not isinstance(self.expires_at, int) or not isinstance(self.revision, int):
            raise DamagedRecord("A row of the sessions table holds no numbers. Remove it.")
        return self.expires_at <= clock.now()

    @property
    def moved_to(self) -> bytes:
        """The sid a tombstone points to."""
        return bytes(self.data[len(_TOMBSTONE) :])

    def record(self) -> Record:
        """Return the record.

        :raises DamagedRecord: if the data is none.
        """
        if not isinstance(self.data, (bytes, bytearray, memoryview)):
            raise DamagedRecord("A row of the sessions table holds no bytes. Remove it.")
        return Record(
            self.created_at,
            self.seen_at,
            self.expires_at,
            unpack_values(bytes(self.data)),
            self.revision,
            self.owner or "",
        )


def columns(sid: bytes, record: Record) -> dict[str, Any]:
    """Return all columns of *record*."""
    is_tombstone = bool(record.moved_to)
    return {
        "sid": sid,
        "owner": record.owner or None,
        "created_at": record.created_at,
        "seen_at": record.seen_at,
        "expires_at": record.expires_at,
        "revision": record.revision,
        "data": _TOMBSTONE + record.moved_to if is_tombstone else pack_values(record.values),
    }


def changed_columns(old: Record, new: Record) -> dict[str, Any]:
    """Return the columns that differ: an index is left alone if it can be."""
    changed: dict[str, Any] = {"revision": new.revision}
    for name in ("created_at", "seen_at", "expires_at"):
        if getattr(old, name) != getattr(new, name):
            changed[name] = getattr(new, name)
    if old.owner != new.owner:
        changed["owner"] = new.owner or None
    if old.values != new.values:
        changed["data"] = pack_values(new.values)
    return changed
