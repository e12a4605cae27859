"""Ending all sessions, and finding one, where a store is made of others."""

from __future__ import annotations

import pytest

from flask_sessionplus.record import Changes, Record
from flask_sessionplus.sealing import KeyRing, Sealer
from flask_sessionplus.stores.base import Browsable, Miss, OwnerIndex, Purgeable, Store
from flask_sessionplus.stores.fields import by_field
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.stores.layered import layered
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.stores.moving import carry, moving
from flask_sessionplus.stores.sealed import sealed
from flask_sessionplus.testing import FakeClock
from flask_sessionplus.testing.contract.browsing import BrowseClaims
from flask_sessionplus.testing.contract.clearing import ClearClaims
from tests.stores.hooked import Hooked
from tests.stores.records import load, new_record, new_sid, put, save

LARGE = bytes(20_000)


class OneByOne(MemoryStore):
    """Removes all as a store does that says nothing of it."""

    delete_all = Browsable.delete_all


class TestOneByOne(BrowseClaims, ClearClaims):
    """A store that can be gone through can be cleared without any doing of its author's."""

    shared = False
    powers = (Browsable, OwnerIndex, Purgeable)

    @pytest.fixture
    def opener(self):
        """Return the class."""
        return OneByOne


def test_who_moves_behind_is_met_in_files(tmp_path, monkeypatch):
    """A session that moves to a folder that was looked through already is removed as well."""
    store, sid, behind = FileStore(tmp_path), b"\xff" * 32, bytes(32)
    assert store.create(sid, new_record({"large": LARGE}, owner="ada"))
    find = store._files.paths

    def paths():
        # At this moment, where it goes has been looked at.
        found = list(find())
        if isinstance(store.load(sid), Record):
            save(store, sid, load(store, sid), Changes(move_to=behind))
        yield from found

    monkeypatch.setattr(store._files, "paths", paths)

    assert store.delete_all() == 1
    assert store.load(behind) is Miss.UNKNOWN


def test_nothing_stays_in_memory():
    """What is gone, however it went, takes no memory any more."""
    store = MemoryStore()
    for end in (
        store.delete,
        lambda sid: store.delete_owned("ada"),
        lambda sid: store.delete_all(),
    ):
        end(put(store, {"a": b"1"}, owner="ada"))

        assert (store._records, store._whole, store._owned) == ({}, {}, {})


class HookedAll(Hooked, OwnerIndex, Browsable):
    """A store that can do everything, with hooks."""

    def owned(self, owner):
        """List."""
        return self.inner.owned(owner)

    def delete_owned(self, owner, spare=()):
        """End some."""
        return self.inner.delete_owned(owner, spare)

    def find(self, half):
        """Find."""
        return self._call("find", half)

    def browse(self):
        """Go through all."""
        return self.inner.browse()

    def page(self, after, limit):
        """Show some."""
        return self.inner.page(after, limit)

    def count(self):
        """Count."""
        return self.inner.count()

    def delete_all(self):
        """End all."""
        return self._call("delete_all")


@pytest.fixture(autouse=True)
def clock():
    """Stop the time."""
    with FakeClock() as clock:
        yield clock


# What the whole can do.


class OnlyIndex(Hooked, OwnerIndex):
    """Finds owners, and cannot be gone through."""

    owned = delete_owned = find = None


class OnlyBrowsable(Hooked, Browsable):
    """Can be gone through, and finds no owners."""

    browse = count = None


OnlyIndex.__abstractmethods__ = OnlyBrowsable.__abstractmethods__ = frozenset()

INNER = {Hooked: [], OnlyIndex: [OwnerIndex], OnlyBrowsable: [Browsable]}
INNER[HookedAll] = [OwnerIndex, Browsable]

WHOLES = {
    "sealed": lambda inner: sealed(inner, Sealer(KeyRing([bytes(32)]))),
    "layered": lambda inner: layered(MemoryStore, inner),
    "by field": lambda inner: by_field({"cart": MemoryStore(), "*": inner}),
    "moving": lambda inner: moving(inner, HookedAll(MemoryStore())),
    "moving from": lambda inner: moving(HookedAll(MemoryStore()), inner),
}


@pytest.mark.parametrize("inner", INNER)
@pytest.mark.parametrize("name", WHOLES)
def test_a_whole_can_do_what_its_parts_can(name, inner):
    """A store made of others finds owners if these do, can be gone through if these can."""
    whole = WHOLES[name](inner(MemoryStore()))

    assert [power for power in (OwnerIndex, Browsable) if isinstance(whole, power)] == INNER[inner]
    assert isinstance(whole, Store)
    assert type(whole).__name__.endswith("Store")


# Layers.


@pytest.fixture(params=["memory", "shared"])
def layers(request, tmp_path):
    """Return two processes' stores on one back, each with its own front or with one for both."""
    back = HookedAll(FileStore(tmp_path / "back"))
    if request.param == "memory":
        return back, layered(MemoryStore, back), layered(MemoryStore, back)
    front = HookedAll(FileStore(tmp_path / "front"))
    return back, layered(front, back), layered(front, back)


def test_no_copy_outlives_its_session(layers, clock):
    """Here all are dead at once; elsewhere at once if the front is shared, else in a second."""
    _, here, there = layers
    sids = [put(here, {"a": b"1"}, owner="ada") for _ in range(5)]
    for sid in sids:
        assert load(here, sid) == load(there, sid)
    assert here.delete_all() == 5
    assert [here.load(sid) for sid in sids] == [Miss.UNKNOWN] * 5
    if not here.parts[0].is_shared:
        clock.advance(1)

    assert [there.load(sid) for sid in sids] == [Miss.UNKNOWN] * 5


def test_a_slow_reader_leaves_no_copy(layers, clock):
    """Who has read before all was ended puts a copy in front that nobody here looks at."""
    back, here, _ = layers
    sid = put(here, {"a": b"1"})
    back.after["load"] = here.delete_all
    assert load(here, sid).values == {"a": b"1"}
    for _ in range(3):
        assert here.load(sid) is Miss.UNKNOWN
        clock.advance(here.max_age / 3_000)

    assert here.load(sid) is Miss.UNKNOWN


def test_a_fault_of_the_back_leaves_no_copy_in_use(layers):
    """If nobody knows how much was ended, nothing is read from the front."""
    back, here, _ = layers
    sid = put(here, {"a": b"1"})
    load(here, sid)
    back.fails = {"delete_all"}
    with pytest.raises(Exception, match="told to fail"):
        here.delete_all()
    back.delete(sid)

    assert here.load(sid) is Miss.UNKNOWN


def test_a_front_that_fails_is_not_read(tmp_path, caplog):
    """If the front cannot be cleared, that is told, and no copy in it is used any more."""
    back, front = HookedAll(FileStore(tmp_path / "back")), HookedAll(FileStore(tmp_path / "front"))
    store = layered(front, back)
    sid = put(store, {"a": b"1"})
    load(store, sid)
    front.fails = {"delete_all"}

    assert store.delete_all() == 1
    assert store.load(sid) is Miss.UNKNOWN
    assert "cannot be used" in caplog.text


# Fields.


def test_fields_are_removed_wherever_they_are(caplog):
    """What lies in other stores goes too; if one fails, all sessions are ended all the same."""
    main, carts, themes = (HookedAll(MemoryStore()) for _ in range(3))
    store = by_field({"cart": carts, "theme": themes, "kept": Hooked(MemoryStore()), "*": main})
    sid = put(store, {"cart": b"milk", "theme": b"dark", "kept": b"1", "a": b"1"}, owner="ada")
    seen = load(store, sid)
    themes.fails = {"delete_all"}
    assert store.find(sid[:16]) == sid

    assert store.delete_all() == 1
    assert carts.count() == main.count() == 0
    assert "'theme'" in caplog.text
    assert store.load(sid) is Miss.UNKNOWN
    assert store.apply(sid, seen, Changes({"cart": b"eggs"})).record is None
    assert store.fetch(sid, ["cart", "theme", "kept"]) == {}


# Moving house.


@pytest.fixture
def house(tmp_path):
    """Return the old store, the new one, and the one between them."""
    old, new = HookedAll(FileStore(tmp_path / "old")), HookedAll(FileStore(tmp_path / "new"))
    return old, new, moving(new, old)


def test_one_is_found_in_either_store(house):
    """A session is found where it lies, carried or not, and not where it has moved from."""
    old, new, store = house
    left, carried, moved, target = put(old), put(old), put(old), new_sid()
    load(store, carried)
    save(store, moved, load(store, moved), Changes(move_to=target))
    ended = put(old)
    store.delete(ended)

    assert [store.find(sid[:16]) for sid in (left, carried, target)] == [left, carried, target]
    assert [store.find(sid[:16]) for sid in (moved, ended, new_sid())] == [None] * 3
    assert new.find(ended[:16]) == ended, "there is a note, which is no session"


def test_one_that_is_being_carried_is_found(house):
    """Whoever looks while a session is carried finds it."""
    old, new, store = house
    sid = put(old, {"a": b"1"})
    old.before["find"] = lambda: carry(old, new, sid)

    assert store.find(sid[:16]) == sid


def test_both_are_cleared(house):
    """Sessions of both stores are ended, and none is met, found or listed any more."""
    old, new, store = house
    sids = [put(old, {"a": b"1"}, owner="ada"), put(new, {"large": LARGE}, owner="ada"), put(old)]
    load(store, sids[2])
    assert sorted(store.browse()) == sorted(sids)
    assert store.delete_all() >= 3

    assert [store.load(sid) for sid in sids] == [Miss.UNKNOWN] * 3
    assert [store.find(sid[:16]) for sid in sids] == [None] * 3
    assert list(store.browse()) == store.owned("ada") == []


@pytest.mark.parametrize("moment", ["create", "delete_all"])
def test_a_slow_carrier_brings_nothing_back(house, moment):
    """Who has read in the old store before all was ended puts it into the new one in vain."""
    old, new, store = house
    sid = put(old, {"a": b"1", "large": LARGE}, owner="ada")
    if moment == "create":
        new.before["create"] = store.delete_all
        assert store.load(sid) is Miss.UNKNOWN
    else:
        # Read before, put there after the old store was cleared, and before the new one is.
        whole = new_record({"a": b"1", "large": LARGE}, owner="ada")
        new.before["delete_all"] = lambda: new.inner.create(sid, whole)
        store.delete_all()

    assert store.load(sid) is Miss.UNKNOWN
    assert not isinstance(new.load(sid), Record)
    assert list(store.browse()) == store.owned("ada") == []


def test_sessions_begin_again_after_clearing(house, clock):
    """Who comes afterwards has a session, at once; and the next clearing works as the first."""
    _, _, store = house
    for _ in range(3):
        sid = new_sid()
        assert store.create(sid, new_record({"a": b"1"}, owner="ada"))
        assert [each for each, _ in store.owned("ada")] == [sid]
        store.delete_all()
        assert store.load(sid) is Miss.UNKNOWN
        clock.advance(20)
