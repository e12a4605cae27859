"""Stores of which each does one thing wrong, and one that does everything right.

Not collected by itself: `test_contract.py` runs it, and expects all but the first to fail.
"""

from __future__ import annotations

import time

import pytest

from flask_sessionplus.errors import StoreError
from flask_sessionplus.record import expected_beside, is_expected, merge
from flask_sessionplus.stores.base import (
    Applied,
    Browsable,
    Miss,
    Outcome,
    OwnerIndex,
    Page,
    Purgeable,
)
from flask_sessionplus.stores.cursors import cursor, position
from flask_sessionplus.testing import StoreContract
from tests.stores.goodstore import GoodStore


class KeepsValues(GoodStore):
    """Forgets large values neither when they are deleted nor when the record is."""

    def drop(self, sid):
        """Remove a record, but not its values."""
        large = self.large.get(sid, {})
        super().drop(sid)
        self.large[sid] = large

    def put(self, sid, record, kept):
        """Add to the values that were there."""
        before = self.large.get(sid, {})
        stored = super().put(sid, record, kept)
        self.large[sid] = before | self.large[sid]
        return stored


class ServesOldValues(GoodStore):
    """Does not write a large value that is there already."""

    def put(self, sid, record, kept):
        """Keep the values that were there."""
        before = self.large.get(sid, {})
        stored = super().put(sid, record, kept)
        self.large[sid].update({n: d for n, d in before.items() if stored.beside.get(n) == len(d)})
        return stored


class ComparesSizes(GoodStore):
    """Takes a large value for the expected one if it is as long."""

    def is_expected(self, sid, current, changes):
        """Look at the sizes of large values only."""
        expected = {name: changes.expects[name] for name in expected_beside(current, changes)}
        return is_expected(current, changes, expected) and all(
            data is not None and len(data) == current.beside[name]
            for name, data in expected.items()
        )


class MovesWithoutValues(GoodStore):
    """Leaves what lies beside the record behind when it moves."""

    def put(self, sid, record, kept):
        """Keep nothing in a new place."""
        if self.peek(sid) is None:
            kept = dict.fromkeys(kept, b"")
        return super().put(sid, record, kept)


class SharesValues(GoodStore):
    """Returns another session's value if there is none in this one."""

    def fetch(self, sid, names):
        """Look everywhere."""
        with self.lock:
            everywhere = {}
            for values in list(self.large.values()):
                everywhere |= values
            everywhere |= self.large.get(sid, {})
            return {name: everywhere[name] for name in names if name in everywhere}


class FoldsNames(GoodStore):
    """Takes names that differ in case or blanks for the same, as some databases do."""

    def fetch(self, sid, names):
        """Look for similar names."""
        folded = {name.lower().rstrip(" "): data for name, data in self.large.get(sid, {}).items()}
        found = {name: folded.get(name.lower().rstrip(" ")) for name in names}
        return {name: data for name, data in found.items() if data is not None}


class TearsValues(GoodStore):
    """Reads a large value in two parts."""

    # Its writers are done in a moment: on a busy machine nobody would read meanwhile.
    scale = 20

    def fetch(self, sid, names):
        """Read the first half, and then the second one."""
        first = super().fetch(sid, names)
        time.sleep(0.0005)
        second = super().fetch(sid, names)
        middle = 10_000
        return {n: first[n][:middle] + second[n][middle:] for n in first.keys() & second.keys()}


class Revives(GoodStore):
    """Writes what is gone."""

    def answer_gone(self, sid, seen, changes):
        """Create it anew, if it has ever been there."""
        if sid in self.records or seen.revision == 99:
            return Applied(Outcome.GONE)
        return Applied(Outcome.SAVED, self.put(sid, merge(seen, changes), {}).copy())


class ForgetsMovedOwners(GoodStore):
    """Does not find a session of an owner that has moved."""

    def apply(self, sid, seen, changes):
        """Make no entry for the new sid."""
        applied = super().apply(sid, seen, changes)
        if applied.outcome is Outcome.SAVED and changes.move_to:
            self.index[self.key(applied.record.owner)].discard(changes.move_to)
        return applied


class KeepsFormerOwners(GoodStore):
    """Lists a session of an owner who has it no more."""

    def drop(self, sid):
        """Remove no entry."""
        self.records.pop(sid, None)
        self.large.pop(sid, None)


class FoldsOwners(GoodStore):
    """Takes owners that differ in case for the same, as some databases do."""

    def key(self, owner):
        """Return the name in small letters."""
        return owner.lower()


class SparesNobody(GoodStore):
    """Ends all sessions of an owner, those that are to be spared too."""

    def delete_owned(self, owner, spare=()):
        """End all."""
        return super().delete_owned(owner)


class ListsTheOldestFirst(GoodStore):
    """Lists the sessions of an owner the wrong way round."""

    def owned(self, owner):
        """List them."""
        return super().owned(owner)[::-1]


class EndsWhatIsListed(GoodStore):
    """Ends the sessions that were an owner's a moment ago, without looking where they are."""

    def delete_owned(self, owner, spare=()):
        """End them."""
        sids = [sid for sid, _ in self.owned(owner) if sid not in spare]
        time.sleep(0.0005)
        with self.lock:
            ended = [sid for sid in sids if not isinstance(self.load(sid), Miss)]
            for sid in ended:
                self.drop(sid)
            return len(ended)


class BrowsesByNumber(GoodStore):
    """Goes on at the tenth, the twentieth ... when others have gone meanwhile."""

    def browse(self):
        """Yield the sids page by page."""
        start = 0
        while page := list(self.records)[start : start + 10]:
            yield from (sid for sid in page if self.peek(sid))
            start += 10


class PagesByUse(GoodStore):
    """Shows first who lives longest: who is used meanwhile has been passed by."""

    def page(self, after, limit):
        """Return some, by their expiry, and the dead."""
        found = sorted(self.records.items(), key=lambda each: (-each[1].expires_at, each[0]))
        halves = [sid[:16] for sid, _ in found]
        start = halves.index(position(after)[:16]) + 1 if after else 0
        page = found[start : start + limit]
        return Page(page, cursor(page[-1][0]) if start + limit < len(found) else None)


class FindsWhereItWas(GoodStore):
    """Finds a session by the sid that it had before."""

    def find(self, half):
        """Find tombstones too."""
        return next((sid for sid in self.records if sid.startswith(half) and self.peek(sid)), None)


class FindsTheExpired(GoodStore):
    """Finds what is over."""

    def find(self, half):
        """Find anything."""
        return next((sid for sid in self.records if sid.startswith(half)), None)


class FindsTheNext(GoodStore):
    """Finds the next one in order, if there is not the one that was meant."""

    def find(self, half):
        """Find it, as an index is asked for what comes first."""
        with self.lock:
            return min(
                (sid for sid in self.records if sid >= half and self.is_live(sid)), default=None
            )


class ClearsWithoutOwners(GoodStore):
    """Leaves the owners' entries when all is removed, and believes them."""

    def delete_all(self):
        """Remove the records."""
        with self.lock:
            kept = {owner: set(sids) for owner, sids in self.index.items()}
            alive = super().delete_all()
            self.index.update(kept)
            return alive

    def owned(self, owner):
        """List what is entered."""
        with self.lock:
            sids = self.index.get(owner, ())
            return sorted(((sid, self.records.get(sid)) for sid in sids), key=_seen_last)


def _seen_last(each):
    return 0 if each[1] is None else -each[1].seen_at


class ClearsRecordsOnly(GoodStore):
    """Leaves the large values when all is removed."""

    def delete_all(self):
        """Remove the records."""
        large = dict(self.large)
        alive = super().delete_all()
        self.large.update(large)
        return alive


class ClearsWhatIsListed(GoodStore):
    """Removes the sessions that were there a moment ago, without looking where they are."""

    def delete_all(self):
        """Remove them."""
        sids = list(self.browse())
        time.sleep(0.0005)
        with self.lock:
            ended = [sid for sid in sids if self.is_live(sid)]
            for sid in ended:
                self.drop(sid)
            return len(ended)


class ClearsAndForgets(GoodStore):
    """Takes whoever writes to a session that was removed with all others for a new one."""

    def delete_all(self):
        """Remove everything."""
        self.is_cleared = True
        return super().delete_all()

    def answer_gone(self, sid, seen, changes):
        """Make it anew."""
        if not getattr(self, "is_cleared", False):
            return super().answer_gone(sid, seen, changes)
        return Applied(Outcome.SAVED, self.put(changes.move_to or sid, merge(seen, changes), {}))


class PurgesRecordsOnly(GoodStore):
    """Leaves the large values of expired records behind."""

    def purge(self, limit):
        """Remove what is expired."""
        large = dict(self.large)
        purged = super().purge(limit)
        self.large.update(large)
        return purged


class ClosesForGood(GoodStore):
    """Cannot be used after `close`."""

    closed = False

    def close(self):
        """End it."""
        self.closed = True

    def peek(self, sid):
        """Refuse."""
        if self.closed:
            raise StoreError("This store is closed.")
        return super().peek(sid)


class _Contract(StoreContract):
    shared = False
    powers = (Purgeable, OwnerIndex, Browsable)
    store_class = GoodStore

    @pytest.fixture
    def opener(self):
        """Return the class."""
        return self.store_class

    def count_beside(self, store):
        """Count the large values."""
        return sum(map(len, store.large.values()))


for _store in (GoodStore, *GoodStore.__subclasses__()):
    _name = f"Test{_store.__name__}"
    _scale = getattr(_store, "scale", 1)
    _attributes = {"store_class": _store, "scale": _scale, "__doc__": _store.__doc__}
    globals()[_name] = type(_name, (_Contract,), _attributes)
