"""Locks that hold between threads and between processes, one for many sids."""

from __future__ import annotations

import fcntl
import os
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from ..errors import StoreUnavailable

_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW

# Enough that strangers seldom wait for each other, few enough to keep open.
_STRIPES = 32

_beginning = Lock()

# A process that was stopped while it held a lock must not hang all others.
_PATIENCE = 5.0


class StripedLocks:
    """Locks on files in *folder*. They end with the process that holds them.

    :param make_folder: called when a lock is taken and *folder* is not there.
    """

    def __init__(self, folder: Path, make_folder: Callable[[], None]) -> None:
        self._folder = folder
        self._make_folder = make_folder
        self._locks: _ProcessLocks | None = None

    @contextmanager
    def hold(self, *sids: bytes) -> Iterator[None]:
        """Hold the locks of all *sids*, always taken in the same order.

        :raises StoreUnavailable: if others do not let go within five seconds.
        """
        locks = self._locks
        # A child of a fork would share its parent's locks, so it opens its own.
        if locks is None or locks.pid != os.getpid():
            locks = self._begin_process()
        held: list[int] = []
        try:
            for stripe in sorted({sid[-1] % _STRIPES for sid in sids}):
                locks.take(stripe)
                held.append(stripe)
            yield
        finally:
            for stripe in reversed(held):
                locks.release(stripe)

    def close(self) -> None:
        """Close the files of the locks that nobody in this process holds."""
        locks = self._locks
        if locks is not None and locks.pid == os.getpid():
            locks.close_idle()

    def _begin_process(self) -> _ProcessLocks:
        with _beginning:
            locks = self._locks
            if locks is None or locks.pid != os.getpid():
                if locks is not None:
                    locks.close()
                locks = _ProcessLocks(self._folder, self._make_folder)
                weakref.finalize(self, locks.close)
                self._locks = locks
            return locks


class _ProcessLocks:
    """The locks as one process has them."""

    def __init__(self, folder: Path, make_folder: Callable[[], None]) -> None:
        self.pid = os.getpid()
        self._folder = folder
        self._make_folder = make_folder
        self._threads = [Lock() for _ in range(_STRIPES)]
        self._descriptors: dict[int, int] = {}

    def take(self, stripe: int) -> None:
        if not self._threads[stripe].acquire(timeout=_PATIENCE):
            raise _busy(self._folder)
        try:
            self._take_file(stripe)
        except BaseException:
            self._threads[stripe].release()
            raise

    def release(self, stripe: int) -> None:
        fcntl.flock(self._descriptors[stripe], fcntl.LOCK_UN)
        self._threads[stripe].release()

    def close(self) -> None:
        # Whoever holds a lock in another process keeps it: the file stays open there.
        while self._descriptors:
            os.close(self._descriptors.popitem()[1])

    def close_idle(self) -> None:
        for stripe, lock in enumerate(self._threads):
            if lock.acquire(blocking=False):
                try:
                    descriptor = self._descriptors.pop(stripe, None)
                    if descriptor is not None:
                        os.close(descriptor)
                finally:
                    lock.release()

    def _take_file(self, stripe: int) -> None:
        while True:
            descriptor = self._open(stripe)
            self._lock_file(descriptor)
            if os.fstat(descriptor).st_nlink:
                return
            # Somebody has removed the file: others would lock a new one.
            del self._descriptors[stripe]
            os.close(descriptor)

    def _lock_file(self, descriptor: int) -> None:
        if _try_lock(descriptor):
            return
        deadline = time.monotonic() + _PATIENCE
        pause = 0.0005
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                raise _busy(self._folder)
            time.sleep(pause)
            pause = min(pause * 1.5, 0.01)

    def _open(self, stripe: int) -> int:
        descriptor = self._descriptors.get(stripe)
        if descriptor is None:
            path = self._folder / f"{stripe:02x}.lock"
            try:
                if not self._folder.is_dir():
                    self._make_folder()
                descriptor = os.open(path, _FLAGS, 0o600)
            except OSError as error:
                raise StoreUnavailable(
                    f"The lock {path} cannot be opened: {error.strerror}."
                    " Look at the disk and at the folder's permissions."
                ) from error
            self._descriptors[stripe] = descriptor
        return descriptor


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _busy(folder: Path) -> StoreUnavailable:
    return StoreUnavailable(
        f"A lock in {folder} was not free for {_PATIENCE:.0f} s. Look for a process that hangs."
    )
