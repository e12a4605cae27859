"""The store that moves house: the contract, and what is special about it."""

from __future__ import annotations

from functools import partial

import pytest

from flask_sessionplus import clock as time_source
from flask_sessionplus.errors import DamagedRecord, StoreUnavailable
from flask_sessionplus.record import Changes, Record
from flask_sessionplus.stores.base import Applied, Browsable, Miss, Outcome, OwnerIndex
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.stores.moving import _MovingBrowsable, _MovingIndex, moving
from flask_sessionplus.testing import FakeClock, StoreContract
from flask_sessionplus.testing.contract.threads import together
from tests.stores.hooked import Hooked
from tests.stores.records import load, new_sid, put, save

GONE = Applied(Outcome.GONE)


def open_empty(folder):
    """Open two folders, of which the old one stays empty."""
    return moving(FileStore(folder / "new"), FileStore(folder / "old"))


class BeginsInOld(_MovingIndex, _MovingBrowsable):
    """Creates in the old store, as if the setting had been changed right after."""

    def create(self, sid, record):
        """Create it there, unless the new one knows something of it."""
        if self._new.load(sid) in (Miss.UNKNOWN, Miss.EXPIRED) and self._old.create(sid, record):
            return True
        return super().create(sid, record)


def open_full(folder):
    """Open two folders; what is created begins in the old one."""
    return BeginsInOld(FileStore(folder / "new"), FileStore(folder / "old"))


@pytest.mark.slow
class TestNothingInOld(StoreContract):
    """Everything is in the new store already."""

    powers = (OwnerIndex, Browsable)

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same folders again."""
        return partial(open_empty, tmp_path)


@pytest.mark.slow
class TestAllInOld(StoreContract):
    """Every session begins in the old store, and is carried when it is first used."""

    powers = (OwnerIndex, Browsable)
    # Who is carried between two pages may be on both.
    meets_once = False

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same folders again."""
        return partial(open_full, tmp_path)


# Where one has ended a moment ago no other one can move to, or it might come back there: but
# sids are not used twice, except in stories. And nobody creates in the old store in reality.
TestAllInOld.test_any_story_is_that_of_a_dict = None
TestAllInOld.test_a_place_is_taken_once = None
# The notes on those that have ended in the old store are counted for a while.
TestAllInOld.test_an_empty_store_has_nothing = None
TestAllInOld.test_every_session_is_met = None
# After all were ended nothing comes from the old store any more, for a while: see below.
TestAllInOld.test_it_can_be_filled_again = None
TestAllInOld.test_a_sid_may_be_used_again = None
TestAllInOld.test_nobody_escapes = None


class House:
    """A store that moves, and what it moves between."""

    def __init__(self, folder):
        self.old = Hooked(FileStore(folder / "old"))
        self.new = Hooked(FileStore(folder / "new"))
        self.store = moving(self.new, self.old)

    def put(self, *arguments, **fields):
        """Store a record in the old place."""
        return put(self.old, *arguments, **fields)


@pytest.fixture
def clock():
    """Stop the time."""
    with FakeClock() as clock:
        yield clock


@pytest.fixture
def house(tmp_path, clock):
    """Return two places, and the store between them."""
    return House(tmp_path)


_VALUES = {"a": b"1", "\x01message": b"m", "large": b"L" * 20_000, "other": b"O" * 9_000}


def test_a_session_is_carried_with_all_it_has(house, clock):
    """Values, large ones too, times and owner are found in the new store; the old one has none."""
    sid = house.put(_VALUES, owner="ada", created_at=5, seen_at=7)
    record = load(house.store, sid)

    assert record == load(house.new, sid)
    assert record.values | house.store.fetch(sid, list(record.beside)) == _VALUES
    assert (record.owner, record.created_at, record.seen_at) == ("ada", 5, 7)
    assert house.old.inner.owned("ada") == []
    assert house.old.fetch(sid, list(_VALUES)) == {}
    clock.advance(60)
    assert house.old.inner.purge(10) == 1


def test_a_carried_session_needs_the_old_store_no_more(house):
    """What is in the new store is read and written without asking the old one."""
    sid = house.put({"a": b"1"})
    seen = load(house.store, sid)
    house.old.fails = {"load", "create", "apply", "delete", "fetch"}
    save(house.store, sid, seen, Changes({"a": b"2"}))

    assert load(house.store, sid).values == {"a": b"2"}


def test_an_old_store_that_is_down_signs_nobody_out(house):
    """While the old store does not answer, a sid that the new one has not is no miss."""
    sid = house.put({"a": b"1"})
    house.old.fails = {"load"}
    with pytest.raises(StoreUnavailable):
        house.store.load(sid)
    with pytest.raises(StoreUnavailable):
        house.store.delete(sid)
    house.old.fails = set()

    assert load(house.store, sid).values == {"a": b"1"}


@pytest.mark.parametrize("broken", ["create", "load"])
def test_a_new_store_that_fails_loses_nothing(house, broken):
    """If the new store fails while a session is carried, it is still there."""
    sid = house.put({"a": b"1"})
    house.new.fails = {broken}
    with pytest.raises(StoreUnavailable):
        house.store.load(sid)
    house.new.fails = set()

    assert load(house.store, sid).values == {"a": b"1"}


def test_what_was_left_behind_does_not_matter(house):
    """If the old store fails after a session was carried, the new one has the word."""
    sid = house.put({"a": b"1"})
    house.old.fails = {"apply"}
    with pytest.raises(StoreUnavailable):
        house.store.load(sid)
    house.old.fails = set()
    save(house.store, sid, load(house.store, sid), Changes({"a": b"2"}))
    assert load(house.store, sid).values == {"a": b"2"}
    assert house.store.delete(sid)

    assert house.store.load(sid) is Miss.UNKNOWN


@pytest.mark.parametrize("end", ["delete", "delete_owned"])
@pytest.mark.parametrize("moment", ["create", "note"])
def test_a_slow_carrier_brings_nothing_back(house, end, moment):
    """Who has read a session in the old store, and comes to the new one after it was ended."""
    sid = house.put({"a": b"1"}, owner="ada")
    rival = moving(house.new.inner, house.old.inner)

    def interfere():
        assert rival.delete(sid) if end == "delete" else rival.delete_owned("ada") == 1

    (house.new if moment == "create" else house.old).before[
        "create" if moment == "create" else "apply"
    ] = interfere
    house.store.load(sid)

    assert house.store.load(sid) is Miss.UNKNOWN
    assert rival.load(sid) is Miss.UNKNOWN
    assert rival.owned("ada") == []


def test_a_second_carrier_brings_nothing_back(house):
    """A session that was carried by one, ended, and is still in the hands of another one."""
    sid = house.put({"a": b"1"})
    rival = moving(house.new.inner, house.old.inner)

    def interfere():
        save(rival, sid, load(rival, sid), Changes({"a": b"2"}))
        assert rival.delete(sid)

    seen = load(house.old, sid)
    house.new.before["create"] = interfere
    assert house.store.load(sid) is Miss.UNKNOWN
    now = time_source.now()
    for changes in (Changes({"b": b"1"}), Changes({"b": b"1"}, restart_at=now)):
        assert house.store.apply(sid, seen, changes) == GONE

    assert house.store.load(sid) is Miss.UNKNOWN


def test_a_second_carrier_writes_nothing_over(house):
    """Who comes second finds what the first one, and those after him, have made of it."""
    sid = house.put({"a": b"1"})
    rival = moving(house.new.inner, house.old.inner)

    def interfere():
        save(rival, sid, load(rival, sid), Changes({"a": b"2"}))

    house.new.before["create"] = interfere

    assert load(house.store, sid).values == {"a": b"2"}


def test_a_second_carrier_does_not_undo_a_rotation(house):
    """If the session has moved on in the new store meanwhile, the old sid is MOVED."""
    sid, target = house.put({"a": b"1"}), new_sid()
    rival = moving(house.new.inner, house.old.inner)
    house.new.before["create"] = lambda: save(rival, sid, load(rival, sid), Changes(move_to=target))

    assert house.store.load(sid) is Miss.MOVED
    assert load(house.store, target).values == {"a": b"1"}


def test_who_looks_in_between_finds_it(house):
    """A session that is carried between the two looks of a reader is found all the same."""
    sid = house.put({"a": b"1"})
    rival = moving(house.new.inner, house.old.inner)
    house.old.before["load"] = lambda: load(rival, sid)

    assert load(house.store, sid).values == {"a": b"1"}


def test_a_carrier_who_took_too_long_gives_up(house, clock):
    """Who was stopped for longer than a note is sure to last carries nothing."""
    sid = house.put({"a": b"1"})
    house.old.after["load"] = lambda: clock.advance(16)
    with pytest.raises(StoreUnavailable, match="too long"):
        house.store.load(sid)

    assert load(house.store, sid).values == {"a": b"1"}


def test_a_large_value_that_changes_meanwhile_is_carried_as_it_is(house):
    """Record and large values are of one moment, even if somebody still writes to the old one."""
    sid = house.put({"large": b"L" * 20_000})
    seen = load(house.old, sid)
    house.old.before["fetch"] = lambda: save(
        house.old.inner, sid, seen, Changes({"large": b"M" * 30_000})
    )
    load(house.store, sid)

    assert house.store.fetch(sid, ["large"]) == {"large": b"M" * 30_000}


def test_sessions_of_both_are_listed(house):
    """An owner's sessions are found wherever they are, the one seen last first."""
    now = time_source.now()
    sids = [house.put(owner="ada", seen_at=now - 2), put(house.new, owner="ada", seen_at=now - 1)]
    sids.append(house.put(owner="ada", seen_at=now))
    store = moving(house.new.inner, house.old.inner)

    assert [sid for sid, _ in store.owned("ada")] == sids[::-1]
    assert store.delete_owned("ada", sids[:1]) == 2
    assert [sid for sid, _ in store.owned("ada")] == sids[:1]


def test_owners_need_both_stores(tmp_path):
    """If one of the two does not find an owner's sessions, the whole does not claim to."""
    assert isinstance(open_empty(tmp_path), OwnerIndex)
    assert not isinstance(moving(FileStore(tmp_path), Hooked(MemoryStore())), OwnerIndex)


def test_a_damaged_record_is_left_alone(house, tmp_path):
    """What cannot be read is not carried, is told, and can be ended."""
    sid = house.put({"a": b"1" * 100})
    (path,) = [path for path in (tmp_path / "old").rglob("*") if sid.hex() in path.name]
    path.write_bytes(b"no record")
    with pytest.raises(DamagedRecord):
        house.store.load(sid)
    assert path.read_bytes() == b"no record"
    house.store.delete(sid)

    assert house.store.load(sid) is Miss.UNKNOWN


@pytest.mark.parametrize("round_", range(10))
def test_threads_carry_once_and_lose_nothing(tmp_path, round_):
    """Threads that all meet one session in the old store: every change of theirs is kept."""
    sids = [put(FileStore(tmp_path / "old"), {"a": b"1"}) for _ in range(10)]

    def work(number):
        store = open_empty(tmp_path)
        for sid in sids:
            save(store, sid, load(store, sid), Changes({f"key-{number}": b"1"}))

    together(*[partial(work, number) for number in range(4)])

    expected = {"a", *(f"key-{number}" for number in range(4))}
    new = FileStore(tmp_path / "new")
    assert all(load(new, sid).values.keys() == expected for sid in sids)


@pytest.mark.parametrize("round_", range(10))
def test_threads_never_revive_what_was_ended(tmp_path, round_):
    """While threads carry and write, those who sign out are signed out."""
    old = FileStore(tmp_path / "old")
    sids = [put(old, {"a": b"1"}) for _ in range(20)]
    views = [load(old, sid) for sid in sids]

    def work():
        store = open_empty(tmp_path)
        for sid, seen in zip(sids, views, strict=True):
            store.load(sid)
            store.apply(sid, seen, Changes({"b": b"1"}))

    def sign_out():
        store = open_empty(tmp_path)
        assert [store.delete(sid) for sid in sids] == [True] * len(sids)

    together(work, work, work, sign_out)

    store = open_empty(tmp_path)
    assert not [sid for sid in sids if isinstance(store.load(sid), Record)]
