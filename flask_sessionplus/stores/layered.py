"""A fast store in front of a safe one.

The front has copies of what the back has. A copy lives for a stated time, ``max_age``, and
who writes puts a *block* in its place: then nobody who has loaded an older record, however
slow, can put that there. So in all processes that share the front a session that was ended
is dead at once; with a front of its own, a process learns of it after ``max_age``.

What may go wrong: a process is killed after it has written to the back and before it has
told the front; the front does not answer at that moment; a process is stopped for seconds
while it takes a copy there. Then others see the older record until ``max_age`` is over, and
a change they base on it is still merged, or refused, by the back.

If all sessions are ended at once, this process reads no copies for ``max_age``. A front that
can be cleared is, so in all processes that share it they are dead too, but for copies that
somebody takes at that moment; in all others, when ``max_age`` is over.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterator

from .. import clock
from ..errors import ConfigError, DamagedRecord, SessionPlusError, StoreError
from ..findings import Finding
from ..record import BOOKKEEPING, Changes, Record, pack, unpack
from .base import Applied, Browsable, Diagnosable, Miss, Outcome, OwnerIndex, Page, Store
from .diagnosing import diagnose_all, of_copies
from .memory import MemoryStore
from .patience import pause
from .powers import able

# In milliseconds.
_OWN_MAX_AGE = 1_000
_SHARED_MAX_AGE = 60_000

# How long a block lasts after a change, and how long taking a copy may last at most.
_BRIEF = 5_000
_SLOWEST = 2_000

# Added to the block of a session that has ended, for clocks that differ.
_MARGIN = 5_000

# While the back may answer "moved", the way to the session's new place is known here too.
_MOVED = 35_000

# Names in the front's records: the one of the back, packed; or until when it is blocked, and
# the sid the session has moved to. They begin as names of ours do, so they stay in one piece.
_COPY = f"{BOOKKEEPING}copy"
_BLOCK = f"{BOOKKEEPING}block"
_TIME = 8

_TRIES = 50
_MOST_MOVES = 20

_log = logging.getLogger("flask_sessionplus")


def layered(
    front: Store | Callable[[], Store], back: Store, max_age: int | None = None
) -> LayeredStore:
    """Return a store that reads from *front* and keeps all in *back*.

    It finds the sessions of an owner if *back* does, and can be gone through if that can.

    :param front: a store; or, if each process has its own, a function that makes one.
    :param max_age: how long a copy in the front may be used, in milliseconds; default: one
        second in a process's own front, a minute in a shared one.
    """
    powers = {OwnerIndex: _LayeredIndex, Browsable: _LayeredBrowsable}
    return able(LayeredStore, powers, back)(front, back, max_age)


class LayeredStore(Store, Diagnosable):
    """Reads from the front, writes through to the back. Use :func:`layered` to make one."""

    def __init__(
        self, front: Store | Callable[[], Store], back: Store, max_age: int | None = None
    ) -> None:
        if isinstance(front, MemoryStore):
            front = MemoryStore
        self._make = front if not isinstance(front, Store) else None
        first = front if isinstance(front, Store) else front()
        if self._make is None and not first.is_shared:
            raise ConfigError(
                f"A {type(first).__name__} in front of another store would outlive a fork. Give"
                " a function that makes one."
            )
        default = _SHARED_MAX_AGE if first.is_shared else _OWN_MAX_AGE
        self.max_age = default if max_age is None else max_age
        self.is_shared = back.is_shared
        self.parts = (first, back)
        self._back = back
        # By process: a child of a fork begins with an empty front.
        self._fronts = {os.getpid(): first}
        self._distrusted_until = 0
        self._is_told = False

    def load(self, sid: bytes) -> Record | Miss:
        began = clock.now()
        found = self._look(sid) if began >= self._distrusted_until else True
        if isinstance(found, Record):
            return found
        loaded = self._back.load(sid)
        if found is None and isinstance(loaded, Record):
            self._take_copy(sid, loaded, began)
        return loaded

    def reload(self, sid: bytes) -> Record | Miss:
        try:
            return self._back.reload(sid)
        finally:
            # The copy was not good enough: the next one who asks gets a new one.
            self._block(sid, min(self.max_age, _BRIEF))

    def create(self, sid: bytes, record: Record) -> bool:
        return self._back.create(sid, record)

    def apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        outcome = None
        try:
            applied = self._back.apply(sid, seen, changes)
            outcome = applied.outcome
            return applied
        finally:
            # After a fault as well: it may have been written.
            if changes.move_to is not None and outcome in (Outcome.SAVED, None):
                self._block(sid, max(self.max_age + _MARGIN, _MOVED), changes.move_to)
            elif outcome is not Outcome.TAKEN:
                self._block(sid, self._lifetime(changes, outcome))

    def delete(self, sid: bytes) -> bool:
        try:
            return self._back.delete(sid)
        finally:
            self._end(sid)

    def fetch(self, sid: bytes, names: Collection[str]) -> dict[str, bytes]:
        return self._back.fetch(sid, names)

    def diagnose(self) -> list[Finding]:
        return diagnose_all(self._back) + of_copies(diagnose_all(self._front()))

    def _lifetime(self, changes: Changes, outcome: Outcome | None) -> int:
        is_other = changes.owner is not None or changes.restart_at is not None
        if is_other or outcome is Outcome.GONE:
            return self.max_age + _MARGIN
        # A session that is in use is written once a minute: it must not be blocked for long.
        return min(self.max_age, _BRIEF)

    def _look(self, sid: bytes) -> Record | bool | None:
        """Return the record the front has a copy of; True if it must have none now."""
        try:
            found = self._front().load(sid)
            if not isinstance(found, Record):
                return None
            copy = found.values.get(_COPY)
            return True if copy is None else unpack(copy)
        except DamagedRecord:
            self._block(sid, min(self.max_age, _BRIEF))
            return True
        except SessionPlusError as error:
            self._tell(error)
            return True

    def _take_copy(self, sid: bytes, record: Record, began: int) -> None:
        now = clock.now()
        # From when it was asked for: then a block outlasts all that is older.
        end = min(record.expires_at, began + self.max_age)
        if end <= now or now - began > _SLOWEST:
            return
        try:
            # Never over anything: there may be a block by now.
            self._front().create(sid, Record(now, now, end, {_COPY: pack(record)}))
            self._is_told = False
        except SessionPlusError as error:
            self._tell(error)

    def _end(self, sid: bytes) -> None:
        """Block *sid*, and where the session has moved from there."""
        for _ in range(_MOST_MOVES):
            sid = self._block(sid, self.max_age + _MARGIN)
            if not sid:
                return

    def _block(self, sid: bytes, lifetime: int, moved_to: bytes = b"") -> bytes:
        """Let the front have no copy of *sid* for so many milliseconds from now.

        :return: where the session has moved, if that is known.
        """
        try:
            front = self._front()
            for tries in range(_TRIES):
                known = self._try_block(front, sid, clock.now() + lifetime, moved_to)
                if known is not None:
                    return known
                pause(tries)
            raise StoreError(f"Others were faster {_TRIES} times in a row.")
        except SessionPlusError as error:
            # What others have there is forgotten when it is over; what is ours, now.
            self._distrusted_until = clock.now() + self.max_age
            self._tell(error)
            return b""

    def _try_block(self, front: Store, sid: bytes, until: int, moved_to: bytes) -> bytes | None:
        """Return where the session has moved, or ``b""``; None: others were faster."""
        now = clock.now()
        try:
            found = front.load(sid)
        except DamagedRecord:
            front.delete(sid)
            return None
        if isinstance(found, Miss):
            sets = {_BLOCK: until.to_bytes(_TIME, "big") + moved_to}
            return moved_to if front.create(sid, Record(now, now, until, sets)) else None
        block = found.values.get(_BLOCK)
        if block is not None:
            moved_to = moved_to or block[_TIME:]
            until = max(until, int.from_bytes(block[:_TIME], "big"))
        data = until.to_bytes(_TIME, "big") + moved_to
        if block == data:
            return moved_to
        # In its place, not after a removal: nobody can come in between.
        expects = {name: found.values.get(name) for name in (_BLOCK, _COPY)}
        changes = Changes({_BLOCK: data}, expects=expects, expires_at=until, restart_at=now)
        outcome = front.apply(sid, found, changes).outcome
        return moved_to if outcome is Outcome.SAVED else None

    def _front(self) -> Store:
        if self._make is None:
            return self.parts[0]
        pid = os.getpid()
        front = self._fronts.get(pid)
        if front is None:
            # Of two threads that come here at once, both get the same one.
            front = self._fronts.setdefault(pid, self._make())
            self._fronts = {pid: front}
            self.parts = (front, self._back)
        return front

    def _forget_all(self) -> None:
        """Use no copy any more that is there by now, or is being taken."""
        try:
            front = self._front()
            if isinstance(front, Browsable):
                # For the other processes that share it: they may not have to wait.
                front.delete_all()
        except SessionPlusError as error:
            self._tell(error)
        # The copies that are taken at this moment are too old after that as well.
        self._distrusted_until = clock.now() + self.max_age

    def _tell(self, error: SessionPlusError) -> None:
        # Once, not with each request: sessions go on without it.
        if not self._is_told:
            self._is_told = True
            _log.warning("The store in front cannot be used, sessions go on without it: %s", error)


class _LayeredIndex(LayeredStore, OwnerIndex):
    """The same over a store that finds the sessions of an owner."""

    def owned(self, owner: str) -> list[tuple[bytes, Record]]:
        return self._index.owned(owner)

    def delete_owned(self, owner: str, spare: Collection[bytes] = ()) -> int:
        # Whoever becomes the owner's after this look has been blocked for that.
        sids = [sid for sid, _ in self._index.owned(owner) if sid not in spare]
        try:
            return self._index.delete_owned(owner, spare)
        finally:
            for sid in sids:
                self._end(sid)

    def find(self, half: bytes) -> bytes | None:
        return self._index.find(half)

    @property
    def _index(self) -> OwnerIndex:
        assert isinstance(self._back, OwnerIndex)
        return self._back


class _LayeredBrowsable(LayeredStore, Browsable):
    """The same over a store that can be gone through."""

    @property
    def browsed(self) -> tuple[Browsable, ...]:
        return self._all.browsed

    def browse(self) -> Iterator[bytes]:
        return self._all.browse()

    def page(self, after: str | None, limit: int) -> Page:
        return self._all.page(after, limit)

    def count(self) -> int:
        return self._all.count()

    def delete_all(self) -> int:
        try:
            return self._all.delete_all()
        finally:
            self._forget_all()

    @property
    def _all(self) -> Browsable:
        assert isinstance(self._back, Browsable)
        return self._back
