"""Between a record and what Redis keeps of it: keys, and the bytes of one string."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode
from struct import Struct
from zlib import crc32

from .. import clock
from ..errors import ConfigError, DamagedRecord
from ..record import Record, pack_bare, unpack_bare
from ..tokens import handle

_VERSION = 1

# Version, revision, created, expires, seen, mark, second half of the sid, length of the
# owner. The owner follows, then the packed values, or the new sid of a tombstone, whose
# revision is 0; at the end a checksum of it all. Numbers take six bytes each, in two parts:
# with eight, an everyday session would no longer fit into the memory that Redis rounds up to.
_HEAD = Struct(">BHIHIHIHI4s16sH")
_CHECK = 4

# What scripts compare: by its revision and its birth, a state of a record is known.
# With the birth, because revisions of a sid that is used again begin again.
_STAMP = Struct(">BHIHI")
STAMP_LENGTH = _STAMP.size
assert STAMP_LENGTH == 13  # the scripts have it as a number

# How many milliseconds longer than a record lives Redis keeps it: whoever comes a moment too
# late is told that the session has expired, and a clock that is slow ends none too early.
_GRACE = 10_000

#: Of a value, as much as :func:`live_sid` needs.
HEAD_LENGTH = _HEAD.size

# Where the owner stands, its length before it. A script has it as a number, counted from one.
_OWNER = HEAD_LENGTH - 2
assert _OWNER == 45

#: Of a value, as much as :func:`owner_in` needs.
OWNER_END = HEAD_LENGTH + 1_020


class Keys:
    """The names under which one store's records lie.

    :param prefix: what all of them begin with.
    """

    def __init__(self, prefix: str) -> None:
        if "{" in prefix or "}" in prefix:
            raise ConfigError.of(
                "the prefix of a RedisStore",
                prefix,
                "a text without braces: they tell Redis Cluster what belongs together",
            )
        self._prefix = prefix.encode()

    def record(self, sid: bytes) -> bytes:
        """Return the key of a record."""
        return b"%b{%b}" % (self._prefix, handle(sid).encode())

    def values(self, sid: bytes) -> bytes:
        """Return the key of the hash with the values that lie beside a record."""
        return b"%b{%b}:v" % (self._prefix, handle(sid).encode())

    def index(self, owner: str | bytes) -> bytes:
        """Return the key of the sorted set with the sids of an owner, given as is or in UTF-8."""
        name = to_bytes(owner) if isinstance(owner, str) else owner
        return b"%bowner:%b" % (self._prefix, name)

    @property
    def pattern(self) -> bytes:
        """What SCAN has to match to find the keys of all records."""
        escaped = b"".join(b"\\%c" % c if c in b"*?[]^-\\" else b"%c" % c for c in self._prefix)
        return escaped + b"{*}"

    def is_record(self, key: bytes) -> bool:
        """Tell whether *key*, which has matched the pattern, is one of a record."""
        return len(key) == len(self._prefix) + 24

    def half_sid(self, key: bytes) -> bytes:
        """Return the half of the sid that the key of a record tells."""
        return urlsafe_b64decode(key[len(self._prefix) + 1 : -1] + b"==")


def to_bytes(text: str) -> bytes:
    """Return *text* in UTF-8; a lone surrogate, which JSON may bring in, is kept."""
    return text.encode("utf-8", "surrogatepass")


def stamp(record: Record | None) -> bytes:
    """Return what the stored bytes of *record* begin with; of None, nothing."""
    if record is None:
        return b""
    return _STAMP.pack(_VERSION, *_halves(record.revision), *_halves(record.created_at))


def time_to_live(record: Record) -> bytes:
    """Return after how many milliseconds Redis may forget *record*.

    A span, not a time: Redis measures it with its own clock.
    """
    return b"%d" % (max(record.expires_at - clock.now(), 0) + _GRACE)


def encode(sid: bytes, record: Record) -> bytes:
    """Return *record* as bytes that no other call returns, so that we know our own again."""
    owner = to_bytes(record.owner)
    head = _HEAD.pack(
        _VERSION,
        *_halves(record.revision),
        *_halves(record.created_at),
        *_halves(record.expires_at),
        *_halves(record.seen_at),
        os.urandom(4),
        sid[16:],
        len(owner),
    )
    data = head + owner + (record.moved_to or pack_bare(record))
    return data + crc32(data).to_bytes(_CHECK, "big")


def decode(sid: bytes, data: bytes) -> Record:
    """Return the record that :func:`encode` made into *data*.

    :raises DamagedRecord: if a bit is wrong, or it belongs to another sid.
    """
    if data[:1] != b"\x01":
        raise DamagedRecord(
            "A value in Redis has an unknown format. Update Flask-SessionPlus, or take another"
            " prefix."
        )
    end = len(data) - _CHECK
    if end < HEAD_LENGTH or data[end:] != crc32(memoryview(data)[:end]).to_bytes(_CHECK, "big"):
        raise DamagedRecord("A record in Redis is damaged. Remove it, or let it expire.")
    _, r1, r2, c1, c2, e1, e2, s1, s2, _, rest, length = _HEAD.unpack_from(data)
    if rest != sid[16:]:
        raise DamagedRecord("A record in Redis belongs to another session. Remove it.")
    body = HEAD_LENGTH + length
    owner = data[HEAD_LENGTH:body].decode("utf-8", "surrogatepass") if length else ""
    revision, expires_at = r1 << 32 | r2, e1 << 32 | e2
    created_at, seen_at = c1 << 32 | c2, s1 << 32 | s2
    if not revision:
        return Record(created_at, seen_at, expires_at, {}, 0, owner, data[body:end])
    values, beside = unpack_bare(data[body:end])
    return Record(created_at, seen_at, expires_at, values, revision, owner, beside=beside)


def live_sid(half: bytes, head: bytes) -> bytes | None:
    """Return the whole sid of a record, or None if it is no live one.

    :param half: see :meth:`Keys.half_sid`.
    :param head: the first :data:`HEAD_LENGTH` bytes of its value.
    """
    if len(head) < HEAD_LENGTH or head[0] != _VERSION:
        return None
    _, r1, r2, _, _, e1, e2, _, _, _, rest, _ = _HEAD.unpack_from(head)
    is_alive = (r1 or r2) and e1 << 32 | e2 > clock.now()
    return half + rest if is_alive else None


def as_stored(owner: str) -> bytes:
    """Return *owner* as it stands in the value of each of his records."""
    name = to_bytes(owner)
    return len(name).to_bytes(HEAD_LENGTH - _OWNER, "big") + name


def owner_in(data: bytes) -> bytes:
    """Return whose record *data*, the beginning of its value, belongs to, in UTF-8.

    Nothing, if it is nobody's, or the name is longer than any that a user id is made of.
    """
    end = HEAD_LENGTH + int.from_bytes(data[_OWNER:HEAD_LENGTH], "big")
    return data[HEAD_LENGTH:end] if end <= OWNER_END else b""


def _halves(number: int) -> tuple[int, int]:
    return number >> 32, number & 0xFFFFFFFF
