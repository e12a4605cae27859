"""A store in memory that really keeps large values beside its records."""

from __future__ import annotations

from threading import RLock

from flask_sessionplus import clock
from flask_sessionplus.record import expected_beside, is_expected, merge, spread, tombstone
from flask_sessionplus.stores.base import Applied, Miss, Outcome, Store


class BesideStore(Store):
    """Counts its trips; everything happens under one lock.

    :ivar records: the records by sid, as they are stored.
    :ivar large: the values beside them, by sid and name.
    :ivar trips: the names of the methods that were called.
    :ivar written: the changes that came.
    """

    is_shared = False

    def __init__(self):
        self.records, self.large, self.trips, self.written = {}, {}, [], []
        self._lock = RLock()

    def load(self, sid):
        """Return the record."""
        self.trips.append("load")
        with self._lock:
            record = self._find(sid)
            if record is None:
                return Miss.UNKNOWN
            return Miss.MOVED if record.moved_to else record.copy()

    def create(self, sid, record):
        """Store a new record."""
        self.trips.append("create")
        with self._lock:
            if self._find(sid) is not None:
                return False
            self._drop(sid)
            self._put(sid, record.copy())
            return True

    def apply(self, sid, seen, changes):
        """Do the changes, as merge says."""
        self.trips.append("apply")
        self.written.append(changes)
        with self._lock:
            current = self._find(sid)
            if current is None or current.moved_to:
                return Applied(Outcome.GONE)
            beside = {name: self.large[sid, name] for name in expected_beside(current, changes)}
            if not is_expected(current, changes, beside):
                return Applied(Outcome.CONFLICT, current.copy())
            target = changes.move_to or sid
            if target != sid and self._find(target) is not None:
                return Applied(Outcome.TAKEN)
            merged = merge(current, changes)
            kept = {name: self.large[sid, name] for name in merged.beside}
            self._drop(sid)
            self._drop(target)
            if target != sid:
                self.records[sid] = tombstone(clock.now(), target)
            self.large.update({(target, name): data for name, data in kept.items()})
            return Applied(Outcome.SAVED, self._put(target, merged).copy())

    def delete(self, sid):
        """Remove the record, wherever it is now."""
        self.trips.append("delete")
        with self._lock:
            record = self._find(sid)
            while record is not None and record.moved_to:
                sid = record.moved_to
                record = self._find(sid)
            self._drop(sid)
            return record is not None

    def fetch(self, sid, names):
        """Return values that lie beside the record."""
        self.trips.append("fetch")
        with self._lock:
            if self._find(sid) is None:
                return {}
            return {name: self.large[sid, name] for name in names if (sid, name) in self.large}

    def _find(self, sid):
        record = self.records.get(sid)
        return None if record is None or record.expires_at <= clock.now() else record

    def _put(self, sid, record):
        stored, large = spread(record)
        self.records[sid] = stored
        self.large.update({(sid, name): data for name, data in large.items()})
        return stored

    def _drop(self, sid):
        self.records.pop(sid, None)
        for place in [place for place in self.large if place[0] == sid]:
            del self.large[place]
