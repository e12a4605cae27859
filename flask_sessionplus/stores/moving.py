"""Moving house: from one store to another, while the app serves, and nobody is signed out.

A session lies in the old store or in the new one, which wins. Who finds one in the old store
carries it over, and leaves a *note* in its place for a while. Who ends one that is in the old
store, or was until a moment ago, leaves a note in the new one: then nobody who has read it
in the old one before, however slow, can bring it back.

All processes of the app have to be restarted with the new setting before the first session
is carried: one that still writes to the old store would not find it there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import NamedTuple

from .. import clock
from ..errors import DamagedRecord, StoreConflict, StoreUnavailable
from ..record import Changes, Record
from .base import Applied, Browsable, Miss, Outcome, OwnerIndex, Page, Store
from .movingnotes import (
    LASTING,
    NOTE,
    as_changes,
    as_lasting_note,
    has_session,
    is_note,
    leave_note,
    new_note,
)
from .movingpages import page_of_both
from .patience import pause
from .powers import able

# How long carrying one session may take, in milliseconds: less than a note stays.
_SLOWEST = 15_000

# Where a note in the old store tells that all sessions have been ended a moment ago. No token
# has this digest.
_END_OF_ALL = b"end of all".ljust(32, b"\x00")

_TRIES = 50
_FETCHES = 5


class Moved(NamedTuple):
    """What :func:`carry` did.

    :param found: what the new store has now.
    :param is_done: whether it was this call that has put it there.
    """

    found: Record | Miss
    is_done: bool = False


def moving(new: Store, old: Store) -> MovingStore:
    """Return a store that keeps all in *new*, and carries over what is still in *old*.

    It finds the sessions of an owner if both do, and can be gone through if both can.
    """
    powers = {OwnerIndex: _MovingIndex, Browsable: _MovingBrowsable}
    return able(MovingStore, powers, new, old)(new, old)


def carry(old: Store, new: Store, sid: bytes) -> Moved:
    """Carry one session from *old* to *new*.

    Nothing is written over, and nothing is brought back that has ended.

    :raises DamagedRecord: if it cannot be read; it is left alone.
    """
    began = clock.now()
    found, whole = _read_whole(old, sid)
    if found in (Miss.UNKNOWN, Miss.EXPIRED) or is_note(found):
        # Another one may have carried it since somebody looked there. What has expired may
        # be a note, so nobody can tell.
        return Moved(_load(new, sid))
    if isinstance(found, Miss) or whole is None:
        return Moved(found)
    if clock.now() - began > _SLOWEST:
        # Too late for a note.
        raise StoreUnavailable(
            "The store that sessions move from took too long for one of them. Look why it is slow."
        )
    is_done = new.create(sid, whole)
    if is_done and isinstance(old.load(_END_OF_ALL), Record):
        # All sessions were ended since it was read.
        new.delete(sid)
        return Moved(Miss.UNKNOWN)
    carried = _load(new, sid)
    if is_done or isinstance(carried, Record):
        # After it is safe there. If it has ended since, there is nothing to leave a note in.
        leave_note(old, sid, found)
    return Moved(carried, is_done)


class MovingStore(Store):
    """Uses the new store, and carries over from the old one. Use :func:`moving` to make one."""

    def __init__(self, new: Store, old: Store) -> None:
        self._new = new
        self._old = old
        self.parts = (old, new)
        self.is_shared = new.is_shared and old.is_shared

    def load(self, sid: bytes) -> Record | Miss:
        return self._found(sid, self._new.load(sid))

    def reload(self, sid: bytes) -> Record | Miss:
        return self._found(sid, self._new.reload(sid))

    def create(self, sid: bytes, record: Record) -> bool:
        if self._is_in_old(sid):
            return False
        if self._new.create(sid, record):
            return True
        found = self._new.load(sid)
        if not isinstance(found, Record) or not is_note(found):
            return False
        # In its place, not after a removal: nobody can come in between.
        changes = as_lasting_note(record) if record.moved_to else as_changes(record, found)
        return self._new.apply(sid, found, changes).outcome is Outcome.SAVED

    def apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        if changes.move_to is not None and self._is_in_old(changes.move_to):
            return self._refuse(sid, changes)
        guarded = replace(changes, expects={**changes.expects, NOTE: None})
        applied = self._apply(sid, seen, guarded)
        if applied.outcome is Outcome.GONE and carry(self._old, self._new, sid).is_done:
            return self._apply(sid, seen, guarded)
        return applied

    def delete(self, sid: bytes) -> bool:
        # The old one first: what somebody carries after that meets the note.
        was_there, needs_note = self._delete_in_old(sid)
        if not needs_note:
            return self._delete_in_new(sid)
        for tries in range(_TRIES):
            is_known, is_done = self._end(sid)
            was_there = was_there or is_known
            if is_done:
                return was_there
            pause(tries)
        raise StoreConflict(
            f"Others were faster {_TRIES} times in a row. The session was not ended: try again."
        )

    def fetch(self, sid: bytes, names: Collection[str]) -> dict[str, bytes]:
        return self._new.fetch(sid, names)

    def _found(self, sid: bytes, found: Record | Miss) -> Record | Miss:
        if found is Miss.UNKNOWN:
            return carry(self._old, self._new, sid).found
        if isinstance(found, Record) and NOTE in found.values:
            return Miss.MOVED if found.values[NOTE] == LASTING else Miss.UNKNOWN
        return found

    def _apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        applied = self._new.apply(sid, seen, changes)
        is_over = applied.record is not None and is_note(applied.record)
        return Applied(Outcome.GONE) if is_over else applied

    def _refuse(self, sid: bytes, changes: Changes) -> Applied:
        """Return why a session cannot move to a place that is taken in the old store."""
        found = self.load(sid)
        if not isinstance(found, Record):
            return Applied(Outcome.GONE)
        # Nothing is changed by this: it only looks.
        looked = self._apply(sid, found, Changes(expects=changes.expects))
        return Applied(Outcome.TAKEN) if looked.outcome is Outcome.SAVED else looked

    def _delete_in_old(self, sid: bytes) -> tuple[bool, bool]:
        """Return whether it was in the old store, and whether somebody may be carrying it."""
        try:
            found = self._old.load(sid)
        except DamagedRecord:
            return self._old.delete(sid), True
        if isinstance(found, Record) and is_note(found):
            return False, True
        if isinstance(found, Record) or found is Miss.MOVED:
            return self._old.delete(sid), True
        return False, False

    def _delete_in_new(self, sid: bytes) -> bool:
        try:
            found = self._new.load(sid)
        except DamagedRecord:
            return self._new.delete(sid)
        # Somebody else's note stays.
        if found is Miss.UNKNOWN or is_note(found):
            return False
        return self._new.delete(sid)

    def _end(self, sid: bytes) -> tuple[bool, bool]:
        """Put a note in the place of *sid* in the new store.

        :return: whether a live record was there, and whether it cannot come back now.
        """
        try:
            found = self._new.load(sid)
        except DamagedRecord:
            return self._new.delete(sid), False
        if isinstance(found, Record):
            if is_note(found):
                return False, True
            is_done = leave_note(self._new, sid, found)
            return is_done, is_done
        if found is Miss.MOVED:
            # What it has become was never in the old store, and here the place is taken.
            return self._new.delete(sid), True
        return False, self._new.create(sid, new_note())

    def _is_in_old(self, sid: bytes) -> bool:
        found = self._old.load(sid)
        return found is Miss.MOVED or (isinstance(found, Record) and not is_note(found))


class _MovingIndex(MovingStore, OwnerIndex):
    """The same between stores that find the sessions of an owner."""

    def owned(self, owner: str) -> list[tuple[bytes, Record]]:
        found = dict(_index(self._old).owned(owner))
        found |= dict(_index(self._new).owned(owner))
        return sorted(found.items(), key=lambda item: item[1].seen_at, reverse=True)

    def delete_owned(self, owner: str, spare: Collection[bytes] = ()) -> int:
        # One by one, so that no carrier brings one back.
        sids = [sid for sid, _ in _index(self._old).owned(owner)]
        sids += [sid for sid, _ in _index(self._new).owned(owner)]
        ended = sum(self.delete(sid) for sid in dict.fromkeys(sids) if sid not in spare)
        # Those that came, or moved, while that went on.
        return ended + _index(self._new).delete_owned(owner, spare)

    def find(self, half: bytes) -> bytes | None:
        # The old one first: what is carried in between is in the new one by then.
        sid = _index(self._old).find(half)
        if sid is None or not self._is_alive(sid):
            sid = _index(self._new).find(half)
        return sid if sid is not None and self._is_alive(sid) else None

    def _is_alive(self, sid: bytes) -> bool:
        try:
            return isinstance(self.load(sid), Record)
        except DamagedRecord:
            # Whoever loads it is told.
            return True


class _MovingBrowsable(MovingStore, Browsable):
    """The same between stores that can be gone through."""

    @property
    def browsed(self) -> tuple[Browsable, ...]:
        return (*_browsable(self._old).browsed, *_browsable(self._new).browsed)

    def browse(self) -> Iterator[bytes]:
        # In this order what is carried in between is met.
        for store in (self._old, self._new):
            yield from (sid for sid in _browsable(store).browse() if has_session(store, sid))

    def page(self, after: str | None, limit: int) -> Page:
        return page_of_both(_browsable(self._old), _browsable(self._new), after, limit)

    def count(self) -> int:
        # With the notes, which are few as a rule: each one would have to be looked at.
        return _browsable(self._old).count() + _browsable(self._new).count()

    def delete_all(self) -> int:
        # The old one first, with a note for those who have read there: what they carry before
        # they see it, the new one loses.
        ended = _browsable(self._old).delete_all()
        self._old.create(_END_OF_ALL, new_note())
        return ended + _browsable(self._new).delete_all()


def _index(store: Store) -> OwnerIndex:
    assert isinstance(store, OwnerIndex)
    return store


def _browsable(store: Store) -> Browsable:
    assert isinstance(store, Browsable)
    return store


def _load(new: Store, sid: bytes) -> Record | Miss:
    found = new.load(sid)
    return Miss.UNKNOWN if is_note(found) else found


def _read_whole(store: Store, sid: bytes) -> tuple[Record | Miss, Record | None]:
    """Return the record, and the same with all values in it, those beside it too."""
    found = store.load(sid)
    values: dict[str, bytes] = {}
    for _ in range(_FETCHES):
        if not isinstance(found, Record):
            return found, None
        values = store.fetch(sid, list(found.beside)) if found.beside else {}
        if values.keys() == found.beside.keys():
            break
        # Changed in between, or its store has lost them.
        found = store.load(sid)
    if not isinstance(found, Record):
        return found, None
    whole = found.copy()
    whole.values |= values
    whole.beside = {}
    return found, whole
