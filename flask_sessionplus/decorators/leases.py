"""Leases: records that say who may go on, and until when."""

from __future__ import annotations

import secrets
import time

from .. import clock
from ..errors import SessionBusy, StoreError
from ..lifecycle import Lifecycle
from ..record import BOOKKEEPING, Changes, Record
from ..stores.patience import pause
from ..tokens import digest

_KIND = f"{BOOKKEEPING}kind"
_MARK = f"{BOOKKEEPING}mark"

#: What its record has, in the store of the session.
NAMES = frozenset({_KIND, _MARK})

# Pauses between two looks, in microseconds: each look is a write that the store refuses.
_FIRST = 2_000
_LONGEST = 50_000


class Lease:
    """The right to be the only request of one session, until it is given back or ends.

    :param life: the session, which must be stored.
    :param length: after how many milliseconds it ends by itself.
    """

    def __init__(self, life: Lifecycle, length: int) -> None:
        assert life.token is not None
        encode = life.services.codec.encode
        self._store, self._call = life.store, life.call
        self._length = length
        self._sid = digest(f"lease:{digest(life.token).hex()}")
        self._mark = encode(secrets.token_hex(16))
        self._values = {_KIND: encode("lease"), _MARK: self._mark}
        self._taken: Record | None = None

    def take(self, wait: float) -> bool:
        """Take it, or wait until it is free; no connection is held meanwhile.

        :param wait: for how many seconds at most.
        :return: whether it was taken at once.
        :raises SessionBusy: if it did not become free.
        """
        end, tries = time.monotonic() + wait, 0
        while not self._try():
            tries += 1
            if time.monotonic() >= end:
                raise SessionBusy(
                    f"Another request of this session went on for more than {wait:g} seconds."
                    " Make that view faster, or let exclusive() wait longer.",
                    retry_after=max(1, round(wait)),
                )
            pause(tries, _FIRST, _LONGEST, at_once=0)
        return tries == 0

    def give_back(self) -> None:
        """Let the next one have it. What is somebody else's by now is left alone."""
        taken, self._taken = self._taken, None
        if taken is None:
            return
        changes = Changes(expects={_MARK: self._mark}, expires_at=clock.now())
        try:
            self._call(self._store.apply, self._sid, taken, changes)
        except StoreError:
            # It has been told, the answer is good, and the lease ends by itself.
            pass

    def _try(self) -> bool:
        now = clock.now()
        record = Record(now, now, now + self._length, self._values.copy())
        if not self._call(self._store.create, self._sid, record):
            return False
        self._taken = record
        return True
