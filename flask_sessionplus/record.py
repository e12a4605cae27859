"""What a store keeps of a session, and what a request does to it. Pure functions only.

Times are milliseconds since 1970-01-01 UTC. Values are bytes the codec made.

A name that begins with a control character is ours: code 0 for bookkeeping,
which does not count as content, 1 and 2 for flash messages.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import msgpack

from .errors import DamagedRecord

#: Names with this prefix say how a session is kept, not what it holds.
BOOKKEEPING = "\x00"

# How long an old sid answers "moved" after a rotation, in milliseconds: longer than
# a request that was sent before the new cookie came takes to arrive, no longer.
_TOMBSTONE_LIFETIME = 30_000

_FORMAT = b"\x01"
_UNREADABLE = (ValueError, TypeError, RecursionError)


@dataclass(slots=True)
class Record:
    """One stored session. Whoever holds one must not change it.

    :param revision: grows with every change; what compare-and-swap compares.
    :param owner: whose session it is, or ``""``.
    :param moved_to: makes it a tombstone: the session lives on under this sid.
    """

    created_at: int
    seen_at: int
    expires_at: int
    values: dict[str, bytes] = field(repr=False)
    revision: int = 1
    owner: str = ""
    moved_to: bytes = b""


@dataclass(slots=True)
class Changes:
    """What one request did to a record.

    :param sets: names with their new bytes.
    :param updates: the same, but only for names that are there: what was changed inside
        and not assigned must not bring back what another request has removed.
    :param removals: names to remove; ``sets`` wins where both have one.
    :param expects: names with the bytes they must have now (None: absent); else
        nothing is written and the outcome is CONFLICT.
    :param expires_at: the new expiry; None leaves it.
    :param seen_at: when the session was used; None leaves it.
    :param owner: the new owner, ``""`` for nobody; None leaves it.
    :param move_to: the new sid; the old one answers "moved" for a short time.
    :param restart_at: forget all values and the owner, and begin anew at this time.
    """

    sets: dict[str, bytes] = field(default_factory=dict, repr=False)
    removals: Collection[str] = ()
    expects: dict[str, bytes | None] = field(default_factory=dict, repr=False)
    expires_at: int | None = None
    seen_at: int | None = None
    owner: str | None = None
    move_to: bytes | None = None
    restart_at: int | None = None
    updates: dict[str, bytes] = field(default_factory=dict, repr=False)


def is_expected(record: Record, changes: Changes) -> bool:
    """Tell whether *record* has what *changes* expects of it."""
    expects = changes.expects
    return not expects or all(record.values.get(name) == data for name, data in expects.items())


def has_content(values: Iterable[str]) -> bool:
    """Tell whether there is more than bookkeeping among the names of *values*."""
    return any(not name.startswith(BOOKKEEPING) for name in values)


def merge(record: Record, changes: Changes) -> Record:
    """Return *record* with *changes*. Neither is modified."""
    restart = changes.restart_at
    values = record.values.copy() if restart is None else {}
    for name in changes.removals:
        values.pop(name, None)
    for name, data in changes.updates.items():
        if name in values:
            values[name] = data
    values.update(changes.sets)
    owner = changes.owner
    if owner is None:
        owner = record.owner if restart is None else ""
    return Record(
        created_at=record.created_at if restart is None else restart,
        seen_at=record.seen_at if changes.seen_at is None else changes.seen_at,
        expires_at=record.expires_at if changes.expires_at is None else changes.expires_at,
        values=values,
        revision=record.revision + 1,
        owner=owner,
    )


def tombstone(now: int, moved_to: bytes) -> Record:
    """Return what is left under the old sid when a session moves at *now*.

    Its revision is 0, which no record has: a swap against it never succeeds.
    """
    return Record(now, now, now + _TOMBSTONE_LIFETIME, {}, revision=0, moved_to=moved_to)


def pack_values(values: dict[str, bytes]) -> bytes:
    """Return *values* as bytes, with a version and a checksum."""
    return _frame(msgpack.packb(values, unicode_errors="surrogatepass"))


def unpack_values(data: bytes) -> dict[str, bytes]:
    """Return what :func:`pack_values` packed.

    :raises DamagedRecord: if a bit is wrong, or the version is not known.
    """
    return _check_values(_unframe(data))


def pack(record: Record) -> bytes:
    """Return the whole *record* as bytes, with a version and a checksum."""
    r = record
    parts = (r.created_at, r.seen_at, r.expires_at, r.revision, r.owner, r.moved_to, r.values)
    return _frame(msgpack.packb(parts, unicode_errors="surrogatepass"))


def unpack(data: bytes) -> Record:
    """Return what :func:`pack` packed.

    :raises DamagedRecord: if a bit is wrong, or the version is not known.
    """
    parts = _unframe(data)
    if type(parts) is not list or len(parts) != 7:
        raise DamagedRecord("A stored record has the wrong shape. Remove it, or let it expire.")
    created_at, seen_at, expires_at, revision, owner, moved_to, values = parts
    if [type(part) for part in parts[:6]] != [int, int, int, int, str, bytes]:
        raise DamagedRecord("A stored record has a wrong header. Remove it, or let it expire.")
    _check_values(values)
    return Record(created_at, seen_at, expires_at, values, revision, owner, moved_to)


def _frame(body: bytes) -> bytes:
    return _FORMAT + crc32(body).to_bytes(4, "big") + body


def _unframe(data: bytes) -> Any:
    body = data[5:]
    if data[:1] != _FORMAT:
        raise DamagedRecord("A stored record has an unknown format. Update Flask-SessionPlus.")
    if data[1:5] != crc32(body).to_bytes(4, "big"):
        raise DamagedRecord("A stored record is damaged. Remove it, or let it expire.")
    try:
        return msgpack.unpackb(body, unicode_errors="surrogatepass")
    except _UNREADABLE as error:
        raise DamagedRecord(f"A stored record cannot be read: {error}.") from error


def _check_values(values: Any) -> dict[str, bytes]:
    if (
        type(values) is not dict
        or not set(map(type, values)) <= {str}
        or not set(map(type, values.values())) <= {bytes}
    ):
        raise DamagedRecord("A stored record holds no values. Remove it, or let it expire.")
    return values
