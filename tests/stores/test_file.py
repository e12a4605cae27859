"""The file store: the contract, and what is special about it."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from flask_sessionplus.errors import StoreError, StoreUnavailable
from flask_sessionplus.record import Changes, Record, pack
from flask_sessionplus.stores import file as file_module
from flask_sessionplus.stores import filelocks
from flask_sessionplus.stores.base import Miss, Outcome
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.testing import FakeClock, StoreContract
from flask_sessionplus.testing.workers import Workers
from tests.stores import forking
from tests.stores.records import load, new_record, new_sid, put, save
from tests.support.processes import ROOT

_FOREIGNER = 65534


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
    return Path(store._path(sid))


def files(folder):
    """Return all files of records, finished or not."""
    return [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "locks"]


def mode(path):
    """Return the permissions of a file."""
    return stat.S_IMODE(path.lstat().st_mode)


class TestFileStore(StoreContract):
    """Records in files."""

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same folder again."""
        return partial(FileStore, tmp_path / "sessions")

    def damage(self, store, sid):
        """Turn one bit of the file."""
        path = path_of(store, sid)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 4
        path.write_bytes(data)
        return path.read_bytes


@pytest.mark.torture
class TestFileStoreTorture(TestFileStore):
    """The same, for much longer."""

    scale = 20


class TestFileStoreWithFsync(StoreContract):
    """Records in files that the disk has before a call returns."""

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same folder again."""
        return partial(FileStore, tmp_path / "sessions", fsync=True)


# Who may read and write here.


def test_nothing_is_made_before_it_is_needed(folder, store):
    """To make a store touches nothing."""
    assert not folder.exists()


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_files_are_private_from_the_first_moment(folder, store, monkeypatch, umask):
    """Whatever the umask, nobody else can read a record at any time, nor list the folder."""
    seen = set()
    replace = os.replace

    def spy(source, target):
        seen.add(mode(Path(source)))
        replace(source, target)

    monkeypatch.setattr(os, "replace", spy)
    before = os.umask(umask)
    try:
        sid = put(store, {"a": b"1"})
        save(store, sid, load(store, sid), Changes({"a": b"2"}))
    finally:
        os.umask(before)
    everything = [folder, *folder.rglob("*")]

    assert seen == {0o600}
    assert {mode(path) for path in everything if path.is_dir()} == {0o700}
    assert {mode(path) for path in everything if path.is_file()} == {0o600}


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777])
def test_a_folder_others_may_write_to_is_refused(folder, store, mode):
    """Whoever can write to the folder could plant sessions of his own: it is not used."""
    folder.mkdir()
    folder.chmod(mode)
    for use in (
        lambda: store.load(new_sid()),
        lambda: store.create(new_sid(), new_record()),
        lambda: store.apply(new_sid(), new_record(), Changes()),
        lambda: store.delete(new_sid()),
        lambda: store.purge(10),
    ):
        with pytest.raises(StoreError, match="mode 0700"):
            use()

    assert files(folder) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(folder, store):
    """A folder that belongs to another user is not used, not even to read from it."""
    folder.mkdir(mode=0o755)
    os.chown(folder, _FOREIGNER, _FOREIGNER)

    with pytest.raises(StoreError, match="belongs to somebody else"):
        store.load(new_sid())
    with pytest.raises(StoreError, match="belongs to somebody else"):
        store.create(new_sid(), new_record())


def test_a_folder_others_may_read_is_accepted(folder, store):
    """An existing folder keeps its permissions; the records in it are private anyway."""
    folder.mkdir(mode=0o755)
    sid = put(store)

    assert mode(folder) == 0o755
    assert mode(path_of(store, sid)) == 0o600


@pytest.mark.parametrize("suffix", ["", ".tmp"])
def test_a_planted_link_is_not_followed(tmp_path, store, suffix):
    """A symbolic link in the place of a record is neither read through nor written through."""
    victim = tmp_path / "victim"
    victim.write_bytes(pack(new_record({"planted": b"1"})))
    before = victim.read_bytes()
    sid = put(store)
    link = Path(f"{path_of(store, sid)}{suffix}")
    link.unlink(missing_ok=True)
    link.symlink_to(victim)
    if suffix == "":
        with pytest.raises(StoreUnavailable):
            store.load(sid)
    with pytest.raises(StoreUnavailable):
        store.apply(sid, new_record(), Changes({"a": b"1"}))

    assert victim.read_bytes() == before


def test_a_planted_lock_is_not_followed(tmp_path, folder, store):
    """A symbolic link in the place of a lock file makes no file anywhere else."""
    put(store)
    victim = tmp_path / "victim"
    for lock in (folder / "locks").iterdir():
        lock.unlink()
    for number in range(256):
        (folder / "locks" / f"{number:02x}.lock").symlink_to(victim)

    with pytest.raises(StoreUnavailable):
        FileStore(folder).create(new_sid(), new_record())
    assert not victim.exists()


def test_no_sid_leaves_the_folder(folder, store):
    """Whatever the bytes of a sid are, its file lies in the folder, one file for each sid."""
    sids = [new_sid() for _ in range(10_000)]
    sids += [bytes(32), b"\xff" * 32, (b"/../" * 8), (b"../\x00" * 8), b"..".ljust(32, b"/")]
    paths = {path_of(store, sid) for sid in sids}

    assert len(paths) == len(sids)
    assert all(len(path.relative_to(folder).parts) == 3 for path in paths)
    assert not any(".." in path.parts for path in paths)


def test_records_are_spread(folder, store):
    """No folder gets so many files that it becomes slow: two levels of 256."""
    for _ in range(50):
        put(store)

    assert all(len(path.relative_to(folder).parts) == 3 for path in files(folder))
    assert len({path.parent for path in files(folder)}) > 40


# Bad days.


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


def test_a_full_disk_leaves_the_old_record(folder, store):
    """On a disk without room a write is refused, and the old record is there, whole."""
    with small_disk(folder, "size=400k"):
        sid = put(store, {"a": b"1", "filling": bytes(100_000)})
        before = load(store, sid)
        large = bytes(300_000)
        for changes in (Changes({"b": large}), Changes({"b": large}, move_to=new_sid())):
            with pytest.raises(StoreUnavailable, match="No space left"):
                store.apply(sid, before, changes)
        with pytest.raises(StoreUnavailable, match="No space left"):
            store.create(new_sid(), new_record({"b": bytes(350_000)}))

        assert load(store, sid) == before
        assert files(folder) == [path_of(store, sid)]
        save(store, sid, before, Changes({"a": b"2"}))


def test_a_disk_without_files_left_is_unavailable(folder, store):
    """Where no file can be made, not even a lock, the answer is StoreUnavailable."""
    no_space = pytest.raises(StoreUnavailable, match="No space left")
    with small_disk(folder, "nr_inodes=12"), no_space:
        [put(store) for _ in range(20)]


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


@pytest.mark.parametrize("room", [0, 1, 50, 299])
def test_what_is_written_in_part_does_not_count(folder, store, monkeypatch, room):
    """A write that stops in the middle leaves the old record and no litter."""
    sid = put(store, {"a": b"1"})
    before = load(store, sid)
    monkeypatch.setattr(file_module, "os", FullDisk(room))
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
    monkeypatch.setattr(file_module, "os", FullDisk(room))
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

    monkeypatch.setattr(file_module, "os", Slow(0))
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


@pytest.mark.slow
def test_a_forked_child_takes_its_own_locks(folder):
    """After a fork parent and child lock each other out, and nothing is lost."""
    workers = Workers(1)
    try:
        (seen,) = workers.run(forking.use_in_children, partial(FileStore, folder))
        (total,) = workers.run(forking.count_in_children, partial(FileStore, folder))
    finally:
        workers.close()

    assert seen == ["child 0", "child 1", "child 2", "parent"]
    assert total == b"200"


# Purging.


def test_purging_removes_what_the_killed_left(folder, store, clock):
    """Unfinished files are removed, whether or not there is a record; live records stay."""
    alive, unborn = put(store, {"a": b"1"}), new_sid()
    for sid in (alive, unborn):
        leftover = Path(f"{path_of(store, sid)}.tmp")
        leftover.parent.mkdir(parents=True, exist_ok=True)
        leftover.write_bytes(b"half a rec")

    assert store.count_expired() == 0
    assert store.purge(10) == 0
    assert files(folder) == [path_of(store, alive)]
    assert load(store, alive).values == {"a": b"1"}


def test_purging_spares_what_was_copied(store, clock):
    """A file whose time was changed, as by a backup, is judged by the record inside."""
    sid = put(store, {"a": b"1"})
    os.utime(path_of(store, sid), (0, 0))

    assert (store.count_expired(), store.purge(10)) == (0, 0)
    assert load(store, sid).values == {"a": b"1"}


def test_purging_removes_a_damaged_record_in_time(store, clock):
    """A damaged record is left alone until it would have expired; then it goes."""
    sid = put(store, {"a": b"1"}, expires_at=clock.now() + 1000)
    path = path_of(store, sid)
    status = path.stat()
    path.write_bytes(b"nonsense")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (store.count_expired(), store.purge(10)) == (0, 0)
    assert path.exists()
    clock.advance(1)

    assert (store.count_expired(), store.purge(10)) == (1, 1)
    assert not path.exists()


def test_purging_leaves_strangers_alone(folder, store, clock):
    """Files that are none of ours are neither counted nor removed."""
    sid = put(store)
    strangers = [folder / "README", folder / "aa" / "notes.txt", path_of(store, sid).parent / "zz"]
    for stranger in strangers:
        stranger.parent.mkdir(exist_ok=True)
        stranger.write_text("hello")
        os.utime(stranger, (0, 0))

    assert (store.count_expired(), store.purge(10)) == (0, 0)
    assert all(stranger.exists() for stranger in strangers)


def test_an_empty_place_can_be_purged(folder, store):
    """Where nothing was ever stored, nothing has to be removed."""
    assert store.count_expired() == 0
    assert store.purge(10) == 0


def test_the_time_of_a_file_is_its_expiry(store, clock):
    """What `find -mtime` says of a file is when its session ends."""
    sid = put(store, expires_at=clock.now() + 12_345)

    assert path_of(store, sid).stat().st_mtime_ns == (clock.now() + 12_345) * 1_000_000


def test_a_reader_sees_the_old_or_the_new_record(store):
    """While a large record is written again and again, every read finds a whole one."""
    sid = put(store, {"a": bytes(200_000)})
    seen = load(store, sid)
    workers = []
    for number in range(50):
        seen = save(store, sid, seen, Changes({"a": bytes([number]) * 200_000}))
        with os.fdopen(os.open(path_of(store, sid), os.O_RDONLY), "rb") as opened:
            # Opened before the next write, read after it.
            save(store, sid, seen, Changes({"b": b"%d" % number}))
            workers.append(len(opened.read()))
        assert isinstance(store.load(sid), Record)

    assert all(size > 200_000 for size in workers)
