"""What a store keeps of a session, and what a request does to it. Pure functions only.

Times are milliseconds since 1970-01-01 UTC. Values are bytes the codec made.

A name that begins with a control character is ours: code 0 for bookkeeping,
which does not count as content, 1 and 2 for flash messages, 3 for who is signed in,
4 for the values of scopes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from zlib import crc32

import msgpack

from .errors import DamagedRecord

#: Names with this prefix say how a session is kept, not what it holds.
BOOKKEEPING = "\x00"

# How long an old sid answers "moved" after a rotation, in milliseconds: longer than
# a request that was sent before the new cookie came takes to arrive, no longer.
_TOMBSTONE_LIFETIME = 30_000

# A record up to this size, in bytes of its values, stays in one piece.
_INLINE_LIMIT = 8_192

# Of a larger one, the values from the first of these sizes on that leaves at most so much
# in the record lie beside it: it is read with each request and rewritten with each change.
_BESIDE_FROM = (4_096, 1_024, 256, 64)
_INLINE_REST = 2_048

#: Names with this prefix say who is signed in.
IDENTITY = "\x03"

#: Prefix of the values of scopes, which may be as many and as large as others.
SCOPED = "\x04"

#: Names of ours sort before this, all others behind it: one comparison tells.
FIRST_VISIBLE = "\x05"

_NOTHING: Mapping[str, bytes] = {}

_FORMAT = b"\x01"
_UNREADABLE = (ValueError, TypeError, RecursionError)


@dataclass(slots=True)
class Record:
    """One stored session. Whoever holds one must not change it.

    :param values: names with their bytes.
    :param revision: grows with every change; what compare-and-swap compares.
    :param owner: whose session it is, or ``""``.
    :param moved_to: makes it a tombstone: the session lives on under this sid.
    :param beside: names of further values, which lie beside the record because they are
        large, with their sizes in bytes; :meth:`.Store.fetch` returns them.
    """

    created_at: int
    seen_at: int
    expires_at: int
    values: dict[str, bytes] = field(repr=False)
    revision: int = 1
    owner: str = field(default="", repr=False)
    moved_to: bytes = b""
    beside: dict[str, int] = field(default_factory=dict, repr=False)

    @property
    def has_content(self) -> bool:
        """Whether there is more than bookkeeping in it."""
        return bool(self.beside) or has_content(self.values)

    def copy(self) -> Record:
        """Return one that can be changed without changing this one."""
        return Record(
            self.created_at,
            self.seen_at,
            self.expires_at,
            self.values.copy(),
            self.revision,
            self.owner,
            self.moved_to,
            self.beside.copy(),
        )


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
    owner: str | None = field(default=None, repr=False)
    move_to: bytes | None = None
    restart_at: int | None = None
    updates: dict[str, bytes] = field(default_factory=dict, repr=False)


def expected_beside(record: Record, changes: Changes) -> list[str]:
    """Return the names whose values have to be fetched for :func:`is_expected`."""
    if not changes.expects or not record.beside:
        return []
    return [name for name in changes.expects if name in record.beside]


def is_expected(record: Record, changes: Changes, beside: Mapping[str, bytes] = _NOTHING) -> bool:
    """Tell whether *record* has what *changes* expects of it.

    :param beside: the values of :func:`expected_beside`.
    """
    expects = changes.expects
    return not expects or all(
        record.values.get(name, beside.get(name)) == data for name, data in expects.items()
    )


def has_content(values: Iterable[str]) -> bool:
    """Tell whether there is more than bookkeeping among the names of *values*."""
    return any(not name.startswith(BOOKKEEPING) for name in values)


def merge(record: Record, changes: Changes) -> Record:
    """Return *record* with *changes*. Neither is modified.

    What was set is in the record, however large it is: see :func:`spread`.
    """
    restart = changes.restart_at
    values = record.values.copy() if restart is None else {}
    beside = record.beside.copy() if restart is None else {}
    for name in changes.removals:
        values.pop(name, None)
        beside.pop(name, None)
    for name, data in changes.updates.items():
        if name in values or name in beside:
            values[name] = data
    values.update(changes.sets)
    if beside:
        beside = {name: size for name, size in beside.items() if name not in values}
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
        beside=beside,
    )


def spread(record: Record) -> tuple[Record, dict[str, bytes]]:
    """Return *record* as it is to be stored in one piece, and the values to store beside it.

    Small sessions stay as they are. What lay beside a record that was merged, and does
    so no longer, is to be removed: the names in the old ``beside`` that are not in the new.
    """
    size = sum(map(len, record.values.values()))
    if size <= _INLINE_LIMIT and not record.beside:
        return record, {}
    sizes = {name: len(data) for name, data in record.values.items() if name >= SCOPED or not name}
    # With those that lie beside it already, so that one that is changed stays there.
    found = [*sizes.values(), *record.beside.values()]
    least = _BESIDE_FROM[-1]
    for least in _BESIDE_FROM:
        if sum(size for size in found if size < least) <= _INLINE_REST:
            break
    moved = {name: record.values[name] for name, size in sizes.items() if size >= least}
    if not moved:
        return record, moved
    values = {name: data for name, data in record.values.items() if name not in moved}
    beside = record.beside | {name: sizes[name] for name in moved}
    return replace(record, values=values, beside=beside), moved


def tombstone(now: int, moved_to: bytes) -> Record:
    """Return what is left under the old sid when a session moves at *now*.

    Its revision is 0, which no record has: a swap against it never succeeds.
    """
    return Record(now, now, now + _TOMBSTONE_LIFETIME, {}, revision=0, moved_to=moved_to)


def pack_values(record: Record) -> bytes:
    """Return the values of *record* as bytes, with a version and a checksum.

    Of those beside it, the names and sizes.
    """
    return _frame(pack_bare(record))


def unpack_values(data: bytes) -> tuple[dict[str, bytes], dict[str, int]]:
    """Return ``values`` and ``beside`` of the record :func:`pack_values` packed.

    :raises DamagedRecord: if a bit is wrong, or the version is not known.
    """
    return _split(_unframe(data))


def pack_bare(record: Record) -> bytes:
    """Return what :func:`pack_values` does, without the version and the checksum."""
    packed: bytes = msgpack.packb(_packable(record), unicode_errors="surrogatepass")
    return packed


def unpack_bare(data: bytes) -> tuple[dict[str, bytes], dict[str, int]]:
    """Return ``values`` and ``beside`` of the record :func:`pack_bare` packed.

    :raises DamagedRecord: if it is no record; a wrong bit need not be found.
    """
    return _split(_unpack(data))


def pack(record: Record) -> bytes:
    """Return the whole *record* as bytes, with a version and a checksum."""
    r = record
    parts = (r.created_at, r.seen_at, r.expires_at, r.revision, r.owner, r.moved_to, _packable(r))
    return _frame(msgpack.packb(parts, unicode_errors="surrogatepass"))


def unpack(data: bytes) -> Record:
    """Return what :func:`pack` packed.

    :raises DamagedRecord: if a bit is wrong, or the version is not known.
    """
    parts = _unframe(data)
    if type(parts) is not list or len(parts) != 7:
        raise DamagedRecord("A stored record has the wrong shape. Remove it, or let it expire.")
    created_at, seen_at, expires_at, revision, owner, moved_to, packed = parts
    if [type(part) for part in parts[:6]] != [int, int, int, int, str, bytes]:
        raise DamagedRecord("A stored record has a wrong header. Remove it, or let it expire.")
    values, beside = _split(packed)
    return Record(created_at, seen_at, expires_at, values, revision, owner, moved_to, beside)


def _packable(record: Record) -> Any:
    return [record.values, record.beside] if record.beside else record.values


def _frame(body: bytes) -> bytes:
    return _FORMAT + crc32(body).to_bytes(4, "big") + body


def _unframe(data: bytes) -> Any:
    body = data[5:]
    if data[:1] != _FORMAT:
        raise DamagedRecord("A stored record has an unknown format. Update Flask-SessionPlus.")
    if data[1:5] != crc32(body).to_bytes(4, "big"):
        raise DamagedRecord("A stored record is damaged. Remove it, or let it expire.")
    return _unpack(body)


def _unpack(body: bytes) -> Any:
    try:
        return msgpack.unpackb(body, unicode_errors="surrogatepass")
    except _UNREADABLE as error:
        raise DamagedRecord(f"A stored record cannot be read: {error}.") from error


def _split(packed: Any) -> tuple[dict[str, bytes], dict[str, int]]:
    if type(packed) is dict and _is_map(packed, bytes):
        return packed, {}
    if type(packed) is list and len(packed) == 2:
        values, beside = packed
        if _is_map(values, bytes) and _is_map(beside, int):
            return values, beside
    raise DamagedRecord("A stored record holds no values. Remove it, or let it expire.")


def _is_map(found: Any, kind: type) -> bool:
    return (
        type(found) is dict
        and set(map(type, found)) <= {str}
        and set(map(type, found.values())) <= {kind}
    )
