"""Records in Redis or Valkey: one server, a Cluster, or a master that Sentinels name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from .. import clock
from ..errors import ConfigError, DamagedRecord, StoreConflict, StoreUnavailable
from ..findings import Finding
from ..record import Changes, Record, merge, spread
from .base import (
    Applied,
    Browsable,
    Diagnosable,
    Miss,
    Outcome,
    OwnerIndex,
    Page,
    Removed,
    Store,
    until_none_is_left,
)
from .cursors import check_limit
from .patience import pause
from .rediscluster import ClusterPlace
from .redisdiagnosis import diagnose
from .redislink import Answer, ClientLink, Command, Link
from .redispages import find_page
from .redisplace import Place, Write, expected_values
from .redisrows import (
    HEAD_LENGTH,
    OWNER_END,
    Keys,
    as_stored,
    decode,
    live_sid,
    owner_in,
    to_bytes,
)
from .redisscripts import DROP

# Of those who write at the same time, one always gets through; the others try again. Whoever
# waits long loses against those who come anew: so the pauses stay short, and the tries many.
_TRIES = 1_000
_LONGEST_PAUSE = 5

# Records that are read in one go.
_BATCH = 100


class RedisStore(Store, OwnerIndex, Browsable, Diagnosable):
    """Keeps each record in one string, which a script swaps if it is the one seen.

    Redis forgets what has expired by its own clock. Nothing is connected before the first use.

    :param source: a URL, or a client of redis-py or valkey-py, which is used as it is.
    :param prefix: what all our keys begin with.
    """

    def __init__(self, source: Any, prefix: str = "sp:") -> None:
        self._keys = Keys(prefix)
        self._link: Link = _open(source)
        is_cluster = self._link.is_cluster
        self._place = (ClusterPlace if is_cluster else Place)(self._link, self._keys)

    def load(self, sid: bytes) -> Record | Miss:
        data = self._link.ask("GET", self._keys.record(sid))
        if data is None:
            return Miss.UNKNOWN
        record = decode(sid, data)
        if record.expires_at <= clock.now():
            return Miss.UNKNOWN if record.moved_to else Miss.EXPIRED
        return Miss.MOVED if record.moved_to else record

    def create(self, sid: bytes, record: Record) -> bool:
        stored, beside = spread(record)
        answer = self._place.create(Write(sid, None, stored, beside))
        for attempt in range(_TRIES):
            if answer.value is True:
                return True
            found = None if answer.value is None else decode(sid, answer.value)
            if found is not None and found.expires_at > clock.now():
                return False
            # What has expired is still there for a while, and its place is free.
            pause(min(attempt, _LONGEST_PAUSE))
            answer = self._place.write(Write(sid, found, stored, beside))
        raise _conflict()

    def apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        current, is_read = seen, False
        for attempt in range(_TRIES):
            pause(min(attempt, _LONGEST_PAUSE))
            # What the caller saw may be old: only what was just read is a conflict.
            is_alive = current.expires_at > clock.now()
            expected = expected_values(current, changes) if is_alive else None
            if expected is not None:
                applied, data = self._swap(sid, current, changes, expected)
                if applied is not None:
                    return applied
            elif is_read:
                return Applied(Outcome.CONFLICT, current) if is_alive else Applied(Outcome.GONE)
            else:
                data = self._link.ask("GET", self._keys.record(sid))
            if data is None:
                return Applied(Outcome.GONE)
            current, is_read = decode(sid, data), True
            if current.moved_to:
                return Applied(Outcome.GONE)
        raise _conflict()

    def delete(self, sid: bytes) -> bool:
        while True:
            keys = self._places(sid)
            data, is_repeated = self._link.run(DROP, keys, [])
            if data is None:
                # Asked twice, it may have been there the first time: whoever signs out is
                # to be told that he is.
                return is_repeated
            try:
                record = decode(sid, data)
            except DamagedRecord:
                # Its owner is not known; the entry in his index goes when he looks.
                self._link.ask_all([("DEL", key) for key in keys])
                return False
            if record.owner and not record.moved_to:
                self._link.ask("ZREM", self._keys.index(record.owner), sid)
            if record.expires_at <= clock.now():
                return False
            if not record.moved_to:
                return True
            sid = record.moved_to

    def fetch(self, sid: bytes, names: Collection[str]) -> dict[str, bytes]:
        if not names:
            return {}
        fields = map(to_bytes, names)
        values = self._link.ask("HMGET", self._keys.values(sid), *fields)
        return {name: data for name, data in zip(names, values, strict=True) if data is not None}

    def owned(self, owner: str) -> list[tuple[bytes, Record]]:
        found, stale = {}, []
        members = self._place.members(owner)
        for member, data in zip(members, self._get_all([sid for sid, _ in members]), strict=True):
            sid, record = self._follow(member[0], data)
            if record is not None and record.owner == owner:
                found[sid] = record
            if record is None or record.owner != owner or sid != member[0]:
                stale.append(member)
        self._place.forget(owner, stale)
        return sorted(found.items(), key=lambda each: each[1].seen_at, reverse=True)

    def delete_owned(self, owner: str, spare: Collection[bytes] = ()) -> int:
        deleted, has_moved = 0, bool(owner)
        for _ in range(_TRIES):
            if not has_moved:
                return deleted
            # Who has moved on since is found under his new sid: that was entered before.
            members = [each for each in self._place.members(owner) if each[0] not in spare]
            count, has_moved = self._drop([sid for sid, _ in members], owner)
            self._place.forget(owner, members)
            deleted += count
        raise _conflict()

    def find(self, half: bytes) -> bytes | None:
        head = self._link.ask("GETRANGE", self._keys.record(half), 0, HEAD_LENGTH - 1)
        return live_sid(half, head)

    def browse(self) -> Iterator[bytes]:
        for keys in self._scan():
            commands: list[Command] = [("GETRANGE", key, 0, HEAD_LENGTH - 1) for key in keys]
            for key, head in zip(keys, self._link.ask_all(commands), strict=True):
                sid = live_sid(self._keys.half_sid(key), head)
                if sid is not None:
                    yield sid

    def page(self, after: str | None, limit: int) -> Page:
        check_limit(limit)
        halves, behind = find_page(self._link, self._keys, after, limit)
        return Page(list(self._readable(halves)), behind)

    def count(self) -> int:
        return sum(map(len, self._scan()))

    def delete_all(self) -> int:
        return until_none_is_left(self, self._delete_each)

    def diagnose(self) -> list[Finding]:
        return diagnose(self._link)

    def close(self) -> None:
        self._link.close()

    def _swap(
        self, sid: bytes, current: Record, changes: Changes, expected: dict[str, bytes]
    ) -> tuple[Applied | None, bytes | None]:
        """Write *current* with *changes*, if it still is what is stored; else return what is."""
        record, beside = spread(merge(current, changes))
        write = Write(sid, current, record, beside, expected)
        if changes.move_to is None:
            answer = self._place.write(write)
        else:
            answer = self._move(write, changes.move_to)
        value = answer.value
        if value is True:
            return Applied(Outcome.SAVED, record), None
        if value is False:
            return Applied(Outcome.CONFLICT, current), None
        if type(value) is list:
            return Applied(Outcome.TAKEN), None
        if answer.is_repeated and changes.expects and value is not None:
            raise StoreUnavailable(
                "The connection to the Redis server ended in the middle of an operation that must"
                " not be done twice, and others have changed the session since. Try again."
            )
        return None, value

    def _move(self, write: Write, target: bytes) -> Answer:
        answer = self._place.move(write, target, None)
        for _ in range(_TRIES):
            if type(answer.value) is not list:
                return answer
            (data,) = answer.value
            taken = None if data is None else decode(target, data)
            if taken is not None and taken.expires_at > clock.now():
                return answer
            answer = self._place.move(write, target, taken)
        raise _conflict()

    def _drop(self, sids: list[bytes], owner: str) -> tuple[int, bool]:
        """Remove the records of *sids* that are *owner*'s.

        :return: how many of them were alive, and whether one has moved on.
        """
        count, has_moved = 0, False
        damaged: list[Command] = []
        for sid, data in zip(sids, self._drop_each(sids, as_stored(owner)), strict=True):
            try:
                record = None if data is None else decode(sid, data)
            except DamagedRecord:
                damaged.append(("DEL", *self._places(sid)))
                continue
            if record is not None and record.expires_at > clock.now():
                has_moved |= bool(record.moved_to)
                count += not record.moved_to and record.owner == owner
        self._link.ask_all(damaged)
        return count, has_moved

    def _drop_each(self, sids: list[bytes], owner: bytes) -> Iterator[bytes | None]:
        for batch in _batches(sids):
            # By its text: in a cluster some servers may not know it, and had to be asked again.
            yield from self._link.ask_all(
                [("EVAL", DROP.text, 2, *self._places(sid), owner) for sid in batch]
            )

    def _delete_each(self) -> Removed:
        total, alive = 0, 0
        for keys in self._scan():
            total += len(keys)
            alive += self._sweep(keys)
        return Removed(total, alive)

    def _sweep(self, keys: list[bytes]) -> int:
        """Remove what has these keys, records of ours; return how many were alive."""
        if not keys:
            return 0
        heads = self._link.ask_all([("GETRANGE", key, 0, OWNER_END - 1) for key in keys])
        entries: list[Command] = []
        alive = 0
        for key, head in zip(keys, heads, strict=True):
            sid = live_sid(self._keys.half_sid(key), head)
            alive += sid is not None
            if sid is not None and (owner := owner_in(head)):
                entries.append(("ZREM", self._keys.index(owner), sid))
        # Entries first: one that is made anew, for a sid that is used again, has to stay.
        halves = map(self._keys.half_sid, keys)
        places: list[Command] = [("UNLINK", *self._places(half)) for half in halves]
        self._link.ask_all(entries + places)
        return alive

    def _places(self, sid: bytes) -> list[bytes]:
        return [self._keys.record(sid), self._keys.values(sid)]

    def _follow(self, sid: bytes, data: bytes | None) -> tuple[bytes, Record | None]:
        """Return where the session is now, and its record, if it is alive."""
        while data is not None:
            try:
                record = decode(sid, data)
            except DamagedRecord:
                break
            if record.expires_at <= clock.now():
                break
            if not record.moved_to:
                return sid, record
            sid = record.moved_to
            data = self._link.ask("GET", self._keys.record(sid))
        return sid, None

    def _get_all(self, sids: list[bytes]) -> Iterator[bytes | None]:
        for batch in _batches(sids):
            yield from self._link.ask_all([("GET", self._keys.record(sid)) for sid in batch])

    def _readable(self, halves: list[bytes]) -> Iterator[tuple[bytes, Record]]:
        for half, data in zip(halves, self._get_all(halves), strict=True):
            sid = None if data is None else live_sid(half, data[:HEAD_LENGTH])
            if sid is None or data is None:
                continue
            try:
                yield sid, decode(sid, data)
            except DamagedRecord:
                # Whoever loads it is told; here it only must not hide the others.
                continue

    def _scan(self) -> Iterator[list[bytes]]:
        for keys in self._link.scan(self._keys.pattern):
            yield list(filter(self._keys.is_record, keys))


def _batches(sids: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(sids), _BATCH):
        yield sids[start : start + _BATCH]


def _open(source: Any) -> Link:
    if not isinstance(source, str):
        return ClientLink(source)
    try:
        from .redisurl import open_url
    except ImportError as error:
        raise ConfigError(
            "SESSION_STORE is a Redis URL, which needs the package redis: pip install"
            " 'Flask-SessionPlus[redis]'."
        ) from error
    return open_url(source)


def _conflict() -> StoreConflict:
    return StoreConflict(
        f"A session was changed by others {_TRIES} times while it was being saved, and this"
        " change was not. Find out what writes to it without end."
    )
