"""The store by fields: what is special about it."""

from __future__ import annotations

import json

import pytest

from flask_sessionplus import clock as time_source
from flask_sessionplus.errors import ConfigError, StoreUnavailable
from flask_sessionplus.record import Changes, pack, unpack
from flask_sessionplus.sealing import KeyRing, Sealer
from flask_sessionplus.stores.base import Carried, Carrying, Miss, Outcome, OwnerIndex, Store
from flask_sessionplus.stores.cookie import CookieStore
from flask_sessionplus.stores.fields import by_field
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.testing import FakeClock
from tests.stores.hooked import Hooked
from tests.stores.records import HOUR, load, new_record, new_sid, put, save


class _Brought(MemoryStore, Carried):
    """What a request has brought in its cookie."""

    def __init__(self, carried):
        super().__init__()
        for sid, packed in json.loads(carried or "{}").items():
            MemoryStore.create(self, bytes.fromhex(sid), unpack(bytes.fromhex(packed)))

    def concerns(self, names):
        """Tell that any name does."""
        return bool(names)

    def send(self):
        """Return all of it."""
        alive = {sid.hex(): pack(r).hex() for sid, r in self._records.items() if not r.moved_to}
        return json.dumps(alive) if alive else None


class Jar(Store, Carrying):
    """A store in the browser, as far as a store by fields can see."""

    load = create = apply = delete = None

    def receive(self, carried):
        """Return what came with a request."""
        return _Brought(carried)


Jar.__abstractmethods__ = frozenset()


@pytest.fixture
def clock():
    """Stop the time."""
    with FakeClock() as clock:
        yield clock


@pytest.fixture
def main(clock):
    """Return the main store."""
    return Hooked(MemoryStore())


@pytest.fixture
def carts(clock):
    """Return the store of the field "cart"."""
    return Hooked(MemoryStore())


@pytest.fixture
def store(main, carts):
    """Return a store with these two."""
    return by_field({"cart": carts, "*": main})


def held(hooked):
    """Return the live values that a store in memory has."""
    now = time_source.now()
    records = hooked.inner._records.values()
    return [v for r in records if r.expires_at > now for v in r.values.values()]


def test_each_field_has_its_store(clock):
    """Names go before patterns, patterns in order, and what is hidden stays in the main store."""
    stores = {name: Hooked(MemoryStore()) for name in ("a_*", "a_b", "*_b", "*")}
    names = {"a_b": "a_b", "a_c": "a_*", "a_c_b": "a_*", "c_b": "*_b", "other": "*", "\x00a_b": "*"}
    put(by_field(stores), {name: name.encode() for name in names})

    for pattern, each in stores.items():
        expected = {name.encode() for name, place in names.items() if place == pattern}
        assert expected <= set(held(each))
        assert set(held(each)).isdisjoint({name.encode() for name in names} - expected)


def test_the_record_names_what_lies_elsewhere(store):
    """`load` returns the main record with names and sizes, `fetch` the values, in one trip."""
    sid = put(store, {"cart": b"tea", "user": b"7"})
    record = load(store, sid)

    assert (record.values, record.beside) == ({"user": b"7"}, {"cart": 3})
    assert store.fetch(sid, ["cart", "user", "other"]) == {"cart": b"tea"}


def test_other_stores_are_left_alone(store, carts):
    """Who neither reads nor writes a field elsewhere costs its store nothing."""
    sid = put(store, {"cart": b"tea"})
    before = dict(carts.calls)
    save(store, sid, load(store, sid), Changes({"user": b"7"}))

    assert carts.calls == before


def test_what_a_store_has_lost_is_left_out(store, carts):
    """A value that its store has forgotten is named, but not fetched; it may be set again."""
    sid = put(store, {"cart": b"tea", "user": b"7"})
    carts.inner._records.clear()
    assert store.fetch(sid, ["cart"]) == {}
    seen = load(store, sid)
    save(store, sid, seen, Changes({"cart": b"coffee"}, expects={"cart": None}))

    assert store.fetch(sid, ["cart"]) == {"cart": b"coffee"}


def test_parts_live_as_long_as_the_session(store, carts, clock):
    """A session that is extended again and again keeps its values, and seldom has to say so."""
    sid = put(store, {"cart": b"tea"})
    seen = load(store, sid)
    carts.calls.clear()
    for _ in range(100):
        clock.advance(60)
        seen = save(store, sid, seen, Changes(expires_at=clock.now() + HOUR))

    assert store.fetch(sid, ["cart"]) == {"cart": b"tea"}
    assert carts.calls["apply"] < 20


def test_a_stale_view_extends_what_it_does_not_know(store, clock):
    """Who extends a session without knowing of a value elsewhere extends that too."""
    sid = put(store, expires_at=clock.now() + 60_000)
    stale = load(store, sid)
    save(store, sid, stale, Changes({"cart": b"tea"}))
    save(store, sid, stale, Changes(expires_at=clock.now() + HOUR))
    clock.advance(HOUR / 1000 - 1)

    assert store.fetch(sid, ["cart"]) == {"cart": b"tea"}


def test_a_stale_view_does_not_shorten_a_value_s_life(store, clock):
    """A value that is set by one who saw an earlier expiry lives as long as the session."""
    sid = put(store, {"cart": b"tea"}, expires_at=clock.now() + 1_000)
    stale = load(store, sid)
    clock.advance(0.5)
    save(store, sid, stale, Changes(expires_at=clock.now() + 2 * HOUR))
    clock.advance(HOUR / 1000)
    save(store, sid, stale, Changes({"cart": b"coffee"}))
    clock.advance(HOUR / 1000 - 1)

    assert store.fetch(sid, ["cart"]) == {"cart": b"coffee"}


def test_a_view_of_a_former_life_loses_no_value(store, clock):
    """A value set by one who saw the session that had the sid before is kept."""
    sid = put(store, {"cart": b"tea"}, expires_at=clock.now() + 1_000)
    stale = load(store, sid)
    clock.advance(120)
    assert store.create(sid, new_record())
    save(store, sid, stale, Changes({"cart": b"coffee"}))

    assert store.fetch(sid, ["cart"]) == {"cart": b"coffee"}


def test_who_dies_in_between_has_changed_nothing(store, main):
    """A value that was written, but not named by the main record, is seen by nobody."""
    sid = put(store, {"cart": b"tea"})
    main.fails = {"apply"}
    with pytest.raises(StoreUnavailable):
        store.apply(sid, load(store, sid), Changes({"cart": b"coffee"}))
    main.fails = set()

    assert store.fetch(sid, ["cart"]) == {"cart": b"tea"}
    seen = load(store, sid)
    save(store, sid, seen, Changes({"cart": b"milk"}, expects={"cart": b"tea"}))


def test_all_stores_change_or_none(store):
    """If the main store refuses, the others' fields stay as they were; and the other way round."""
    sid = put(store, {"cart": b"tea", "user": b"7"})
    sets = {"cart": b"coffee", "user": b"8"}
    for expects in ({"user": b"9"}, {"cart": b"milk"}, {"cart": None}):
        outcome, _ = store.apply(sid, load(store, sid), Changes(sets, expects=expects))

        assert outcome is Outcome.CONFLICT
        assert load(store, sid).values == {"user": b"7"}
        assert store.fetch(sid, ["cart"]) == {"cart": b"tea"}


def test_litter_is_removed(store, main, carts, clock):
    """What a process that died has left goes with the next change of that field, not before."""
    sid = put(store, {"cart": b"tea"})
    main.fails = {"apply"}
    with pytest.raises(StoreUnavailable):
        store.apply(sid, load(store, sid), Changes({"cart": b"litter"}))
    main.fails = set()
    save(store, sid, load(store, sid), Changes({"cart": b"coffee"}))
    assert sorted(held(carts)) == [b"coffee", b"litter"]
    clock.advance(61)
    save(store, sid, load(store, sid), Changes({"cart": b"milk"}))

    assert held(carts) == [b"milk"]


def test_what_is_old_is_no_litter(store, clock):
    """Neither a stale view nor somebody who wants the same sid removes values that are in use."""
    sid = put(store)
    stale = load(store, sid)
    save(store, sid, stale, Changes({"cart": b"tea"}))
    clock.advance(120)
    assert not store.create(sid, new_record({"cart": b"other"}))
    other = put(store, {"cart": b"other"})
    store.apply(other, load(store, other), Changes({"cart": b"more"}, move_to=sid))
    store.apply(sid, stale, Changes({"cart": b"coffee"}, expects={"cart": b"?"}))

    assert store.fetch(sid, ["cart"]) == {"cart": b"tea"}


def test_a_writer_who_was_stopped_for_long_gives_up(store, carts, clock):
    """What was written so long ago that it may have been cleared away is not named."""
    sid = put(store, {"cart": b"tea"})
    carts.after["apply"] = lambda: clock.advance(31)
    with pytest.raises(StoreUnavailable, match="too long"):
        store.apply(sid, load(store, sid), Changes({"cart": b"coffee"}))

    assert store.fetch(sid, ["cart"]) == {"cart": b"tea"}


def test_what_is_removed_is_not_kept(store, carts):
    """A value that is replaced, removed or forgotten is gone from its store."""
    sid = put(store, {"cart": b"tea"})
    save(store, sid, load(store, sid), Changes({"cart": b"coffee"}))
    assert held(carts) == [b"coffee"]
    save(store, sid, load(store, sid), Changes(removals=["cart"]))
    assert held(carts) == []
    save(store, sid, load(store, sid), Changes({"cart": b"milk"}))
    save(store, sid, load(store, sid), Changes(restart_at=time_source.now()))

    assert held(carts) == []


def test_signing_out_leaves_nothing(store, carts):
    """`delete` removes the values in all stores, with the old sid of a moved session too."""
    store.delete(put(store, {"cart": b"tea"}))
    assert held(carts) == []
    sid, target = put(store, {"cart": b"tea"}), new_sid()
    save(store, sid, load(store, sid), Changes(move_to=target))
    assert store.fetch(target, ["cart"]) == {"cart": b"tea"}
    assert held(carts) == [b"tea"]
    store.delete(sid)

    assert held(carts) == []


def test_a_value_written_during_a_move_comes_along(store, main):
    """A value that another request sets while the session moves is acknowledged and there."""
    sid, target = put(store, {"cart": b"tea"}), new_sid()
    seen = load(store, sid)
    main.before["apply"] = lambda: save(store, sid, seen, Changes({"cart": b"coffee"}))
    save(store, sid, seen, Changes({"user": b"7"}, move_to=target))

    assert store.fetch(target, ["cart"]) == {"cart": b"coffee"}


def test_a_reader_between_two_stores_gets_the_new_value(store, carts):
    """Who learns where a value is, and finds that it was replaced since, looks again."""
    sid = put(store, {"cart": b"tea"})
    seen = load(store, sid)
    carts.before["load"] = lambda: save(store, sid, seen, Changes({"cart": b"coffee"}))

    assert store.fetch(sid, ["cart"]) == {"cart": b"coffee"}


def test_signing_out_needs_the_main_store_only(store, carts, caplog):
    """While another store is down its fields are faults, but who signs out is signed out."""
    sid = put(store, {"cart": b"tea", "user": b"7"})
    carts.fails = {"load", "apply", "delete", "create", "fetch"}
    assert load(store, sid).values == {"user": b"7"}
    save(store, sid, load(store, sid), Changes({"user": b"8"}))
    with pytest.raises(StoreUnavailable):
        store.fetch(sid, ["cart"])

    assert store.delete(sid) is True
    assert store.load(sid) is Miss.UNKNOWN
    assert "tea" not in caplog.text


def test_two_patterns_may_share_a_store(clock):
    """One store may have several fields, and the main record, without mixing them up."""
    one = MemoryStore()
    store = by_field({"a": one, "b*": one, "*": one})
    values = {"a": b"1", "b": b"2", "c": b"3"}
    sid = put(store, values)
    save(store, sid, load(store, sid), Changes({"a": b"4"}))
    record = load(store, sid)

    assert record.values | store.fetch(sid, list(record.beside)) == values | {"a": b"4"}
    store.delete(sid)
    assert not [r for r in one._records.values() if not r.moved_to]


def test_a_field_may_be_given_a_store_later(main, carts):
    """A value that lies in the main record from before stays readable, and moves when it is set."""
    sid = put(by_field({"*": main}), {"cart": b"tea"})
    store = by_field({"cart": carts, "*": main})
    assert load(store, sid).values == {"cart": b"tea"}
    save(store, sid, load(store, sid), Changes(updates={"cart": b"coffee"}))
    assert load(store, sid).values == {"cart": b"coffee"}
    save(store, sid, load(store, sid), Changes({"cart": b"milk"}, expects={"cart": b"coffee"}))

    assert load(store, sid).values == {}
    assert store.fetch(sid, ["cart"]) == {"cart": b"milk"}


def test_owners_are_those_of_the_main_store(tmp_path, carts):
    """It finds an owner's sessions if the main store does, and removes all of them everywhere."""
    store = by_field({"cart": carts, "*": FileStore(tmp_path)})
    sids = [put(store, {"cart": b"%d" % n}, owner="ada") for n in range(3)]

    assert dict(store.owned("ada")) == {sid: load(store, sid) for sid in sids}
    assert store.delete_owned("ada", sids[:1]) == 2
    assert held(carts) == [b"0"]
    assert not isinstance(by_field({"*": carts}), OwnerIndex)


def test_a_field_in_the_browser(main):
    """A field may travel in a cookie; it is brought by one request and read by the next."""
    store = by_field({"csrf_*": Jar(), "*": main})
    assert isinstance(store, Carrying)
    first = store.receive(None)
    sid = put(first, {"csrf_token": b"secret", "user": b"7"})
    second = store.receive(first.send())
    assert second.fetch(sid, ["csrf_token"]) == {"csrf_token": b"secret"}
    save(second, sid, load(second, sid), Changes({"csrf_token": b"new"}))

    assert b"secret" not in b"".join(held(main))
    assert store.receive(second.send()).fetch(sid, ["csrf_token"]) == {"csrf_token": b"new"}
    # Last answer wins: an older cookie is what the browser has then.
    assert store.receive(first.send()).fetch(sid, ["csrf_token"]) == {"csrf_token": b"secret"}
    assert store.receive(None).fetch(sid, ["csrf_token"]) == {}


def test_a_cookie_moves_and_ends_with_its_session(main):
    """What the browser carries comes along with a new sid, and is gone after a sign-out."""
    store = by_field({"csrf_*": Jar(), "*": main}).receive(None)
    sid, target = put(store, {"csrf_token": b"secret"}), new_sid()
    save(store, sid, load(store, sid), Changes(move_to=target))
    assert store.fetch(target, ["csrf_token"]) == {"csrf_token": b"secret"}
    store.delete(target)

    assert store.send() is None


def test_all_but_a_field_may_be_in_the_browser(carts):
    """The main record itself may travel in the cookie."""
    store = by_field({"cart": carts, "*": Jar()})
    first = store.receive(None)
    sid = put(first, {"cart": b"tea", "user": b"7"})
    second = store.receive(first.send())

    assert load(second, sid).values == {"user": b"7"}
    assert second.fetch(sid, ["cart"]) == {"cart": b"tea"}


def test_it_tells_what_the_browser_has_to_carry(main):
    """Only a change of what lies in the cookie needs a cookie that can still be sent."""
    some = by_field({"csrf_*": Jar(), "*": main}).receive(None)
    most = by_field({"cart": main, "*": Jar()}).receive(None)

    assert some.concerns(["user", "csrf_token"])
    assert not some.concerns(["user", "cart"])
    assert most.concerns(["cart"])
    assert not most.concerns([])


def test_a_field_in_the_encrypted_cookie(main, clock):
    """With the real cookie store a field comes back, moves, and ends with its session."""
    sealer = Sealer(KeyRing(["k" * 32], "SESSION_ENCRYPTION_KEYS"), "cookie")
    store = by_field({"csrf_*": CookieStore(sealer, ("app", "session"), None), "*": main})
    first = store.receive(None)
    sid, target = put(first, {"csrf_token": b"secret", "user": b"7"}), new_sid()
    second = store.receive(first.send())
    seen = load(second, sid)
    assert second.fetch(sid, ["csrf_token"]) == {"csrf_token": b"secret"}
    save(second, sid, seen, Changes({"csrf_b": b"2"}, move_to=target))
    third = store.receive(second.send())

    assert third.fetch(target, ["csrf_token", "csrf_b"]) == {
        "csrf_token": b"secret",
        "csrf_b": b"2",
    }
    assert third.delete(target)
    assert third.send() is None


@pytest.mark.parametrize(
    ("patterns", "message"),
    [(["cart"], r"says nothing of '\*'"), (["a", "b", "*"], "one cookie only")],
)
def test_what_cannot_be_is_refused(patterns, message):
    """A main store has to be there, and only one may be in the cookie."""
    with pytest.raises(ConfigError, match=message):
        by_field({pattern: Jar() for pattern in patterns})
