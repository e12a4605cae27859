"""A record that is always found in the same place, such as that of a user's own data.

There is no token that could be made anew: whoever begins a record that somebody else has just
begun goes on with his, and one that was removed leaves no tombstone, for it may begin again.
So that a slow request does not write into a later record what it has read of a former one,
each has a mark of its own, which every change expects to find.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from blinker import Signal

from . import clock, signals
from .errors import DamagedRecord, StoreConflict, StoreUnavailable
from .lifecycle import Lifecycle
from .lifetimes import Lifetimes
from .owners import KIND
from .record import BOOKKEEPING, Changes, Record, spread
from .reporter import PATIENCE
from .services import Services, State
from .stores.base import Applied, Miss, Outcome
from .tokens import digest, handle

T = TypeVar("T")

_log = logging.getLogger("flask_sessionplus")

_BORN = f"{BOOKKEEPING}born"

# Of 48 that stores have, so that there is room to count.
_REVISION_BITS = 40

# How long a record stays that is empty, in milliseconds.
_EMPTY_LIFETIME = 60_000

# The others are about what browsers have.
_TOLD = (signals.store_failed, signals.session_lost)


class FixedLifecycle(Lifecycle):
    """The way of a record in a fixed place through one request.

    :param token: stands for the place, and is none that could be in a cookie.
    :param owner: whose it is.
    :param still_counts: asks once more whether the request is let in, after it has begun the
        record: who is revoked meanwhile would find what he has ended there again.
    """

    def __init__(
        self,
        services: Services,
        request: Any,
        session: Any,
        token: str,
        owner: str,
        still_counts: Callable[[], bool],
    ) -> None:
        super().__init__(services, request, session)
        self._fixed = token
        self._owner = owner
        self._still_counts = still_counts

    @property
    def handle(self) -> str:
        """The public name, which is there before the record."""
        return handle(digest(self._fixed))

    def begin(self, sets: dict[str, bytes], expires_at: int) -> bool:
        """Begin the record with *sets*; return whether nobody was faster.

        Who is not let in any more goes on without a place in the store.
        """
        now = clock.now()
        values = {
            **sets,
            KIND: self.services.codec.encode("global"),
            _BORN: secrets.token_bytes(8),
        }
        # Stores tell a record by its birth and its revision, so that another one that was born
        # in the same millisecond must not be at the same revision.
        revision = 1 + secrets.randbits(_REVISION_BITS)
        record = Record(now, now, expires_at, values, revision, self._owner)
        if not self.call(self.store.create, digest(self._fixed), record):
            return False
        if not self._is_let_in_still():
            self.lose(has_changes=bool(sets))
            return True
        record = spread(record)[0]
        if sets:
            self.settle(self._fixed, record, sets)
        else:
            self._go_on(record)
        return True

    def join(self) -> bool:
        """Go on with the record that somebody else has begun; return whether it is there."""
        found = self.call(self.store.reload, digest(self._fixed))
        if isinstance(found, Miss):
            return False
        if self.call(self._still_counts):
            self._go_on(found)
        else:
            self.lose(has_changes=any(self.data.changes()))
        return True

    def begin_empty(self) -> None:
        """Be there, so that what is written at once is exact for others who begin as well."""
        for _ in range(PATIENCE):
            if self.begin({}, clock.now() + _EMPTY_LIFETIME) or self.join():
                return
        raise self.give_up("The global data")

    def end(self) -> None:
        """End the record; what is put in afterwards belongs to another one."""
        super().end()
        if self.state is State.DETACHED:
            # It has ended already, and the next one is nobody's whose cookie could be lost.
            self.state, self.restarts = State.NEW, False

    def apply(self, changes: Changes) -> Applied:
        """Let the store do *changes*, if the record is still the same one."""
        assert self.record is not None
        born = self.record.values.get(_BORN)
        changes.expects = {**changes.expects, _BORN: born}
        applied = super().apply(changes)
        found = applied.record
        if applied.outcome is Outcome.CONFLICT and found and found.values.get(_BORN) != born:
            self.lose(bool(changes.sets or changes.updates or changes.removals))
            return Applied(Outcome.GONE)
        return applied

    def reload(self) -> Record:
        """Return the record as it is now.

        :raises StoreConflict: if it has ended, or is another one.
        """
        former = self.record
        found = super().reload()
        if former is not None and found.values.get(_BORN) != former.values.get(_BORN):
            self.record = former
            raise StoreConflict("The global data was removed meanwhile. Let the client try again.")
        return found

    def call(self, method: Callable[..., T], *arguments: Any) -> T:
        """Call a method of the store."""
        try:
            return super().call(method, *arguments)
        except DamagedRecord as error:
            if method == self.store.fetch:
                raise
            # There is no other place to begin anew, and nothing must look as if it were empty.
            unreadable = StoreUnavailable(
                f"The global data {self.handle} cannot be read. If no other version of this app"
                f" can, remove it with ext.revoke({self.handle!r})."
            )
            _log.error("%s", unreadable)
            self.send(signals.store_failed, error=unreadable)
            raise unreadable from error

    def send(self, signal: Signal, **details: Any) -> None:
        """Send *signal*, if it concerns more than what browsers have."""
        if signal in _TOLD:
            super().send(signal, **details)

    def _is_let_in_still(self) -> bool:
        """Look, and remove the record that was just begun if not, or if nobody can tell."""
        # Not before: a revocation in between would have found nothing to remove.
        counts = False
        try:
            counts = self.call(self._still_counts)
        finally:
            if not counts:
                self.call(self.store.delete, digest(self._fixed))
        return counts

    def _go_on(self, record: Record) -> None:
        self.state, self.token, self.record = State.ALIVE, self._fixed, record
        self.data.rebase(record)

    def _find_lifetimes(self) -> Lifetimes:
        # No absolute end: that is against stolen cookies, and nobody signs in with this.
        settings = self.services.settings
        idle = settings.signin.global_lifetime or self.services.default_lifetime()
        return Lifetimes(idle, None, idle, min(settings.touch_interval, idle // 10))
