"""The file store: what a purge removes, and what it leaves alone."""

from __future__ import annotations

import os
from pathlib import Path

from tests.stores.filefolder import clock, files, folder, path_of, store
from tests.stores.records import load, new_sid, put

__all__ = ["clock", "folder", "store"]


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
