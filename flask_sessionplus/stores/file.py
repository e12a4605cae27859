"""Records in files: one host, no server, nothing to install."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from .. import clock
from ..errors import DamagedRecord, StoreError, StoreUnavailable
from ..record import Changes, Record, is_expected, merge, pack, tombstone, unpack
from .base import Applied, Miss, Outcome, Purgeable, Store
from .filelocks import StripedLocks

_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
_CHUNK = 65_536
_UNFINISHED = ".tmp"


class FileStore(Store, Purgeable):
    """Keeps each record in one file, whose modification time is its expiry.

    A record is written beside its place and renamed, so a reader sees the old or the
    new one, whole; a writer that is killed leaves the old one.

    :param folder: made at first use, readable by its owner only.
    :param fsync: wait until the disk has each write. Survives a power cut, costs
        milliseconds; without it records survive the death of any process.
    """

    def __init__(self, folder: str | Path, fsync: bool = False) -> None:
        self._folder = Path(folder).absolute()
        self._fsync = fsync
        self._locks = StripedLocks(self._folder / "locks", self._make_folders)
        self._is_ready = False
        self._walks: list[Iterator[bytes]] = []

    def load(self, sid: bytes) -> Record | Miss:
        self._make_ready()
        record = self._read(sid)
        if record is None:
            return Miss.UNKNOWN
        if record.expires_at <= clock.now():
            return Miss.UNKNOWN if record.moved_to else Miss.EXPIRED
        return Miss.MOVED if record.moved_to else record

    def create(self, sid: bytes, record: Record) -> bool:
        self._make_ready()
        with self._locks.hold(sid):
            if self._find(sid) is not None:
                return False
            self._write(sid, record)
            return True

    def apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        self._make_ready()
        target = changes.move_to or sid
        with self._locks.hold(sid, target):
            current = self._find(sid)
            if current is None or current.moved_to:
                return Applied(Outcome.GONE)
            if not is_expected(current, changes):
                return Applied(Outcome.CONFLICT, current)
            merged = merge(current, changes)
            if target != sid and self._find(target) is not None:
                return Applied(Outcome.TAKEN)
            # The new place first: killed in between, the old one is still alive and
            # nobody has been told the new token.
            self._write(target, merged)
            if target != sid:
                self._leave(sid, target)
            return Applied(Outcome.SAVED, merged)

    def delete(self, sid: bytes) -> bool:
        self._make_ready()
        while True:
            with self._locks.hold(sid):
                try:
                    record = self._find(sid)
                except DamagedRecord:
                    self._unlink(sid)
                    return True
                if record is None or not record.moved_to:
                    self._unlink(sid)
                    return record is not None
            sid = record.moved_to

    def purge(self, limit: int) -> int:
        self._make_ready()
        # A walk goes on where it stopped at its limit, or many calls would each begin
        # again with the files that are alive.
        try:
            walk, is_new = self._walks.pop(), False
        except IndexError:
            walk, is_new = self._expired(), True
        removed = 0
        for sid in walk:
            removed += self._remove_expired(sid)
            if removed >= limit:
                self._walks.append(walk)
                return removed
        # What expired behind its back is left for a second one.
        return removed if is_new else removed + self.purge(limit - removed)

    def count_expired(self) -> int:
        return sum(map(self._is_expired, self._expired()))

    def _path(self, sid: bytes) -> str:
        name = sid.hex()
        return f"{self._folder}/{name[:2]}/{name[2:4]}/{name}"

    def _find(self, sid: bytes) -> Record | None:
        record = self._read(sid)
        return None if record is None or record.expires_at <= clock.now() else record

    def _read(self, sid: bytes) -> Record | None:
        try:
            descriptor = os.open(self._path(sid), _READ)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unavailable(error) from error
        try:
            return unpack(_read_all(descriptor))
        except OSError as error:
            raise _unavailable(error) from error
        finally:
            os.close(descriptor)

    def _write(self, sid: bytes, record: Record) -> None:
        path = self._path(sid)
        unfinished = path + _UNFINISHED
        try:
            descriptor = self._open_new(unfinished)
            try:
                _write_all(descriptor, pack(record))
                os.utime(descriptor, ns=(record.expires_at * 1_000_000,) * 2)
                if self._fsync:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(unfinished, path)
            if self._fsync:
                _sync_folder(path)
        except OSError as error:
            _unlink_quietly(unfinished)
            raise _unavailable(error) from error

    def _leave(self, sid: bytes, target: bytes) -> None:
        """Put a tombstone in the place of *sid*, or take back that it has moved to *target*."""
        try:
            self._write(sid, tombstone(clock.now(), target))
        except StoreUnavailable:
            left = self._read(sid)
            if left is None or not left.moved_to:
                self._unlink(target)
            raise

    def _open_new(self, path: str) -> int:
        try:
            return os.open(path, _WRITE, 0o600)
        except FileNotFoundError:
            # Not makedirs: it gives its mode to the last folder only.
            folder = os.path.dirname(path)
            for each in (os.path.dirname(folder), folder):
                _make_folder(each)
            return os.open(path, _WRITE, 0o600)

    def _unlink(self, sid: bytes) -> None:
        try:
            os.unlink(self._path(sid))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise _unavailable(error) from error

    def _expired(self) -> Iterator[bytes]:
        """Yield the sids whose time may be over, and those of writes that were killed."""
        for path in self._files():
            name = os.path.basename(path)
            try:
                sid = bytes.fromhex(name.removesuffix(_UNFINISHED))
            except ValueError:
                continue
            if name.endswith(_UNFINISHED) or _is_old(path):
                yield sid

    def _files(self) -> Iterator[str]:
        for folder, folders, names in os.walk(self._folder):
            if folder == str(self._folder):
                folders[:] = [name for name in folders if len(name) == 2]
            yield from (os.path.join(folder, name) for name in names)

    def _is_expired(self, sid: bytes) -> bool:
        if not _is_old(self._path(sid)):
            return False
        try:
            # The time of a file that was copied says nothing.
            record = self._read(sid)
        except DamagedRecord:
            return True
        return record is not None and record.expires_at <= clock.now()

    def _remove_expired(self, sid: bytes) -> int:
        # Only under its lock is it certain that nobody is writing or using it.
        with self._locks.hold(sid):
            _unlink_quietly(self._path(sid) + _UNFINISHED)
            if not self._is_expired(sid):
                return 0
            self._unlink(sid)
            return 1

    def _make_ready(self) -> None:
        if not self._is_ready:
            self._make_folders()
            self._is_ready = True

    def _make_folders(self) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_folder(f"{self._folder}/locks")
            status = os.stat(self._folder)
        except OSError as error:
            raise _unavailable(error) from error
        # Who can write here can put in sessions of his own (CVE-2026-40973).
        if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise StoreError(
                f"The session folder {self._folder} belongs to somebody else, or others may"
                " write there. Use a folder of this user's own, mode 0700."
            )


def _make_folder(path: str) -> None:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass


def _is_old(path: str) -> bool:
    try:
        return os.lstat(path).st_mtime_ns // 1_000_000 <= clock.now()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unavailable(error) from error


def _read_all(descriptor: int) -> bytes:
    data = os.read(descriptor, _CHUNK)
    if len(data) < _CHUNK:
        return data
    parts = [data]
    while part := os.read(descriptor, _CHUNK):
        parts.append(part)
    return b"".join(parts)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(path: str) -> None:
    descriptor = os.open(os.path.dirname(path), os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unlink_quietly(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        # It is litter at worst, and the next purge tries again.
        pass


def _unavailable(error: OSError) -> StoreUnavailable:
    return StoreUnavailable(
        f"The session files cannot be used: {error.strerror} ({error.filename})."
        " Look at the disk and at the folder's permissions."
    )
