"""What the tests of the file store look at, and the disks they break."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from flask_sessionplus.stores import filedisk
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.testing import FakeClock


@pytest.fixture
def folder(tmp_path):
    """Return where the sessions will be."""
    return tmp_path / "sessions"


@pytest.fixture
def store(folder):
    """Return a store in that folder."""
    return FileStore(folder)


@pytest.fixture
def clock():
    """Stop the time."""
    with FakeClock() as clock:
        yield clock


def path_of(store, sid):
    """Return the file of a record."""
    return Path(store._files.path(sid))


def files(folder):
    """Return all files of records and of values, finished or not."""
    return [path for path in folder.glob("??/??/*") if path.is_file()] + [
        path for path in (*folder.glob("*"), *folder.glob("??/*")) if path.is_file()
    ]


def value_files(folder):
    """Return the files of values that lie beside records."""
    return [path for path in files(folder) if len(path.suffix) == 17]


def entries(folder):
    """Return the entries of all owners."""
    return [path for path in (folder / "owners").rglob("*") if path.is_file()]


def mode(path):
    """Return the permissions of a file."""
    return stat.S_IMODE(path.lstat().st_mode)


@contextmanager
def small_disk(folder, options):
    """Mount a file system of the given size; only root can."""
    folder.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", f"mode=700,{options}", "sessions-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("needs to mount a file system, which only root can")
    try:
        yield
    finally:
        # Lazily: the store keeps its locks open.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


class FullDisk:
    """Takes the place of `os` in the store: after so many bytes the disk is full."""

    def __init__(self, room):
        self.room = room

    def __getattr__(self, name):
        return getattr(os, name)

    def write(self, descriptor, data):
        """Write what there is room for."""
        if self.room == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = os.write(descriptor, bytes(data[: self.room]))
        self.room -= written
        return written


class Watched:
    """Takes the place of `os` in the store, and tells what was asked of it."""

    def __init__(self):
        self.calls = []
        self.errors = {}
        self.bytes_read = self.bytes_written = 0

    def __getattr__(self, name):
        found = getattr(os, name)
        if not callable(found):
            return found

        def call(*arguments, **options):
            self.calls.append(name)
            if name in self.errors:
                raise OSError(self.errors[name], os.strerror(self.errors[name]))
            result = found(*arguments, **options)
            if name == "read":
                self.bytes_read += len(result)
            if name == "write":
                self.bytes_written += result
            return result

        return call


@pytest.fixture
def watched(monkeypatch):
    """Watch what the store asks of the system."""
    watched = Watched()
    monkeypatch.setattr(filedisk, "os", watched)
    return watched
