"""The file store on bad days: full disks, vanished folders, killed writers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from flask_sessionplus.errors import StoreUnavailable
from flask_sessionplus.record import Changes, pack
from flask_sessionplus.stores import filedisk, filelocks
from flask_sessionplus.stores.base import Miss, Outcome
from flask_sessionplus.stores.file import FileStore
from tests.stores.filefolder import FullDisk, files, folder, path_of, small_disk, store
from tests.stores.records import load, new_record, new_sid, put, save, whole
from tests.support.processes import ROOT

__all__ = ["folder", "store"]


def test_a_full_disk_leaves_the_old_record(folder, store):
    """On a disk without room a write is refused, and the old record is there, whole."""
    with small_disk(folder, "size=400k"):
        sid = put(store, {"a": b"1", "filling": bytes(100_000)})
        before, there = load(store, sid), files(folder)
        large = bytes(300_000)
        for changes in (Changes({"b": large}), Changes({"b": large}, move_to=new_sid())):
            with pytest.raises(StoreUnavailable, match="No space left"):
                store.apply(sid, before, changes)
        with pytest.raises(StoreUnavailable, match="No space left"):
            store.create(new_sid(), new_record({"b": bytes(350_000)}))

        assert load(store, sid) == before
        assert whole(store, sid) == {"a": b"1", "filling": bytes(100_000)}
        assert sorted(files(folder)) == sorted(there)
        save(store, sid, before, Changes({"a": b"2"}))


def test_a_disk_without_files_left_is_unavailable(folder, store):
    """Where no file can be made, not even a lock, the answer is StoreUnavailable."""
    no_space = pytest.raises(StoreUnavailable, match="No space left")
    with small_disk(folder, "nr_inodes=12"), no_space:
        [put(store) for _ in range(20)]


@pytest.mark.parametrize("room", [0, 1, 50, 299])
def test_what_is_written_in_part_does_not_count(folder, store, monkeypatch, room):
    """A write that stops in the middle leaves the old record and no litter."""
    sid = put(store, {"a": b"1"})
    before = load(store, sid)
    monkeypatch.setattr(filedisk, "os", FullDisk(room))
    with pytest.raises(StoreUnavailable):
        store.apply(sid, before, Changes({"b": bytes(300)}))

    monkeypatch.undo()
    assert load(store, sid) == before
    assert files(folder) == [path_of(store, sid)]


def test_a_move_that_fails_has_not_happened(folder, store, monkeypatch):
    """If the old place cannot be written, nothing is left in the new one."""
    sid, target = put(store, {"a": b"1"}), new_sid()
    before = load(store, sid)
    room = len(pack(before)) + 1
    monkeypatch.setattr(filedisk, "os", FullDisk(room))
    with pytest.raises(StoreUnavailable):
        store.apply(sid, before, Changes(move_to=target))

    monkeypatch.undo()
    assert load(store, sid) == before
    assert store.load(target) is Miss.UNKNOWN
    assert files(folder) == [path_of(store, sid)]


def test_short_writes_are_continued(store, monkeypatch):
    """A system that takes a few bytes at a time gets them all."""

    class Slow(FullDisk):
        def write(self, descriptor, data):
            return os.write(descriptor, bytes(data[:7]))

    monkeypatch.setattr(filedisk, "os", Slow(0))
    sid = put(store, {"a": bytes(1000)})

    assert load(store, sid).values == {"a": bytes(1000)}


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path):
    """Where no folder can be, every call says so."""
    (tmp_path / "file").touch()
    store = FileStore(tmp_path / "file" / "sessions")

    with pytest.raises(StoreUnavailable):
        store.load(new_sid())
    with pytest.raises(StoreUnavailable):
        store.create(new_sid(), new_record())


def test_a_folder_that_vanishes_is_made_again(folder, store):
    """When somebody removes the folder of a running app, sessions are gone, and new ones work."""
    sid = put(store)
    seen = load(store, sid)
    shutil.rmtree(folder)

    assert store.load(sid) is Miss.UNKNOWN
    assert store.apply(sid, seen, Changes({"a": b"1"})).outcome is Outcome.GONE
    assert load(store, put(store, {"a": b"1"})).values == {"a": b"1"}


def test_locks_that_were_removed_still_hold(folder, store):
    """When somebody removes the lock files, old and new processes lock each other out."""
    sid = put(store, {"n": b"0"})
    seen = load(store, sid)
    for lock in (folder / "locks").iterdir():
        lock.unlink()
    newcomer = FileStore(folder)
    with newcomer._locks.hold(sid):
        descriptor = next(iter(newcomer._locks._locks._descriptors.values()))
        held = os.fstat(descriptor).st_ino
    save(store, sid, seen, Changes({"n": b"1"}))

    stripe = sid[-1] % filelocks._STRIPES
    assert os.fstat(store._locks._locks._descriptors[stripe]).st_ino == held


def test_a_lock_that_is_never_released_is_reported(folder, store, monkeypatch):
    """A process that hangs with a lock in its hands does not hang all others."""
    monkeypatch.setattr(filelocks, "_PATIENCE", 0.05)
    sid = put(store)
    hanging = FileStore(folder)
    hanging._make_ready()
    with hanging._locks.hold(sid):
        with pytest.raises(StoreUnavailable, match="process that hangs"):
            store.delete(sid)
        assert load(store, sid)

    assert store.delete(sid) is True


def test_a_thread_that_hangs_is_reported(store, monkeypatch):
    """The same goes for a thread of our own."""
    monkeypatch.setattr(filelocks, "_PATIENCE", 0.05)
    sid = put(store)
    with store._locks.hold(sid), pytest.raises(StoreUnavailable, match="process that hangs"):
        store.delete(sid)

    assert store.delete(sid) is True


@pytest.mark.slow
@pytest.mark.parametrize("kills", [100, pytest.param(2000, marks=pytest.mark.torture)])
def test_a_killed_writer_tears_nothing(folder, kills):
    """However often writers are killed, each record is whole, and no acknowledged write is lost."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.stores.killing", folder, str(kills)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > kills
