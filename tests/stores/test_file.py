"""The file store: the contract, and who may read and write its files."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest

from flask_sessionplus.errors import StoreError, StoreUnavailable
from flask_sessionplus.record import Changes, Record, pack
from flask_sessionplus.stores import filelocks
from flask_sessionplus.stores.base import Browsable, OwnerIndex, Purgeable
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.testing import StoreContract
from flask_sessionplus.testing.workers import Workers
from tests.stores import forking
from tests.stores.filefolder import clock, files, folder, mode, path_of, store, value_files
from tests.stores.records import load, new_record, new_sid, put, save

__all__ = ["clock", "folder", "store"]

_FOREIGNER = 65534


class TestFileStore(StoreContract):
    """Records in files."""

    powers = (Purgeable, OwnerIndex, Browsable)

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

    def count_beside(self, store):
        """Count the files of values."""
        return len(value_files(store._folder))


@pytest.mark.torture
class TestFileStoreTorture(TestFileStore):
    """The same, for much longer."""

    scale = 20


class TestFileStoreWithFsync(StoreContract):
    """Records in files that the disk has before a call returns."""

    powers = (Purgeable, OwnerIndex, Browsable)

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same folder again."""
        return partial(FileStore, tmp_path / "sessions", fsync=True)


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
        lambda: store.fetch(new_sid(), ["a"]),
        lambda: store.owned("ada"),
        lambda: store.delete_owned("ada"),
        lambda: store.browse(),
        lambda: store.count(),
        lambda: store.count_expired(),
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


def test_closing_closes_the_locks(store):
    """A closed store has no files open but those in use, and opens them when it needs them."""
    sids = [put(store) for _ in range(20)]
    descriptors = store._locks._locks._descriptors
    assert len(descriptors) > 5
    with store._locks.hold(sids[0]):
        store.close()
        assert descriptors.keys() == {sids[0][-1] % filelocks._STRIPES}
        assert all(os.fstat(each) for each in descriptors.values())
    store.close()

    assert descriptors == {}
    assert store.delete(sids[0])


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


def test_the_time_of_a_file_is_its_expiry(store, clock):
    """What `find -mtime` says of a file is when its session ends."""
    sid = put(store, expires_at=clock.now() + 12_345)

    assert path_of(store, sid).stat().st_mtime_ns == (clock.now() + 12_345) * 1_000_000


def test_a_reader_sees_the_old_or_the_new_record(store):
    """While a large record is written again and again, every read finds a whole one."""
    sid = put(store, {"\x01a": bytes(200_000)})
    seen = load(store, sid)
    workers = []
    for number in range(50):
        seen = save(store, sid, seen, Changes({"\x01a": bytes([number]) * 200_000}))
        with os.fdopen(os.open(path_of(store, sid), os.O_RDONLY), "rb") as opened:
            # Opened before the next write, read after it.
            save(store, sid, seen, Changes({"b": b"%d" % number}))
            workers.append(len(opened.read()))
        assert isinstance(store.load(sid), Record)

    assert all(size > 200_000 for size in workers)
