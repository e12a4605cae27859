"""Where counts are kept: in the store of the sessions, a record for each day.

In it is a hidden value for each hour. Whoever adds to one replaces it only if it still is what
he has read, so that of many processes which add at the same time none is lost.
"""

from __future__ import annotations

from hashlib import sha256

from . import clock
from .codec import Codec
from .counting import Tally
from .errors import DamagedRecord, StoreConflict, UndecodableValue
from .owners import KIND, STATISTICS
from .record import BOOKKEEPING, Changes, Record
from .reporter import PATIENCE
from .stores.base import Miss, Outcome, Store

#: In milliseconds.
HOUR = 3_600_000

_HOURS = 24

#: For how many days counts are kept.
DAYS = 30


class Places:
    """Adds counts to those of all processes, and reads them.

    An hour is a number: how many there were since 1970-01-01 UTC.
    """

    def __init__(self, store: Store, codec: Codec) -> None:
        self._store = store
        self._codec = codec
        self._kind = codec.encode(STATISTICS)

    def add(self, hour: int, tally: Tally) -> None:
        """Add *tally* to what is known of *hour*.

        Exact, unless the store fails after it has written and before it has said so: then the
        caller adds it once more.

        :raises StoreError: if the store fails.
        """
        sid, name = _sid(hour // _HOURS), _name(hour)
        for _ in range(PATIENCE):
            found, now = self._find(sid), clock.now()
            if isinstance(found, Miss):
                values = {KIND: self._kind, name: self._encode(tally)}
                expires_at = max(now, hour * HOUR) + (DAYS + 1) * _HOURS * HOUR
                is_done = self._store.create(sid, Record(now, now, expires_at, values))
            else:
                former = found.values.get(name)
                total = tally if former is None else self._decode(former).plus(tally)
                changes = Changes({name: self._encode(total)}, expects={name: former}, seen_at=now)
                is_done = self._store.apply(sid, found, changes).outcome is Outcome.SAVED
            if is_done:
                return
        raise StoreConflict(f"Statistics were changed by others {PATIENCE} times in a row.")

    def read(self, first: int, last: int) -> dict[int, Tally]:
        """Return what is known of the hours from *first* to *last*.

        :raises StoreError: if the store fails.
        """
        found: dict[int, Tally] = {}
        for day in range(first // _HOURS, last // _HOURS + 1):
            record = self._find(_sid(day))
            for hour in range(max(first, day * _HOURS), min(last, day * _HOURS + 23) + 1):
                data = None if isinstance(record, Miss) else record.values.get(_name(hour))
                if data is not None:
                    found[hour] = self._decode(data)
        return found

    def count(self) -> int:
        """Return how many records there are."""
        return len(self.take())

    def take(self) -> list[tuple[int, Record]]:
        """Return all there is, by days: for whoever is about to empty the store."""
        today = clock.now() // (_HOURS * HOUR)
        found = ((day, self._find(_sid(day))) for day in range(today - DAYS - 1, today + 1))
        return [(day, record) for day, record in found if isinstance(record, Record)]

    def put_back(self, taken: list[tuple[int, Record]]) -> None:
        """Store what :meth:`take` has returned, and what others have added since."""
        for day, record in taken:
            if self._store.create(_sid(day), record):
                continue
            for hour in range(day * _HOURS, (day + 1) * _HOURS):
                data = record.values.get(_name(hour))
                if data is not None:
                    self.add(hour, self._decode(data))

    def _find(self, sid: bytes) -> Record | Miss:
        try:
            # No copy that a layer keeps: that would be added to.
            return self._store.reload(sid)
        except DamagedRecord:
            self._store.delete(sid)
            return Miss.UNKNOWN

    def _encode(self, tally: Tally) -> bytes:
        return self._codec.encode(tally.to_plain())

    def _decode(self, data: bytes) -> Tally:
        try:
            return Tally.from_plain(self._codec.decode(data))
        except (UndecodableValue, TypeError, ValueError):
            # Of another version: better a gap than no statistics from now on.
            return Tally()


def _name(hour: int) -> str:
    return f"{BOOKKEEPING}{hour % _HOURS:02}"


def _sid(day: int) -> bytes:
    return sha256(f"statistics of day {day}".encode()).digest()
