"""Records in files: one host, no server, nothing to install."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from .. import clock
from ..errors import DamagedRecord, StoreError, StoreUnavailable
from ..findings import Finding
from ..record import Changes, Record, expected_beside, is_expected, merge, tombstone
from . import filedisk, filevalues
from .base import (
    Applied,
    Browsable,
    Diagnosable,
    Miss,
    Outcome,
    OwnerIndex,
    Page,
    Purgeable,
    Removed,
    Store,
    until_none_is_left,
)
from .cursors import check_limit, cursor, position
from .filediagnosis import diagnose_folder
from .filelocks import StripedLocks
from .filepages import Walk
from .filerecords import RecordFiles, is_record, sid_of
from .filevalues import StoredFile

# How often values that vanish while they are read are looked for, before the lock is taken.
_TRIES = 3


class FileStore(Store, Purgeable, OwnerIndex, Browsable, Diagnosable):
    """Keeps each record in one file, whose modification time is its expiry.

    A record is written beside its place and renamed, so a reader sees the old or the
    new one, whole; a writer that is killed leaves the old one. Large values lie in files of
    their own, which are written before the record and removed after it. For each owner
    there is a folder with the names of his sessions.

    :param folder: made at first use, readable by its owner only.
    :param fsync: wait until the disk has each write. Survives a power cut, costs
        milliseconds; without it records survive the death of any process.
    """

    def __init__(self, folder: str | Path, fsync: bool = False) -> None:
        self._folder = Path(folder).absolute()
        self._locks = StripedLocks(self._folder / "locks", self._make_folders)
        self._files = RecordFiles(str(self._folder), fsync)
        self._is_ready = False
        self._walks: list[Iterator[str]] = []

    def load(self, sid: bytes) -> Record | Miss:
        self._make_ready()
        stored = self._files.read(sid)
        if stored is None:
            return Miss.UNKNOWN
        record = stored.record
        if record.expires_at <= clock.now():
            return Miss.UNKNOWN if record.moved_to else Miss.EXPIRED
        return Miss.MOVED if record.moved_to else record

    def fetch(self, sid: bytes, names: Collection[str]) -> dict[str, bytes]:
        self._make_ready()
        for _ in range(_TRIES):
            values = self._fetch(sid, names)
            if values is not None:
                return values
        with self._locks.hold(sid):
            values = self._fetch(sid, names)
        if values is None:
            raise _vanished()
        return values

    def create(self, sid: bytes, record: Record) -> bool:
        self._make_ready()
        with self._locks.hold(sid):
            former = self._files.read(sid)
            if former is not None and former.is_alive:
                return False
            self._files.put(sid, former, record)
            return True

    def apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        self._make_ready()
        target = changes.move_to or sid
        with self._locks.hold(sid, target):
            current = self._files.find(sid)
            if current is None or current.record.moved_to:
                return Applied(Outcome.GONE)
            if not self._is_expected(sid, current, changes):
                return Applied(Outcome.CONFLICT, current.record)
            merged = merge(current.record, changes)
            if target == sid:
                return Applied(Outcome.SAVED, self._files.put(sid, current, merged, current))
            former = self._files.read(target)
            if former is not None and former.is_alive:
                return Applied(Outcome.TAKEN)
            return Applied(Outcome.SAVED, self._move(sid, current, target, former, merged))

    def delete(self, sid: bytes) -> bool:
        self._make_ready()
        return self._delete(sid)

    def owned(self, owner: str) -> list[tuple[bytes, Record]]:
        self._make_ready()
        found: dict[bytes, Record] = {}
        sids = self._files.owners.sids(owner)
        while sids:
            sid = sids.pop()
            try:
                stored = self._files.find(sid)
            except DamagedRecord:
                continue
            if stored is not None and stored.record.owner == owner:
                found[sid] = stored.record
                continue
            if stored is not None and stored.record.moved_to:
                # It has moved on since the names were read.
                sids.append(stored.record.moved_to)
            self._clear_away(self._files.owners.path(owner, sid))
        return sorted(found.items(), key=lambda each: each[1].seen_at, reverse=True)

    def delete_owned(self, owner: str, spare: Collection[bytes] = ()) -> int:
        self._make_ready()
        total, removed = 0, 1
        # What moved on while the names were read is found by reading them again.
        while removed:
            removed = sum(self._delete(sid, owner, spare) for sid in self._files.owners.sids(owner))
            total += removed
        return total

    def find(self, half: bytes) -> bytes | None:
        self._make_ready()
        sids = map(sid_of, self._files.beginning_with(half))
        return next(filter(self._is_live, sids), None)

    def browse(self) -> Iterator[bytes]:
        self._make_ready()
        return filter(self._is_live, map(sid_of, filter(is_record, self._files.paths())))

    def page(self, after: str | None, limit: int) -> Page:
        check_limit(limit)
        self._make_ready()
        walk = Walk(str(self._folder), position(after), limit)
        found: list[tuple[bytes, Record]] = []
        for sid in walk.sids():
            record = self._readable(sid)
            if record is not None and len(found) == limit:
                return Page(found, cursor(found[-1][0]))
            if record is not None:
                found.append((sid, record))
        return Page(found, walk.after)

    def count(self) -> int:
        self._make_ready()
        return sum(not filedisk.is_old(path) for path in filter(is_record, self._files.paths()))

    def delete_all(self) -> int:
        self._make_ready()
        return until_none_is_left(self, self._delete_each)

    def purge(self, limit: int) -> int:
        self._make_ready()
        # A walk goes on where it stopped at its limit, or many calls would each begin
        # again with the files that are alive.
        try:
            walk, is_new = self._walks.pop(), False
        except IndexError:
            walk, is_new = self._old(), True
        removed = 0
        for path in walk:
            removed += self._clear_away(path)
            if removed >= limit:
                self._walks.append(walk)
                return removed
        # What expired behind its back is left for a second one.
        return removed if is_new else removed + self.purge(limit - removed)

    def count_expired(self) -> int:
        self._make_ready()
        return sum(map(self._is_expired, filter(is_record, self._files.paths())))

    def diagnose(self) -> list[Finding]:
        return diagnose_folder(self._folder, self)

    def is_made(self) -> bool:
        return self._folder.is_dir()

    def close(self) -> None:
        self._locks.close()

    def _fetch(self, sid: bytes, names: Collection[str]) -> dict[str, bytes] | None:
        stored = self._files.find(sid)
        path = self._files.path(sid)
        return {} if stored is None else filevalues.read_values(path, stored, names)

    def _is_expected(self, sid: bytes, current: StoredFile, changes: Changes) -> bool:
        names = expected_beside(current.record, changes)
        values = filevalues.read_values(self._files.path(sid), current, names) if names else {}
        if values is None:
            raise _vanished()
        return is_expected(current.record, changes, values)

    def _move(
        self,
        sid: bytes,
        current: StoredFile,
        target: bytes,
        former: StoredFile | None,
        record: Record,
    ) -> Record:
        # The new place first: killed in between, the old one is still alive and
        # nobody has been told the new token.
        try:
            moved = self._files.put(target, former, record, current, origin=sid)
            self._files.put(sid, current, tombstone(clock.now(), target))
        except StoreUnavailable:
            left = self._files.read(sid)
            if left is None or not left.record.moved_to:
                self._files.wipe(target)
            raise
        return moved

    def _delete(self, sid: bytes, owner: str | None = None, spare: Collection[bytes] = ()) -> bool:
        """Remove the record, wherever it is now, if it is *owner*'s and not in *spare*."""
        while sid not in spare:
            with self._locks.hold(sid):
                try:
                    stored = self._files.read(sid)
                except DamagedRecord:
                    self._files.wipe(sid)
                    return True
                if stored is None:
                    return False
                is_alive = stored.is_alive
                if not is_alive or not stored.record.moved_to:
                    if owner is not None and stored.record.owner != owner:
                        return False
                    self._files.remove(sid, stored)
                    return is_alive
            sid = stored.record.moved_to
        return False

    def _delete_each(self) -> Removed:
        # A tombstone leads to where the session is by now.
        sids = map(sid_of, filter(is_record, self._files.paths()))
        count = sum(map(self._delete, sids))
        return Removed(count, count)

    def _old(self) -> Iterator[str]:
        """Yield the paths of what may have to go: its time is over, or its writer was killed."""
        for path in self._files.paths():
            if path.endswith(filedisk.UNFINISHED) or filedisk.is_old(path):
                yield path
        yield from self._files.owners.old()

    def _clear_away(self, path: str) -> int:
        """Remove a file of ours that nobody needs; return whether it was an expired record."""
        sid = sid_of(path)
        # Only under its lock is it certain that nobody is writing or using it.
        with self._locks.hold(sid):
            if path == self._files.path(sid):
                return self._remove_expired(sid)
            if path.endswith(filedisk.UNFINISHED):
                filedisk.unlink_quietly(path)
            else:
                self._clear_away_belonging(sid, path)
            return 0

    def _clear_away_belonging(self, sid: bytes, path: str) -> None:
        """Remove a value or an entry of an owner that the record of *sid* does not have."""
        try:
            stored = self._files.find(sid)
        except DamagedRecord:
            return
        if stored is not None and path in self._files.belongings(sid, stored):
            filedisk.set_time(path, stored.record.expires_at)
        elif path.startswith(self._files.path(sid)):
            filedisk.unlink_quietly(path)
        else:
            self._files.owners.remove(path)

    def _remove_expired(self, sid: bytes) -> int:
        path = self._files.path(sid)
        if not filedisk.is_old(path):
            return 0
        try:
            # The time of a file that was copied says nothing.
            stored = self._files.read(sid)
        except DamagedRecord:
            self._files.wipe(sid)
            return 1
        if stored is None or stored.is_alive:
            return 0
        self._files.remove(sid, stored)
        return 1

    def _is_expired(self, path: str) -> bool:
        if not filedisk.is_old(path):
            return False
        try:
            stored = self._files.read(sid_of(path))
        except DamagedRecord:
            return True
        return stored is not None and not stored.is_alive

    def _readable(self, sid: bytes) -> Record | None:
        try:
            stored = self._files.find(sid)
        except DamagedRecord:
            return None
        return None if stored is None or stored.record.moved_to else stored.record

    def _is_live(self, sid: bytes) -> bool:
        try:
            stored = self._files.find(sid)
        except DamagedRecord:
            # Whoever loads it is told.
            return True
        return stored is not None and not stored.record.moved_to

    def _make_ready(self) -> None:
        if not self._is_ready:
            self._make_folders()
            self._is_ready = True

    def _make_folders(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            filedisk.make_folder(f"{self._folder}/locks")
            status = os.stat(self._folder)
        except OSError as error:
            raise filedisk.unavailable(error) from error
        # Who can write here can put in sessions of his own (CVE-2026-40973).
        if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise StoreError(
                f"The session folder {self._folder} belongs to somebody else, or others may"
                " write there. Use a folder of this user's own, mode 0700."
            )


def _vanished() -> DamagedRecord:
    return DamagedRecord("A stored value has vanished. Remove the session's files.")
