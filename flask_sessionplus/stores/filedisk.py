"""Single files, as the file store needs them: private, whole, and with errors of ours."""

from __future__ import annotations

import errno
import os

from .. import clock
from ..errors import StoreUnavailable

_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
_CHUNK = 65_536
_TRIES = 20

#: What a file is called until it is finished.
UNFINISHED = ".tmp"

# What file systems say that have no hard links, or no more of them.
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}


def read(path: str) -> bytes | None:
    """Return the bytes of a file, or None if there is none."""
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise unavailable(error) from error
    try:
        return _read_all(descriptor)
    except OSError as error:
        raise unavailable(error) from error
    finally:
        os.close(descriptor)


def write(path: str, data: bytes, time: int, fsync: bool) -> None:
    """Write a new file; nobody may look for it yet. If that fails, none is left.

    :param time: its modification time, in milliseconds.
    :param fsync: wait until the disk has its bytes.
    """
    try:
        descriptor = _open_new(path, fsync)
        try:
            _write_all(descriptor, data)
            os.utime(descriptor, ns=(time * 1_000_000,) * 2)
            if fsync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        unlink_quietly(path)
        raise unavailable(error) from error


def replace(path: str, data: bytes, time: int, fsync: bool) -> None:
    """Write a file, in the place of the old one if there is one; see :func:`write`."""
    unfinished = path + UNFINISHED
    write(unfinished, data, time, fsync)
    try:
        os.replace(unfinished, path)
    except OSError as error:
        unlink_quietly(unfinished)
        raise unavailable(error) from error


def link(source: str, path: str, time: int, fsync: bool) -> None:
    """Give the file *source*, which nobody changes any more, a second name."""
    try:
        try:
            os.link(source, path, follow_symlinks=False)
        except FileNotFoundError:
            make_folders(os.path.dirname(path), fsync)
            os.link(source, path, follow_symlinks=False)
    except FileExistsError:
        pass
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise unavailable(error) from error
        write(path, read(source) or b"", time, fsync)


def set_time(path: str, time: int) -> None:
    """Set the modification time of a file to *time*, in milliseconds, if it is there."""
    try:
        os.utime(path, ns=(time * 1_000_000,) * 2, follow_symlinks=False)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise unavailable(error) from error


def is_old(path: str) -> bool:
    """Tell whether there is a file whose modification time is over."""
    try:
        return os.lstat(path).st_mtime_ns // 1_000_000 <= clock.now()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise unavailable(error) from error


def unlink(path: str) -> None:
    """Remove a file, if it is there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise unavailable(error) from error


def unlink_quietly(path: str) -> None:
    """Remove a file that is litter at worst: the next purge tries again."""
    try:
        os.unlink(path)
    except OSError:
        pass


def names(folder: str) -> list[str]:
    """Return the names of all that is in *folder*; none if it is not there."""
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unavailable(error) from error


def sync_folder(folder: str) -> None:
    """Wait until the disk has the names of the files in *folder*."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise unavailable(error) from error


def make_folder(path: str) -> bool:
    """Make a folder for nobody else; return False if it was there."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return False
    return True


def make_folders(path: str, fsync: bool) -> None:
    """Make a folder, and those that it is in."""
    # Not makedirs: it gives its mode to the last folder only.
    parent = os.path.dirname(path)
    try:
        is_new = make_folder(path)
    except FileNotFoundError:
        make_folders(parent, fsync)
        is_new = make_folder(path)
    if is_new and fsync:
        sync_folder(parent)


def unavailable(error: OSError) -> StoreUnavailable:
    """Return the error of this package for *error*."""
    return StoreUnavailable(
        f"The session files cannot be used: {error.strerror} ({error.filename})."
        " Look at the disk and at the folder's permissions."
    )


def _open_new(path: str, fsync: bool) -> int:
    # Somebody else may remove an empty folder that has just been made.
    for _ in range(_TRIES):
        try:
            return os.open(path, _WRITE, 0o600)
        except FileNotFoundError:
            make_folders(os.path.dirname(path), fsync)
    return os.open(path, _WRITE, 0o600)


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
