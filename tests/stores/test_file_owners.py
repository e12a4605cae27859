"""The file store: the entries of owners, and what else belongs to a record."""

from __future__ import annotations

import os

from flask_sessionplus.record import Changes
from flask_sessionplus.stores import filedisk
from flask_sessionplus.stores.base import Miss, Outcome
from flask_sessionplus.stores.file import FileStore
from tests.stores.filefolder import (
    clock,
    entries,
    folder,
    mode,
    path_of,
    store,
    value_files,
    watched,
)
from tests.stores.records import HOUR, load, new_sid, put, save, whole

__all__ = ["clock", "folder", "store", "watched"]

_TWO = {"small": b"1", "large": b"L" * 20_000, "other": b"O" * 20_000}


def test_entries_tell_nothing(folder, store):
    """Whose a session is cannot be read from the names of files; entries are private and empty."""
    put(store, owner="ada@example.org")

    assert not [path for path in folder.rglob("*") if "example" in path.name]
    (entry,) = entries(folder)
    assert (mode(entry), entry.stat().st_size) == (0o600, 0)
    assert mode(entry.parent) == mode(entry.parent.parent) == 0o700


def test_entries_go_with_their_sessions(folder, store, clock):
    """What is deleted, moved, handed over or purged leaves no entry, and no folder, behind."""
    deleted, moved, handed = (put(store, owner="ada") for _ in range(3))
    put(store, owner="ada", expires_at=clock.now() + 1_000)
    assert len(entries(folder)) == 4
    store.delete(deleted)
    save(store, moved, load(store, moved), Changes(owner="bob", move_to=new_sid()))
    save(store, handed, load(store, handed), Changes(restart_at=1))
    clock.advance(1)
    store.purge(10)

    assert len(entries(folder)) == 1
    assert store.delete_owned("bob") == 1
    assert [path.name for path in (folder / "owners").glob("*/*")] == []


def test_a_wrong_entry_is_removed_when_it_is_seen(folder, store):
    """An entry that a killed writer has left is neither believed nor kept."""
    sid, absent = put(store, owner="bob"), new_sid()
    store._files.owners.add("ada", sid, 0)
    store._files.owners.add("ada", absent, 0)
    assert len(entries(folder)) == 3

    assert store.delete_owned("ada") == 0
    assert store.owned("ada") == []
    assert len(entries(folder)) == 1
    assert [each for each, _ in store.owned("bob")] == [sid]


def test_purging_removes_old_entries_and_values(folder, store, clock):
    """What belongs to no record goes when its time is over; what does stays, with a new time."""
    until = clock.now() + 1_000
    sid, other = put(store, _TWO, owner="ada", expires_at=until), put(store, expires_at=until)
    save(store, sid, load(store, sid), Changes(expires_at=clock.now() + HOUR))
    store._files.owners.add("bob", sid, until)
    store._files.owners.add("bob", other, until)
    for each in (sid, other):
        filedisk.write(f"{path_of(store, each)}.{'0' * 16}", b"litter", until, False)
    assert (len(value_files(folder)), len(entries(folder))) == (4, 3)
    clock.advance(1)

    assert store.purge(10) == 1
    assert (len(value_files(folder)), len(entries(folder))) == (2, 1)
    assert whole(store, sid) == _TWO
    assert [each for each, _ in store.owned("ada")] == [sid]
    assert list(store._old()) == []


def test_a_look_at_an_owner_looks_at_nobody_else(store, watched):
    """To list or end the sessions of one owner reads theirs, however many others there are."""
    for number in range(50):
        put(store, owner=f"owner {number}")
    for _ in range(2):
        put(store, owner="ada")
    watched.calls.clear()
    assert len(store.owned("ada")) == 2

    assert watched.calls == ["listdir", *["open", "read", "close"] * 2]
    watched.calls.clear()
    assert store.delete_owned("ada") == 2
    assert len(watched.calls) < 20


def test_a_session_that_moves_while_it_is_listed_is_found(store, folder, monkeypatch):
    """A session that is no more where its entry said is looked for where it went."""
    sid, target = put(store, owner="ada"), new_sid()
    other, names = FileStore(folder), filedisk.names

    def interrupted(path):
        found = names(path)
        if isinstance(other.load(sid), type(Miss.MOVED)):
            return found
        changes = Changes(move_to=target)
        assert other.apply(sid, load(other, sid), changes).outcome is Outcome.SAVED
        return found

    monkeypatch.setattr(filedisk, "names", interrupted)
    assert [each for each, _ in store.owned("ada")] == [target]


def test_a_session_that_moves_while_all_are_ended_is_ended(store, folder, monkeypatch):
    """The same goes for `delete_owned`; what it spares is spared under any sid."""
    sid, target = put(store, owner="ada"), new_sid()
    other, names = FileStore(folder), filedisk.names

    def interrupted(path):
        found = names(path)
        if store.load(target) is Miss.UNKNOWN and store.load(sid) not in list(Miss):
            save(other, sid, load(other, sid), Changes(move_to=target))
        return found

    monkeypatch.setattr(filedisk, "names", interrupted)
    assert store.delete_owned("ada") == 1
    assert store.load(target) is Miss.UNKNOWN


def test_an_owner_folder_that_vanishes_is_made_again(folder, store, monkeypatch):
    """Whoever adds an entry while the last one is removed finds a folder all the same."""
    make_folder, left = filedisk.make_folder, [1, 1, 1]

    def vanishing(path):
        is_new = make_folder(path)
        if left and "owners" in path and len(os.path.basename(path)) == 62:
            left.pop()
            os.rmdir(path)
        return is_new

    monkeypatch.setattr(filedisk, "make_folder", vanishing)
    sid = put(store, owner="ada")

    assert left == []
    assert [each for each, _ in store.owned("ada")] == [sid]
