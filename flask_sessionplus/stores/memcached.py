"""Records in Memcached: fast, shared by many machines, and forgetful.

It keeps nothing when it is restarted, and when its memory is used up it forgets what was not
used for longest. Each session belongs to one server of those given: while that one does not
answer, its sessions answer 503, and with another number of servers many are not found.
"""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from .. import clock
from ..errors import ConfigError, DamagedRecord, StoreConflict, StoreError, StoreUnavailable
from ..findings import Finding
from ..record import Changes, Record, is_expected, merge, pack, tombstone, unpack
from .base import Applied, Diagnosable, Miss, Outcome, Store
from .diagnosing import FORGETS
from .memcachedlink import BorrowedLink, Link, Lost, parse
from .patience import pause

# Whoever loses has lost to one who got through: this is patience, not luck.
_TRIES = 200

# The first half of a sid is the key; the other one stands before the record.
_HALF = 16

# Seconds. Memcached counts in whole ones that began earlier; what is a little too long is
# cut by our own clock.
_MARGIN = 2
_LONGEST_RELATIVE = 30 * 86_400
_LATEST = 2**31 - 1
_AT_ONCE = -1

# Seconds that a record which is being moved lives if the process dies before it is done:
# longer than a move takes, however slow.
_UNCONFIRMED = 60

_LONGEST_PREFIX = 200


@dataclass(slots=True, eq=False)
class _Held(Record):
    """A record with what compare-and-swap compares, for a write that needs no second look.

    :param sid: whose it is: on several servers the same number means different things.
    """

    sid: bytes = field(init=False, repr=False)
    unique: Any = field(init=False, repr=False)

    def __eq__(self, other: object) -> bool:
        return self.copy() == other.copy() if isinstance(other, Record) else NotImplemented


class MemcachedStore(Store, Diagnosable):
    """Keeps each record, whole, in one item, and swaps it if nobody else has.

    :param source: ``memcached://host:port``, several ``memcached://host:port,host:port``, the
        path of a socket, ``memcached:///path``, or a pymemcache ``PooledClient``.
    :param prefix: what the keys begin with.
    """

    def __init__(self, source: Any, prefix: str = "session:") -> None:
        if not prefix.isascii() or not prefix.isprintable() or " " in prefix:
            raise ConfigError.of("SESSION_KEY_PREFIX", prefix, "ASCII without blanks for Memcached")
        if len(prefix) > _LONGEST_PREFIX:
            raise ConfigError.of(
                "SESSION_KEY_PREFIX", prefix, f"at most {_LONGEST_PREFIX} characters for Memcached"
            )
        self._prefix = prefix.encode()
        self._links: list[Link | BorrowedLink]
        if isinstance(source, str):
            self._links = [Link(address) for address in parse(source)]
        else:
            self._links = [BorrowedLink(source)]

    def diagnose(self) -> list[Finding]:
        for link in self._links:
            # Only to know whether it answers.
            link.run(lambda client: client.get(f"{self._prefix.decode()}?"), is_read=True)
        return [FORGETS]

    def load(self, sid: bytes) -> Record | Miss:
        found = self._find(sid)
        if not isinstance(found, _Held):
            return Miss.UNKNOWN
        if found.expires_at <= clock.now():
            return Miss.UNKNOWN if found.moved_to else Miss.EXPIRED
        return Miss.MOVED if found.moved_to else found

    def create(self, sid: bytes, record: Record) -> bool:
        for tries in range(_TRIES):
            if self._add(sid, record, _expiry(record)):
                return True
            found = self._find(sid)
            if isinstance(found, _Held):
                if found.expires_at > clock.now():
                    return False
                if self._cas(sid, record, found.unique):
                    return True
            elif found is not None:
                return False
            pause(tries)
        raise _lost_too_often()

    def apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        is_usable = isinstance(seen, _Held) and seen.sid == sid and _is_alive(seen)
        current = seen if isinstance(seen, _Held) and is_usable else None
        for tries in range(_TRIES):
            # What the caller saw may be old: only what was just read is a conflict.
            is_fresh = current is None
            if current is None:
                found = self._find(sid)
                if not isinstance(found, _Held) or not _is_alive(found):
                    return Applied(Outcome.GONE)
                current = found
            if is_expected(current, changes):
                applied = self._swap(sid, current, changes)
                # Whose session is gone by now is not told that another place is taken.
                if applied is not None and (is_fresh or applied.outcome is not Outcome.TAKEN):
                    return applied
                pause(tries)
            elif is_fresh:
                return Applied(Outcome.CONFLICT, current)
            current = None
        raise _lost_too_often()

    def delete(self, sid: bytes) -> bool:
        for tries in range(_TRIES):
            try:
                found = self._find(sid)
            except DamagedRecord:
                return self._drop(sid)
            if not isinstance(found, _Held) or found.expires_at <= clock.now():
                return False
            if found.moved_to:
                sid = found.moved_to
            # Not a plain delete: that would also remove what this has become in between.
            elif self._remove(sid, found):
                return True
            pause(tries)
        raise _lost_too_often()

    def close(self) -> None:
        for link in self._links:
            link.close()

    def _swap(self, sid: bytes, current: _Held, changes: Changes) -> Applied | None:
        """Write *current* with *changes*, if it still is what is stored; else return None."""
        merged = merge(current, changes)
        if changes.move_to is not None:
            return self._move(sid, current, merged, changes.move_to)
        try:
            is_done = self._cas(sid, merged, current.unique)
        except Lost:
            found = self._find(sid)
            if found == merged:
                return Applied(Outcome.SAVED, merged)
            if changes.expects and getattr(found, "unique", None) != current.unique:
                raise
            return None
        if is_done is None:
            return Applied(Outcome.GONE)
        return Applied(Outcome.SAVED, merged) if is_done else None

    def _move(self, sid: bytes, current: _Held, merged: Record, target: bytes) -> Applied | None:
        """Put *merged* at *target*, and a tombstone in its place; None if it has changed.

        The new one first, and for a short time: whoever dies in between leaves the session
        as it was, and a copy that ends by itself, whose token nobody has been told.
        """
        if not self._claim(target, merged):
            return Applied(Outcome.TAKEN)
        moved = self._bury(sid, current, target)
        if not moved:
            self._give_up(target, merged)
            return None if moved is False else Applied(Outcome.GONE)
        # Not a write: it may have been deleted since, by who signs out with the old sid.
        self._link(target).run(
            lambda c: c.touch(self._key(target), expire=_expiry(merged), noreply=False)
        )
        return Applied(Outcome.SAVED, merged)

    def _bury(self, sid: bytes, current: _Held, target: bytes) -> bool | None:
        """Put a tombstone in the place of *current*; return what :meth:`_cas` does."""
        try:
            moved: bool | None = self._cas(sid, tombstone(clock.now(), target), current.unique)
        except StoreUnavailable:
            found = self._find(sid)
            if isinstance(found, _Held) and found.moved_to == target:
                return True
            # It may still be on its way: the new record stays, and ends soon by itself.
            raise
        return moved

    def _claim(self, target: bytes, record: Record) -> bool:
        expire = min(_UNCONFIRMED, _seconds(record))
        if self._add(target, record, expire):
            return True
        found = self._find(target)
        if found is None:
            return self._add(target, record, expire)
        if not isinstance(found, _Held) or found.expires_at > clock.now():
            return False
        return bool(self._cas(target, record, found.unique, expire))

    def _give_up(self, target: bytes, record: Record) -> None:
        try:
            found = self._find(target)
            if isinstance(found, _Held) and found == record:
                self._remove(target, found)
        except StoreError:
            # It ends by itself soon.
            pass

    def _find(self, sid: bytes) -> _Held | bool | None:
        """Return the record, whatever it is; True for one of another sid with this key."""
        data, unique = self._link(sid).run(lambda c: c.gets(self._key(sid)), is_read=True)
        if data is None:
            return None
        if not isinstance(data, bytes):
            raise StoreError(
                "The Memcached client does not return the bytes it was given. Leave its serde out."
            )
        if data[:_HALF] != sid[_HALF:]:
            return True
        r = unpack(data[_HALF:])
        held = _Held(
            r.created_at, r.seen_at, r.expires_at, r.values, r.revision, r.owner, r.moved_to
        )
        held.sid, held.unique = sid, unique
        return held

    def _add(self, sid: bytes, record: Record, expire: int) -> bool:
        data = sid[_HALF:] + pack(record)
        return self._link(sid).run(
            lambda c: bool(c.add(self._key(sid), data, expire=expire, noreply=False))
        )

    def _cas(self, sid: bytes, record: Record, unique: Any, expire: int | None = None) -> Any:
        """Return True if *record* was swapped in, False for another one's, None for nothing."""
        data = sid[_HALF:] + pack(record)
        end = _expiry(record) if expire is None else expire
        return self._link(sid).run(
            lambda c: c.cas(self._key(sid), data, unique, expire=end, noreply=False)
        )

    def _remove(self, sid: bytes, found: _Held) -> bool:
        """Remove *found*, if it still is what is stored."""
        gone = Record(found.created_at, found.seen_at, 0, {})
        return bool(self._cas(sid, gone, found.unique, _AT_ONCE))

    def _drop(self, sid: bytes) -> bool:
        return self._link(sid).run(lambda c: bool(c.delete(self._key(sid), noreply=False)))

    def _key(self, sid: bytes) -> bytes:
        return self._prefix + urlsafe_b64encode(sid[:_HALF]).rstrip(b"=")

    def _link(self, sid: bytes) -> Link | BorrowedLink:
        if len(self._links) == 1:
            return self._links[0]
        # The highest of all: if one is added, only those move that it gets.
        handle = sid[:_HALF]
        return max(
            self._links,
            key=lambda link: blake2b(handle + link.name.encode(), digest_size=8).digest(),
        )


def _is_alive(record: Record) -> bool:
    return not record.moved_to and record.expires_at > clock.now()


def _seconds(record: Record) -> int:
    return max(-(-(record.expires_at - clock.now()) // 1000), 0) + _MARGIN


def _expiry(record: Record) -> int:
    """Return when *record* ends, as Memcached takes it."""
    seconds = _seconds(record)
    if seconds <= _LONGEST_RELATIVE:
        return seconds
    # By the server's clock, which goes on while a test has stopped ours.
    at = int(time.time()) + seconds
    return at if at <= _LATEST else 0


def _lost_too_often() -> StoreConflict:
    return StoreConflict(
        f"Others were faster {_TRIES} times in a row. Nothing was written: try again."
    )
