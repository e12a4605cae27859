"""The contract of a store. These docstrings are the law; ``testing.StoreContract`` checks it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from typing import NamedTuple

from ..record import Changes, Record


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
    their cause; a miss is a value.
    """

    #: Do all processes that use this store see the same records?
    is_shared: bool = True

    @abstractmethod
    def load(self, sid: bytes) -> Record | Miss:
        """Return the record, in one round trip. Never an expired one.

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
