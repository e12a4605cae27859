"""Between a record and its rows."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, NamedTuple
from zlib import crc32

from .. import clock
from ..errors import DamagedRecord
from ..record import Record, pack_values, unpack_values

# Packed values begin with their version, 1; a tombstone's data with this, and the new sid.
_TOMBSTONE = b"\x00"

_CHECKSUM_BYTES = 4


class StoredRow(NamedTuple):
    """The columns of one row but its sid, in the order they are selected in."""

    owner: Any
    created_at: int
    seen_at: int
    # SQLite keeps what it is given, and somebody else may have given it.
    expires_at: Any
    revision: Any
    beside: int | None
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
        data = self.data
        if not isinstance(data, bytes):
            data = _as_bytes(data)
        values, beside = unpack_values(data)
        owner = self.owner
        return Record(
            self.created_at,
            self.seen_at,
            self.expires_at,
            values,
            self.revision,
            "" if owner is None else _decode(owner),
            b"",
            beside,
        )


def alive(row: StoredRow | None) -> Record | None:
    """Return the record of *row*, if it is one that lives."""
    if row is None or row.is_tombstone or row.is_expired:
        return None
    return row.record()


def columns(sid: bytes, record: Record) -> dict[str, Any]:
    """Return all columns of *record*."""
    is_tombstone = bool(record.moved_to)
    return {
        "sid": sid,
        "owner": encode_owner(record.owner),
        "created_at": record.created_at,
        "seen_at": record.seen_at,
        "expires_at": record.expires_at,
        "revision": record.revision,
        "beside": _size_beside(record),
        "data": _TOMBSTONE + record.moved_to if is_tombstone else pack_values(record),
    }


def left_columns(tombstone: Record) -> dict[str, Any]:
    """Return the columns of *tombstone* that make one of a row; the others do not matter."""
    return {
        "owner": None,
        "expires_at": tombstone.expires_at,
        "revision": tombstone.revision,
        "beside": None,
        "data": _TOMBSTONE + tombstone.moved_to,
    }


def changed_columns(old: Record, new: Record) -> dict[str, Any]:
    """Return the columns that differ: an index is left alone if it can be."""
    changed: dict[str, Any] = {"revision": new.revision}
    if old.created_at != new.created_at:
        changed["created_at"] = new.created_at
    if old.seen_at != new.seen_at:
        changed["seen_at"] = new.seen_at
    if old.expires_at != new.expires_at:
        changed["expires_at"] = new.expires_at
    if old.owner != new.owner:
        changed["owner"] = encode_owner(new.owner)
    if old.beside != new.beside:
        changed["beside"] = _size_beside(new)
        changed["data"] = pack_values(new)
    elif old.values != new.values:
        changed["data"] = pack_values(new)
    return changed


def encode_owner(owner: str) -> bytes | None:
    """Return *owner* as it is stored; None for nobody."""
    return owner.encode("utf-8", "surrogatepass") if owner else None


def key_of(name: str) -> bytes:
    """Return what stands for *name* in the table of values."""
    return sha256(name.encode("utf-8", "surrogatepass")).digest()


def pack_value(data: bytes) -> bytes:
    """Return *data* with a checksum, as it lies beside a record."""
    return crc32(data).to_bytes(_CHECKSUM_BYTES, "big") + data


def unpack_value(packed: Any) -> bytes:
    """Return what :func:`pack_value` packed.

    :raises DamagedRecord: if a bit is wrong.
    """
    whole = _as_bytes(packed)
    data = whole[_CHECKSUM_BYTES:]
    if whole[:_CHECKSUM_BYTES] != crc32(data).to_bytes(_CHECKSUM_BYTES, "big"):
        raise DamagedRecord("A stored value is damaged. Remove its session, or let it expire.")
    return data


def _as_bytes(data: Any) -> bytes:
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise DamagedRecord("A row of the session tables holds no bytes. Remove it.")
    return bytes(data)


def _decode(owner: Any) -> str:
    try:
        return _as_bytes(owner).decode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise DamagedRecord("A row of the sessions table names no owner. Remove it.") from error


def _size_beside(record: Record) -> int | None:
    return sum(record.beside.values()) if record.beside else None
