"""Where the records of the Redis store are put: on one server, each time in one step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .. import clock
from ..record import Changes, Record, expected_beside, is_expected, tombstone
from .redislink import Answer, Link, Word
from .redisrows import Keys, encode, stamp, time_to_live, to_bytes
from .redisscripts import ENTER, FORGET, MEMBERS, MOVE, WRITE

# How long entries of expired sessions stay in an owner's index, in milliseconds: another
# machine, whose clock is slow, may still prolong one.
_INDEX_GRACE = 600_000


@dataclass(slots=True)
class Write:
    """What is to be put in a place.

    :param sid: whose place it is, or was before a move.
    :param found: what must be there now; None: nothing.
    :param record: what is to be there, without what lies beside it.
    :param beside: values to write beside it.
    :param expects: what values beside it must be now.
    """

    sid: bytes
    found: Record | None
    record: Record
    beside: Mapping[str, bytes] = field(default_factory=dict)
    expects: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def kept(self) -> list[str]:
        """The names of values that stay beside the record as they are."""
        return [name for name in self.record.beside if name not in self.beside]

    @property
    def is_expiry_new(self) -> bool:
        """Whether what lies beside the record, or in an index, has to live longer or shorter."""
        return self.found is None or self.found.expires_at != self.record.expires_at

    def entering(self, is_moving: bool = False) -> str:
        """Return the owner at whom the session has to be entered, or ``""``."""
        was, owner = self.found.owner if self.found else "", self.record.owner
        return owner if is_moving or was != owner or self.is_expiry_new else ""

    def leaving(self, is_moving: bool = False) -> str:
        """Return the owner at whom the session must not be found any more, or ``""``."""
        was = self.found.owner if self.found else ""
        return was if is_moving or was != self.record.owner else ""


class Place:
    """One server, where a script may use any keys together.

    What it answers: True, it is done. False, a value beside is not the expected one. Bytes or
    None: what is there instead of what was found. A list: what is in the place to move to.
    """

    def __init__(self, link: Link, keys: Keys) -> None:
        self.link = link
        self.keys = keys

    def create(self, write: Write) -> Answer:
        """Write where nothing is, in the cheapest way."""
        if write.beside or write.record.owner:
            return self.write(write)
        key, data = self.keys.record(write.sid), encode(write.sid, write.record)
        ttl = time_to_live(write.record)
        if self.link.ask("SET", key, data, "PX", ttl, "NX"):
            return Answer(True, False)
        return _told(Answer(self.link.ask("GET", key), False), data)

    def write(self, write: Write) -> Answer:
        """Write, if what was found is still there."""
        owners = write.entering(), write.leaving()
        return self._write(write, *owners)

    def move(self, write: Write, target: bytes, taken: Record | None) -> Answer:
        """Write at *target*, and a tombstone where it was found.

        :param taken: what is there, and may be written over.
        """
        keys, sid = self.keys, write.sid
        entering, leaving = write.entering(is_moving=True), write.leaving(is_moving=True)
        end, data = tombstone(clock.now(), target), encode(target, write.record)
        more, indexes = self._owners(write, target, entering, leaving)
        places = [keys.record(sid), keys.values(sid), keys.record(target), keys.values(target)]
        arguments = [stamp(write.found), stamp(taken), encode(sid, end), time_to_live(end)]
        arguments += [data, time_to_live(write.record), *_beside(write), *more]
        answer = self.link.run(MOVE, places + indexes, arguments)
        return _told(answer, arguments[2])

    def members(self, owner: str) -> list[tuple[bytes, bytes]]:
        """Return all sids that may be of *owner*, with their scores."""
        flat = self.link.run(MEMBERS, [self.keys.index(owner)], []).value
        return list(zip(flat[::2], flat[1::2], strict=True))

    def forget(self, owner: str, members: list[tuple[bytes, bytes]]) -> None:
        """Remove sids from the index of *owner*, if nobody has entered them since."""
        if members:
            flat = [word for member in members for word in member]
            self.link.run(FORGET, [self.keys.index(owner)], flat)

    def _write(self, write: Write, entering: str, leaving: str, ttl: bytes | None = None) -> Answer:
        sid, data = write.sid, encode(write.sid, write.record)
        ttl = ttl or time_to_live(write.record)
        keys, arguments = [self.keys.record(sid)], [stamp(write.found), data, ttl]
        if _touches_beside(write) or entering or leaving:
            more, indexes = self._owners(write, sid, entering, leaving)
            keys += [self.keys.values(sid), *indexes]
            arguments += [*_beside(write), *more]
        return _told(self.link.run(WRITE, keys, arguments), data)

    def _owners(
        self, write: Write, sid: bytes, entering: str, leaving: str
    ) -> tuple[list[bytes], list[bytes]]:
        """Return what a script is told of owners, and the keys of their indexes."""
        score = b"%d" % write.record.expires_at
        arguments = [sid if entering else b"", score, dead_score(), write.sid if leaving else b""]
        return arguments, [self.keys.index(owner) for owner in (entering, leaving) if owner]


def enter(place: Place, owner: str, sid: bytes, record: Record, confirms: bool = False) -> None:
    """Enter *sid* in the index of *owner*, by itself.

    :param confirms: change the score once more, so that whoever has read it before, and not
        found the record yet, does not remove the entry.
    """
    raised = b"0.5" if confirms else b"0"
    score = b"%d" % record.expires_at
    arguments: list[Word] = [sid, score, time_to_live(record), dead_score(), raised]
    place.link.run(ENTER, [place.keys.index(owner)], arguments)


def expected_values(record: Record, changes: Changes) -> dict[str, bytes] | None:
    """Return what values beside *record* must be, or None if it is known to be otherwise."""
    names = expected_beside(record, changes)
    if not names:
        return {} if is_expected(record, changes) else None
    expected = {name: changes.expects[name] for name in names}
    if any(data is None or len(data) != record.beside[name] for name, data in expected.items()):
        return None
    values = {name: data for name, data in expected.items() if data is not None}
    return values if is_expected(record, changes, values) else None


def dead_score() -> bytes:
    """Return the score up to which entries of an index are of no use any more."""
    return b"%d" % (clock.now() - _INDEX_GRACE)


def _touches_beside(write: Write) -> bool:
    found = write.found.beside if write.found else {}
    if not found and not write.beside:
        return False
    return bool(
        write.beside or write.expects or write.is_expiry_new or found != write.record.beside
    )


def _beside(write: Write) -> list[bytes]:
    """Return what a script is told of values beside the record."""
    words = [b"%d" % len(write.expects)]
    words += [word for name, data in write.expects.items() for word in (to_bytes(name), data)]
    found = write.found.beside if write.found else {}
    if write.kept:
        gone = [name for name in found if name not in write.record.beside]
        words += [b"0", b"%d" % len(gone), *map(to_bytes, gone)]
    else:
        # Also what an earlier life of this sid may have left.
        words += [b"1", b"0"]
    words.append(b"%d" % len(write.beside))
    words += [word for name, data in write.beside.items() for word in (to_bytes(name), data)]
    return words


def _told(answer: Answer, data: bytes) -> Answer:
    """Return *answer* in the words of :class:`Place`.

    :param data: what was to be written: if it is there, we have been heard the first time.
    """
    value = answer.value
    if type(value) is int:
        return Answer(bool(value), answer.is_repeated)
    return Answer(True, False) if value == data else answer
