"""The file store: values in files of their own."""

from __future__ import annotations

import errno

import pytest

from flask_sessionplus.errors import DamagedRecord
from flask_sessionplus.record import Changes
from flask_sessionplus.stores import filedisk
from flask_sessionplus.stores.file import FileStore
from tests.stores.filefolder import (
    clock,
    files,
    folder,
    mode,
    path_of,
    store,
    value_files,
    watched,
)
from tests.stores.records import load, new_sid, put, save, whole

__all__ = ["clock", "folder", "store", "watched"]

_TWO = {"small": b"1", "large": b"L" * 20_000, "other": b"O" * 20_000}


# What it costs.


def test_a_small_session_costs_its_record_only(store, watched):
    """Without large values and owner nothing is touched but the one file, and that once."""
    put(store)  # which makes folders
    sid = bytes(32)
    put(store)
    watched.calls.clear()
    assert store.create(sid, load(store, put(store, {"a": b"1"})))
    watched.calls.clear()

    seen = load(store, sid)
    assert watched.calls == ["open", "read", "close"]
    watched.calls.clear()
    save(store, sid, seen, Changes({"a": b"2"}))
    reading, writing = ["open", "read", "close"], ["open", "write", "utime", "close", "replace"]
    assert watched.calls == reading + writing
    watched.calls.clear()
    store.delete(sid)
    assert watched.calls == [*reading, "unlink"]


def test_reading_one_key_reads_its_file(store, watched):
    """To fetch a value reads the record and that value, and none of the other bytes."""
    sid = put(store, {"large": b"L" * 20_000, "huge": b"H" * 5_000_000})
    load(store, sid)
    watched.bytes_read = 0

    assert store.fetch(sid, ["large"]) == {"large": b"L" * 20_000}
    assert watched.bytes_read < 21_000


def test_changing_one_key_writes_its_bytes(store, watched):
    """To change a value writes that value and the names of all, and none of the other bytes."""
    sid = put(store, {f"key-{n}": bytes([n]) * 1_280 for n in range(200)})
    seen = load(store, sid)
    watched.bytes_written = watched.bytes_read = 0
    save(store, sid, seen, Changes({"key-7": b"x" * 1_280}))

    assert watched.bytes_written < 1_280 + 200 * 25
    assert watched.bytes_read < 200 * 25
    watched.bytes_written = 0
    save(store, sid, seen, Changes(seen_at=1))
    assert watched.bytes_written < 1_280 + 200 * 25


# How they lie there.


def test_each_large_value_is_a_private_file(folder, store):
    """A small session is one file; each large value is one more, which only we may read."""
    put(store, {"a": b"1"})
    assert len(files(folder)) == 1
    put(store, _TWO)

    assert sorted(path.stat().st_size for path in value_files(folder)) == [20_000, 20_000]
    assert {mode(path) for path in files(folder)} == {0o600}


def test_a_changed_value_is_another_file(folder, store):
    """A file of a value never changes: a new value is a new file, the others stay."""
    sid = put(store, _TWO)
    before = {path: path.stat().st_ino for path in value_files(folder)}
    save(store, sid, load(store, sid), Changes({"large": b"M" * 20_000}))
    after = {path: path.stat().st_ino for path in value_files(folder)}

    assert len(after) == 2
    assert len(before.keys() & after.keys()) == 1
    assert all(before.get(path, number) == number for path, number in after.items())


def test_a_move_copies_nothing(folder, store):
    """Large values get another name when a session moves, and are not written again."""
    sid, target = put(store, _TWO), new_sid()
    before = {path.stat().st_ino for path in value_files(folder)}
    save(store, sid, load(store, sid), Changes(move_to=target))

    assert {path.stat().st_ino for path in value_files(folder)} == before
    assert all(path.name.startswith(target.hex()) for path in value_files(folder))


def test_a_file_system_without_links_will_do(folder, store, watched):
    """Where a file can have one name only, values are copied when a session moves."""
    watched.errors["link"] = errno.EPERM
    sid, target = put(store, _TWO), new_sid()
    save(store, sid, load(store, sid), Changes(move_to=target))

    assert "link" in watched.calls
    assert whole(store, target) == _TWO
    assert len(value_files(folder)) == 2


def test_the_disk_has_values_before_their_record(folder, watched):
    """With `fsync` values and their names are on the disk before a record tells of them."""
    store = FileStore(folder, fsync=True)
    sid = put(store, _TWO)
    watched.calls.clear()
    save(store, sid, load(store, sid), Changes({"large": b"M" * 20_000}))
    steps = [each for each in watched.calls if each in ("write", "fsync", "replace", "unlink")]

    assert steps == ["write", "fsync", "fsync", "write", "fsync", "replace", "fsync", "unlink"]


# When they are not what they should be.


@pytest.mark.parametrize("spoil", [b"", b"L" * 19_999, b"L" * 19_999 + b"M", b"L" * 20_001])
def test_a_damaged_value_is_a_fault(folder, store, spoil):
    """A value whose bytes are not those that were written is DamagedRecord, and stays."""
    sid = put(store, {"small": b"1", "large": b"L" * 20_000})
    (path,) = value_files(folder)
    path.write_bytes(spoil)
    seen = load(store, sid)
    with pytest.raises(DamagedRecord):
        store.fetch(sid, ["large"])
    with pytest.raises(DamagedRecord):
        store.apply(sid, seen, Changes({"a": b"1"}, expects={"large": b"L" * 20_000}))

    assert path.read_bytes() == spoil
    save(store, sid, seen, Changes({"large": b"N" * 20_000}))
    assert whole(store, sid) == {"small": b"1", "large": b"N" * 20_000}


def test_a_vanished_value_is_a_fault(folder, store):
    """A value that is not there although the record tells of it is DamagedRecord, no miss."""
    sid = put(store, {"small": b"1", "large": b"L" * 20_000})
    seen = load(store, sid)
    value_files(folder)[0].unlink()
    with pytest.raises(DamagedRecord, match="vanished"):
        store.fetch(sid, ["large"])
    with pytest.raises(DamagedRecord, match="vanished"):
        store.apply(sid, seen, Changes({"a": b"1"}, expects={"large": b"L" * 20_000}))

    assert store.fetch(sid, ["small"]) == {}
    assert store.delete(sid)


def test_every_wrong_bit_of_the_record_is_found(store):
    """Each single bit of a record with large values that is turned is noticed."""
    sid = put(store, _TWO)
    path = path_of(store, sid)
    whole_file = path.read_bytes()
    for place in range(len(whole_file) * 8):
        damaged = bytearray(whole_file)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(DamagedRecord):
            store.load(sid)


def test_a_damaged_record_takes_its_values_along(folder, store):
    """Whoever signs out leaves no values behind, even if the record cannot be read."""
    sid = put(store, _TWO)
    put(store, _TWO)
    path_of(store, sid).write_bytes(b"nonsense")
    assert store.delete(sid)

    assert len(files(folder)) == 3
    assert not [path for path in files(folder) if path.name.startswith(sid.hex())]


# When others come in between.


@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_a_value_that_is_replaced_is_read_anew(store, folder, monkeypatch, times):
    """A reader whose value vanishes under his hands gets the new one, however often."""
    sid = put(store, {"large": b"0" * 20_000})
    other, left = FileStore(folder), list(range(1, times + 1))
    seen = load(store, sid)
    read = filedisk.read

    def interrupted(path):
        # Under the lock nobody can.
        if left and path.startswith(f"{path_of(store, sid)}.") and not is_locked(store, sid):
            save(other, sid, seen, Changes({"large": b"%d" % left.pop(0) * 20_000}))
        return read(path)

    monkeypatch.setattr(filedisk, "read", interrupted)

    assert store.fetch(sid, ["large"]) == {"large": b"%d" % min(times, 3) * 20_000}


def test_a_session_that_ends_while_it_is_read_is_gone(store, folder, monkeypatch):
    """A reader whose session is deleted between the record and the value gets nothing."""
    sid = put(store, _TWO)
    other, read = FileStore(folder), filedisk.read

    def interrupted(path):
        if path.startswith(f"{path_of(store, sid)}."):
            other.delete(sid)
        return read(path)

    monkeypatch.setattr(filedisk, "read", interrupted)

    assert store.fetch(sid, ["large", "other"]) == {}


def is_locked(store, sid):
    """Tell whether this thread holds the lock of *sid*."""
    locks = store._locks._locks
    return locks is not None and locks._threads[sid[-1] % len(locks._threads)].locked()
