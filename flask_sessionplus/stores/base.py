"""The contract of a store. These docstrings are the law; ``testing.StoreContract`` checks it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from enum import Enum
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from ..findings import Finding
from ..record import Changes, Record

P = TypeVar("P")

# How often all records are gone through to remove them, and how often in a row nothing must be
# met where tombstones are not seen.
_ROUNDS = 20
_LOOKS = 5


class Miss(Enum):
    """Why :meth:`Store.load` has no record."""

    #: There is none, or none any more.
    UNKNOWN = "unknown"
    #: There is one, but its time is over. A store that cannot tell says UNKNOWN.
    EXPIRED = "expired"
    #: A tombstone: the session has got another sid a moment ago.
    MOVED = "moved"


class Outcome(Enum):
    """What :meth:`Store.apply` did."""

    #: The changes are stored.
    SAVED = "saved"
    #: There is no such record (any more); nothing was written.
    GONE = "gone"
    #: An expected value was another one; nothing was written.
    CONFLICT = "conflict"
    #: The sid to move to exists already; nothing was written.
    TAKEN = "taken"


class Applied(NamedTuple):
    """The outcome of :meth:`Store.apply`, and the record as it is stored now.

    The record is there with SAVED and CONFLICT, so that nobody has to load it again.
    """

    outcome: Outcome
    record: Record | None = None


class Store(ABC):
    """Keeps records by sid, a digest of 32 bytes.

    A store sees neither tokens nor objects. It may be called from any thread, and
    after a fork. Faults are :class:`~flask_sessionplus.errors.StoreError`, chained to
    their cause; a miss is a value. A store may take the first half of a sid, 128 bits, for
    the whole.

    Large values may lie beside the record, so that a large session is neither read nor
    written whole for one key: see :func:`flask_sessionplus.record.spread`.
    """

    #: Do all processes that use this store see the same records?
    is_shared: bool = True

    #: The stores that this one is made of, if it keeps nothing itself.
    parts: tuple[Store, ...] = ()

    @abstractmethod
    def load(self, sid: bytes) -> Record | Miss:
        """Return the record, in one round trip. Never an expired one.

        Values that lie beside it are only named in it.

        :raises DamagedRecord: if the stored bytes are no record; they are left alone.
        """

    @abstractmethod
    def create(self, sid: bytes, record: Record) -> bool:
        """Store a new record. Return False, and write nothing, if *sid* is in use.

        The place of an expired record or tombstone counts as free. The record may be a
        tombstone itself, for a session that has ended.
        """

    @abstractmethod
    def apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        """Do *changes* to the record, all or nothing.

        It is atomic against every other call for that sid from any thread, process or
        machine: keys set or removed by one are never lost to another. It is an update
        if alive: a record that is gone or expired stays so, whatever the timing. *seen* is
        what the caller believes is stored, so that the cheap way can be tried first.
        """

    @abstractmethod
    def delete(self, sid: bytes) -> bool:
        """Remove the record. Return whether a live one was there.

        If it has moved on a moment ago, the one it has become is removed: whoever
        signs out while another request rotates the token is signed out.
        """

    def fetch(self, sid: bytes, names: Collection[str]) -> dict[str, bytes]:
        """Return the values of *names* that lie beside the record, as they are now.

        What does not lie there (any more) is left out. One round trip. To be overridden by
        stores whose records have such values.
        """
        return {}

    def reload(self, sid: bytes) -> Record | Miss:
        """Return the record as it is now: as :meth:`load`, but no copy that a layer keeps."""
        return self.load(sid)

    def is_made(self) -> bool:
        """Tell whether the place of the records is there, such as a table. Nothing is made by that.

        For tools. To be overridden by stores that make their place when it is first used, or
        whose place is made by hand.
        """
        return all(part.is_made() for part in self.parts)

    def close(self) -> None:
        """Close what is open and not in use. The store may be used again."""
        for part in self.parts:
            part.close()


class Purgeable(ABC):
    """A store that does not forget expired records by itself."""

    @abstractmethod
    def purge(self, limit: int) -> int:
        """Remove at most *limit* expired records, never a live one; return how many.

        Fewer than *limit* means that none are left for now.
        """

    @abstractmethod
    def count_expired(self) -> int:
        """Return how many expired records there are."""


class Preparable(ABC):
    """A store whose place has to be made by hand before the first use."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the place for the records, such as a table. Harmless if it is there."""

    def script(self) -> str:
        """Return what :meth:`prepare` does, in the words of the place's own client, such as SQL.

        Nothing is connected. ``""`` if there are no such words.
        """
        return ""


class Diagnosable(ABC):
    """A store that can tell what is wrong with its place. For tools, never in a request."""

    @abstractmethod
    def diagnose(self) -> list[Finding]:
        """Return what is wrong with the place of the records. Nothing is changed or made.

        :raises StoreError: if that cannot be found out, for the place does not answer.
        """


class OwnerIndex(ABC):
    """A store that finds the sessions of an owner without looking at all of them."""

    @abstractmethod
    def owned(self, owner: str) -> list[tuple[bytes, Record]]:
        """Return the live records of *owner* with their sids, the one seen last first."""

    @abstractmethod
    def delete_owned(self, owner: str, spare: Collection[bytes] = ()) -> int:
        """Remove the records of *owner*, but for the sids in *spare*; return how many.

        Several at a time: fifty sessions are not fifty round trips.
        """

    @abstractmethod
    def find(self, half: bytes) -> bytes | None:
        """Return the sid of the live record whose sid begins with *half*, or None.

        Whoever it belongs to. It is looked up, not searched for; where the session has moved
        from nothing is found. One that cannot be read may be found, so that it can be removed.

        :param half: 16 bytes: what a handle tells of a sid.
        """


class Page(NamedTuple):
    """Some of the live records of a store.

    :param found: their sids, and the records as :meth:`Store.load` returns them.
    :param after: what brings the next page; None: this is the last one. It goes through URLs,
        and tells no more of a sid than a handle does.
    :param sealed: how many were left out because they do not open with the keys that there are.
    """

    found: list[tuple[bytes, Record]]
    after: str | None
    sealed: int = 0


class Browsable(ABC):
    """A store that can go through all its records. For tools, never in a request."""

    @abstractmethod
    def browse(self) -> Iterator[bytes]:
        """Yield the sids of the live records in any order, in bounded memory.

        One that is there all the time is met at least once.
        """

    @abstractmethod
    def page(self, after: str | None, limit: int) -> Page:
        """Return some live records, in the store's own order, which does not change with time.

        From page to page, one that is there all the time, under the same sid, is met exactly
        once. Where a server hashes its keys it is met at least once, and so it is while
        sessions move from one store to another. What cannot be read is left out. A page may
        have fewer than *limit* records, even none, and not be the last: what it costs has a
        bound.

        :param after: where the page before ended; None: the first one is wanted.
        :param limit: how many at most, from 1 to 10,000.
        :raises ValueError: if *after* comes from no page of such a store, or for another *limit*.
        """

    @property
    def browsed(self) -> tuple[Browsable, ...]:
        """The stores that this one goes through: itself, or those that it is made of."""
        return (self,)

    @abstractmethod
    def count(self) -> int:
        """Return about how many live records there are."""

    def delete_all(self) -> int:
        """Remove every record, what lies beside it, and its owner's entry.

        All that were there when it began are gone when it ends, though they move meanwhile;
        one that is made meanwhile may stay. Expired ones and tombstones may stay. A store
        that can do it faster than one by one overrides this.

        Only for the store as a whole: what a part has, found with :func:`having`, may be notes
        on sessions that have ended.

        :return: about how many live ones there were.
        """
        assert isinstance(self, Store)
        delete = self.delete

        def remove() -> Removed:
            # Who moves from where it has not been yet to where it was is not met, and leaves
            # nothing that is: but nobody moves so often.
            sids = chain.from_iterable(self.browse() for _ in range(_LOOKS))
            count = sum(map(delete, sids))
            return Removed(count, count)

        return until_none_is_left(self, remove)


class Carrying(ABC):
    """A store whose records travel with the request, in a cookie beside the token's."""

    @abstractmethod
    def receive(self, carried: str | None) -> Carried:
        """Return the store for one request, which came with *carried*."""


class Carried(Store):
    """The records that one request has brought."""

    @abstractmethod
    def concerns(self, names: Collection[str]) -> bool:
        """Tell whether a change of *names* changes what the browser has to carry."""

    @abstractmethod
    def send(self) -> str | None:
        """Return what the browser is to carry from now on; None: nothing."""


class Removed(NamedTuple):
    """What was removed on one way through all records.

    :param all: how many: expired ones and tombstones too.
    :param alive: how many of them were live records.
    """

    all: int
    alive: int


def until_none_is_left(store: Any, remove: Callable[[], Removed]) -> int:
    """Call *remove*, which removes all that it meets in *store*, until it meets none.

    Who moves from where it has not been yet to where it was is not met: but the tombstone is,
    and tells that it has to go once more. Whoever moves again and again is followed.

    :return: how many were alive.
    """
    alive = 0
    for number in range(_ROUNDS):
        removed = remove()
        alive += removed.alive
        if not removed.all:
            break
        if number:
            alive += sum(map(store.delete, store.browse()))
    # After so many, what is met is new each time: who was there has been followed.
    return alive


def having(store: Store, power: type[P]) -> list[P]:
    """Return the stores with *power* that *store* is, or is made of: to prepare or purge them.

    One that has it itself speaks for its parts. An OwnerIndex among the parts says nothing of
    the whole: that is for ``isinstance`` alone.
    """
    if isinstance(store, power):
        return [store]
    return [found for part in store.parts for found in having(part, power)]
