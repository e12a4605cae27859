"""Records in this process's memory: for tests, and for apps of one process."""

from __future__ import annotations

import heapq
import os
from collections.abc import Collection, Iterator
from threading import Lock

from .. import clock
from ..errors import StoreError
from ..findings import Finding
from ..record import Changes, Record, is_expected, merge, tombstone
from .base import Applied, Browsable, Diagnosable, Miss, Outcome, OwnerIndex, Page, Purgeable, Store
from .cursors import check_limit, cursor, position
from .memorydiagnosis import diagnose

# Bytes of a sid that are enough to tell it from all others.
_HALF = 16


class MemoryStore(Store, Purgeable, OwnerIndex, Browsable, Diagnosable):
    """Keeps records in a dict, under one lock. They end with the process.

    Expired ones are removed bit by bit as new ones come, so memory stays bounded by
    the live sessions; a live one is never removed.
    """

    is_shared = False

    def __init__(self) -> None:
        self._records: dict[bytes, Record] = {}
        # Whole sids by their first halves.
        self._whole: dict[bytes, bytes] = {}
        self._owned: dict[str, set[bytes]] = {}
        self._expiries: list[tuple[int, bytes]] = []
        self._lock = Lock()
        self._pid: int | None = None

    def load(self, sid: bytes) -> Record | Miss:
        self._check_process()
        record = self._records.get(sid)
        if record is None:
            return Miss.UNKNOWN
        if record.expires_at <= clock.now():
            return Miss.UNKNOWN if record.moved_to else Miss.EXPIRED
        return Miss.MOVED if record.moved_to else record.copy()

    def create(self, sid: bytes, record: Record) -> bool:
        self._check_process()
        now = clock.now()
        with self._lock:
            self._purge(now, 2)
            if self._find(sid, now) is not None:
                return False
            self._put(sid, record.copy())
            return True

    def apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        self._check_process()
        now = clock.now()
        with self._lock:
            current = self._find(sid, now)
            if current is None or current.moved_to:
                return Applied(Outcome.GONE)
            if not is_expected(current, changes):
                return Applied(Outcome.CONFLICT, current.copy())
            merged = merge(current, changes)
            if changes.move_to is not None:
                if self._find(changes.move_to, now) is not None:
                    return Applied(Outcome.TAKEN)
                self._put(sid, tombstone(now, changes.move_to))
                sid = changes.move_to
            self._put(sid, merged)
            return Applied(Outcome.SAVED, merged.copy())

    def delete(self, sid: bytes) -> bool:
        self._check_process()
        now = clock.now()
        with self._lock:
            record = self._find(sid, now)
            while record is not None and record.moved_to:
                sid = record.moved_to
                record = self._find(sid, now)
            self._drop(sid)
            return record is not None

    def purge(self, limit: int) -> int:
        with self._lock:
            return self._purge(clock.now(), limit)

    def diagnose(self) -> list[Finding]:
        return diagnose(os.environ)

    def count_expired(self) -> int:
        now = clock.now()
        with self._lock:
            return sum(record.expires_at <= now for record in self._records.values())

    def owned(self, owner: str) -> list[tuple[bytes, Record]]:
        self._check_process()
        now = clock.now()
        with self._lock:
            found = [(sid, self._find(sid, now)) for sid in self._owned.get(owner, ())]
        alive = [(sid, record.copy()) for sid, record in found if record is not None]
        return sorted(alive, key=lambda each: each[1].seen_at, reverse=True)

    def delete_owned(self, owner: str, spare: Collection[bytes] = ()) -> int:
        self._check_process()
        now = clock.now()
        with self._lock:
            doomed = self._owned.get(owner, set()).difference(spare)
            alive = sum(self._find(sid, now) is not None for sid in doomed)
            for sid in doomed:
                self._drop(sid)
            return alive

    def find(self, half: bytes) -> bytes | None:
        self._check_process()
        with self._lock:
            sid = self._whole.get(half)
            return sid if sid is not None and self._is_alive(sid) else None

    def browse(self) -> Iterator[bytes]:
        self._check_process()
        with self._lock:
            sids = list(self._records)
        return (sid for sid in sids if self._is_alive(sid))

    def page(self, after: str | None, limit: int) -> Page:
        check_limit(limit)
        last = position(after)
        behind = (sid for sid in self.browse() if sid > last)
        sids = heapq.nsmallest(limit + 1, behind)
        with self._lock:
            found = [(sid, self._records[sid].copy()) for sid in sids if self._is_alive(sid)]
        return Page(found[:limit], cursor(sids[limit - 1]) if len(sids) > limit else None)

    def count(self) -> int:
        self._check_process()
        with self._lock:
            return sum(map(self._is_alive, self._records))

    def delete_all(self) -> int:
        self._check_process()
        with self._lock:
            alive = sum(map(self._is_alive, self._records))
            for each in (self._records, self._whole, self._owned, self._expiries):
                each.clear()
            return alive

    def _is_alive(self, sid: bytes) -> bool:
        record = self._find(sid, clock.now())
        return record is not None and not record.moved_to

    def _find(self, sid: bytes, now: int) -> Record | None:
        record = self._records.get(sid)
        return None if record is None or record.expires_at <= now else record

    def _put(self, sid: bytes, record: Record) -> None:
        former = self._records.get(sid)
        self._disown(sid, former)
        self._records[sid] = record
        self._whole[sid[:_HALF]] = sid
        if record.owner:
            self._owned.setdefault(record.owner, set()).add(sid)
        # A later expiry needs no new entry: the old one finds the record still alive.
        if former is None or record.expires_at < former.expires_at:
            heapq.heappush(self._expiries, (record.expires_at, sid))
        if len(self._expiries) > 2 * len(self._records) + 64:
            self._expiries = [(kept.expires_at, sid) for sid, kept in self._records.items()]
            heapq.heapify(self._expiries)

    def _drop(self, sid: bytes) -> None:
        self._disown(sid, self._records.pop(sid, None))
        self._whole.pop(sid[:_HALF], None)

    def _disown(self, sid: bytes, former: Record | None) -> None:
        if former is not None and former.owner:
            sids = self._owned[former.owner]
            sids.discard(sid)
            if not sids:
                del self._owned[former.owner]

    def _purge(self, now: int, limit: int) -> int:
        removed = 0
        while removed < limit and self._expiries and self._expiries[0][0] <= now:
            _, sid = heapq.heappop(self._expiries)
            record = self._records.get(sid)
            if record is None:
                continue
            if record.expires_at > now:
                heapq.heappush(self._expiries, (record.expires_at, sid))
            else:
                self._drop(sid)
                removed += 1
        return removed

    def _check_process(self) -> None:
        pid = os.getpid()
        if self._pid is None:
            self._pid = pid
        elif self._pid != pid:
            raise StoreError(
                "A memory store was used before a fork: each process would have sessions of"
                " its own. Use SESSION_STORE = 'sqlite:///...' or another shared store."
            )
