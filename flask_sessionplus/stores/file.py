"""Records in files: one host, no server, nothing to install."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from .. import clock
from ..errors import StoreError, StoreUnavailable
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
        self._locks = StripedLocks(self._folder / "locks")
        self._is_ready = False
        self._purging: Iterator[bytes] | None = None

    def load(self, sid: bytes) -> Record | Miss:
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
            if merged is None:
                self._unlink(sid)
                return Applied(Outcome.EMPTIED)
            if target != sid and self._find(target) is not None:
                return Applied(Outcome.TAKEN)
            # The new place first: killed in between, the old one is still alive and
            # nobody has been told the new token.
            self._write(target, merged)
            if target != sid:
                self._write(sid, tombstone(clock.now(), target))
            return Applied(Outcome.SAVED, merged)

    def delete(self, sid: bytes) -> bool:
        self._make_ready()
        while True:
            with self._locks.hold(sid):
                record = self._find(sid)
                if record is None or not record.moved_to:
                    self._unlink(sid)
                    return record is not None
            sid = record.moved_to

    def purge(self, limit: int) -> int:
        # The walk goes on where the last call stopped, or many calls would each
        # begin again with the files that are alive.
        if self._purging is None:
            self._purging = self._expired()
        removed = 0
        for sid in self._purging:
            removed += self._remove_expired(sid)
            if removed >= limit:
                return removed
        self._purging = None
        return removed

    def count_expired(self) -> int:
        return sum(1 for _ in self._expired())

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

    def _open_new(self, path: str) -> int:
        try:
            return os.open(path, _WRITE, 0o600)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            return os.open(path, _WRITE, 0o600)

    def _unlink(self, sid: bytes) -> None:
        try:
            os.unlink(self._path(sid))
        except FileNotFoundError:
            pass
        except OSError as error:
            raise _unavailable(error) from error

    def _expired(self) -> Iterator[bytes]:
        """Yield the sids whose time is over, and those of writes that were killed."""
        for path in self._files():
            name = os.path.basename(path)
            is_unfinished = name.endswith(_UNFINISHED)
            try:
                sid = bytes.fromhex(name.removesuffix(_UNFINISHED))
                if is_unfinished or os.stat(path).st_mtime * 1000 <= clock.now():
                    yield sid
            except (ValueError, FileNotFoundError):
                continue

    def _files(self) -> Iterator[str]:
        for folder, folders, names in os.walk(self._folder):
            if folder == str(self._folder):
                folders[:] = [name for name in folders if len(name) == 2]
            yield from (os.path.join(folder, name) for name in names)

    def _remove_expired(self, sid: bytes) -> int:
        # Only under its lock is it certain that nobody is writing or using it.
        with self._locks.hold(sid):
            _unlink_quietly(self._path(sid) + _UNFINISHED)
            try:
                if os.stat(self._path(sid)).st_mtime * 1000 > clock.now():
                    return 0
            except FileNotFoundError:
                return 0
            self._unlink(sid)
            return 1

    def _make_ready(self) -> None:
        if self._is_ready:
            return
        try:
            (self._folder / "locks").mkdir(mode=0o700, parents=True, exist_ok=True)
            status = os.stat(self._folder)
        except OSError as error:
            raise _unavailable(error) from error
        # Who can write here can put in sessions of his own (CVE-2026-40973).
        if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise StoreError(
                f"The session folder {self._folder} belongs to somebody else, or others may"
                " write there. Use a folder of this user's own, mode 0700."
            )
        self._is_ready = True


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
