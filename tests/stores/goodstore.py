"""A store that does everything right, to be spoiled."""

from __future__ import annotations

from collections import defaultdict
from threading import RLock

from flask_sessionplus import clock
from flask_sessionplus.record import expected_beside, is_expected, merge, spread, tombstone
from flask_sessionplus.stores.base import (
    Applied,
    Browsable,
    Miss,
    Outcome,
    OwnerIndex,
    Page,
    Purgeable,
    Store,
)
from flask_sessionplus.stores.cursors import check_limit, cursor, position


class GoodStore(Store, Purgeable, OwnerIndex, Browsable):
    """Keeps records, large values and owners in dicts; everything happens under one lock."""

    is_shared = False

    def __init__(self):
        self.records = {}
        self.large = defaultdict(dict)
        self.index = defaultdict(set)
        self.lock = RLock()

    def load(self, sid):
        """Return the record."""
        with self.lock:
            record = self.peek(sid)
            if record is None:
                return Miss.UNKNOWN
            return Miss.MOVED if record.moved_to else record.copy()

    def fetch(self, sid, names):
        """Return values that lie beside the record."""
        with self.lock:
            found = self.large.get(sid, {})
            return {name: found[name] for name in names if name in found}

    def create(self, sid, record):
        """Store a new record."""
        with self.lock:
            if self.peek(sid) is not None:
                return False
            self.put(sid, record.copy(), {})
            return True

    def apply(self, sid, seen, changes):
        """Do the changes, as merge says."""
        with self.lock:
            current = self.peek(sid)
            if current is None or current.moved_to:
                return self.answer_gone(sid, seen, changes)
            if not self.is_expected(sid, current, changes):
                return Applied(Outcome.CONFLICT, current.copy())
            target = changes.move_to or sid
            if target != sid and self.peek(target) is not None:
                return Applied(Outcome.TAKEN)
            merged = merge(current, changes)
            kept = {name: self.large[sid][name] for name in merged.beside}
            if target != sid:
                self.put(sid, tombstone(clock.now(), target), {})
            return Applied(Outcome.SAVED, self.put(target, merged, kept).copy())

    def delete(self, sid):
        """Remove the record, wherever it is now."""
        with self.lock:
            record = self.peek(sid)
            while record is not None and record.moved_to:
                sid = record.moved_to
                record = self.peek(sid)
            self.drop(sid)
            return record is not None

    def owned(self, owner):
        """List the sessions of an owner."""
        with self.lock:
            found = [(sid, self.load(sid)) for sid in self.index.get(self.key(owner), ())]
        alive = [each for each in found if not isinstance(each[1], Miss)]
        return sorted(alive, key=lambda each: -each[1].seen_at)

    def delete_owned(self, owner, spare=()):
        """End the sessions of an owner."""
        with self.lock:
            return sum(self.delete(sid) for sid, _ in self.owned(owner) if sid not in spare)

    def find(self, half):
        """Find a session by half of its sid."""
        with self.lock:
            found = [sid for sid in self.records if sid.startswith(half) and self.is_live(sid)]
        return found[0] if found else None

    def delete_all(self):
        """Remove everything."""
        with self.lock:
            alive = sum(map(self.is_live, self.records))
            for sid in list(self.records):
                self.drop(sid)
            return alive

    def browse(self):
        """Yield all sids."""
        return (sid for sid in list(self.records) if self.is_live(sid))

    def page(self, after, limit):
        """Return some, by their sids."""
        check_limit(limit)
        last = position(after)
        found = [(sid, self.load(sid)) for sid in sorted(self.browse()) if sid > last]
        has_more = len(found) > limit
        return Page(found[:limit], cursor(found[limit - 1][0]) if has_more else None)

    def count(self):
        """Count them."""
        return len(list(self.browse()))

    def purge(self, limit):
        """Remove what is expired."""
        with self.lock:
            expired = [sid for sid in self.records if self.peek(sid) is None][:limit]
            for sid in expired:
                self.drop(sid)
            return len(expired)

    def count_expired(self):
        """Count what is expired."""
        return sum(self.peek(sid) is None for sid in list(self.records))

    def peek(self, sid):
        """Return what is in the place."""
        record = self.records.get(sid)
        return None if record is None or record.expires_at <= clock.now() else record

    def is_live(self, sid):
        """Tell whether there is a record, and no tombstone."""
        record = self.peek(sid)
        return record is not None and not record.moved_to

    def put(self, sid, record, kept):
        """Put a record in its place."""
        stored, new = spread(record)
        self.drop(sid)
        self.records[sid] = stored
        self.large[sid] = {name: (kept | new)[name] for name in stored.beside}
        if stored.owner:
            self.index[self.key(stored.owner)].add(sid)
        return stored

    def drop(self, sid):
        """Remove all of a record."""
        former = self.records.pop(sid, None)
        self.large.pop(sid, None)
        if former is not None and former.owner:
            self.index[self.key(former.owner)].discard(sid)

    def is_expected(self, sid, current, changes):
        """Tell whether the record is as expected."""
        beside = {name: self.large[sid][name] for name in expected_beside(current, changes)}
        return is_expected(current, changes, beside)

    def answer_gone(self, sid, seen, changes):
        """Do nothing."""
        return Applied(Outcome.GONE)

    def key(self, owner):
        """Return under what an owner is found."""
        return owner
