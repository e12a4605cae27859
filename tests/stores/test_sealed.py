"""Encryption at rest: the contract over several stores, and what is special about it."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import partial

import pytest

from flask_sessionplus.errors import DamagedRecord, StoreConflict
from flask_sessionplus.purging import purge_expired
from flask_sessionplus.record import Changes, Record
from flask_sessionplus.sealing import KeyRing, Sealer
from flask_sessionplus.stores.base import (
    Applied,
    Browsable,
    Miss,
    Outcome,
    OwnerIndex,
    Preparable,
    Purgeable,
    having,
)
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.stores.sealed import SealedStore, sealed
from flask_sessionplus.stores.sealedrecords import SEALED
from flask_sessionplus.testing import FakeClock, StoreContract
from flask_sessionplus.testing.contract.base import whole
from tests.stores.besidestore import BesideStore
from tests.stores.records import HOUR, load, new_record, new_sid, put, save
from tests.stores.redisclaims import RedisClaims
from tests.stores.serverdatabases import table_of

OLD, NEW = b"o" * 32, b"n" * 32
LARGE = {"large": b"L" * 20_000, "other": b"O" * 20_000}


def sealer(*keys):
    """Return a sealer with a ring of *keys*, the newest first."""
    return Sealer(KeyRing(keys or [NEW]), "store")


def open_sealed(open_inner):
    """Return a sealed store, in this process or another one."""
    return sealed(open_inner(), sealer())


def open_sqlite(path):
    """Return a store in an SQLite file."""
    from flask_sessionplus.stores.sql import SQLStore

    return SQLStore(f"sqlite:///{path}")


def spoil(inner, sid):
    """Turn one bit of what was sealed, and store it as any record is stored."""
    data = bytearray(load(inner, sid).values[SEALED])
    data[len(data) // 2] ^= 4
    save(inner, sid, load(inner, sid), Changes({SEALED: bytes(data)}))
    return lambda: load(inner, sid).values[SEALED]


class Sealed(StoreContract):
    """The whole contract, over a store that is sealed."""

    def damage(self, store, sid):
        """Turn one bit."""
        return spoil(store.parts[0], sid)


class TestSealedMemory(Sealed):
    """Over a store that keeps everything in its records."""

    shared = False
    powers = (OwnerIndex, Browsable)

    @pytest.fixture
    def opener(self):
        """Return a new store."""
        return partial(open_sealed, MemoryStore)


@pytest.mark.slow
class TestSealedBeside(Sealed):
    """Over one that keeps large values beside them."""

    shared = False

    @pytest.fixture
    def opener(self):
        """Return a new store."""
        return partial(open_sealed, BesideStore)

    def count_beside(self, store):
        """Count the large values, wherever they are."""
        (inner,) = store.parts
        return len(inner.large) + sum(len(record.values) > 1 for record in inner.records.values())


@pytest.mark.torture
class TestSealedFiles(Sealed):
    """Over files."""

    powers = (OwnerIndex, Browsable)

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same folder again."""
        return partial(open_sealed, partial(FileStore, tmp_path / "sessions"))


@pytest.mark.slow
class TestSealedSQLite(Sealed):
    """Over a table."""

    powers = (OwnerIndex, Browsable)

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same file again."""
        path = tmp_path / "sessions.sqlite"
        return partial(open_sealed, partial(open_sqlite, path))


@pytest.mark.slow
@pytest.mark.torture
class TestSealedRedis(Sealed):
    """Over Redis, which knows sids by their first half only."""

    powers = (OwnerIndex, Browsable)

    @pytest.fixture
    def opener(self, redis_url, fresh_name):
        """Open a store whose keys begin with a name of this test's own; they are removed."""
        from flask_sessionplus.stores.redis import RedisStore

        opener = partial(RedisStore, redis_url, f"{fresh_name}:")
        yield partial(open_sealed, opener)
        RedisClaims().clean(opener())


@pytest.mark.slow
class TestSealedPostgreSQL(Sealed):
    """Over a table of PostgreSQL."""

    powers = (OwnerIndex, Browsable)

    @pytest.fixture
    def opener(self, postgresql_url, fresh_name):
        """Open a table of this test's own; it is dropped afterwards."""
        for opener in table_of(postgresql_url, fresh_name):
            inner = opener()
            inner.prepare()
            inner.close()
            yield partial(open_sealed, opener)


@pytest.fixture
def clock():
    """Stop the time."""
    with FakeClock() as clock:
        yield clock


@pytest.fixture
def inner(clock):
    """Return where the sealed records lie."""
    return BesideStore()


@pytest.fixture
def store(inner):
    """Return a store that seals what it keeps there."""
    return sealed(inner, sealer())


def trips(inner, function, *arguments):
    """Return which trips to *inner* a call takes."""
    before = len(inner.trips)
    function(*arguments)
    return inner.trips[before:]


def all_bytes(inner):
    """Return all that somebody who can read the inner store finds there."""
    found = [repr(record).encode() for record in inner.records.values()]
    for record in inner.records.values():
        found += [part for name, data in record.values.items() for part in (name.encode(), data)]
        found += [name.encode() for name in record.beside]
    found += [part for (_, name), data in inner.large.items() for part in (name.encode(), data)]
    return b"\n".join(found)


def test_nothing_is_readable(inner, store):
    """Neither names nor values, small or large, are found in what the inner store has."""
    secret = {
        "the name": b"the value" * 3,
        "\x00hidden": b"bookkeeping",
        "a large name": b"huge" * 5000,
    }
    sid = put(store, secret, owner="ada")
    seen = load(store, sid)
    save(store, sid, seen, Changes({"other name": b"another value", "third": b"immense" * 5000}))
    found = all_bytes(inner)

    assert whole(store, sid).keys() == {*secret, "other name", "third"}
    for text in (b"name", b"value", b"hidden", b"book", b"huge", b"third", b"imme"):
        assert text not in found
    assert load(inner, sid).owner == "ada"


def test_sessions_with_the_same_names_do_not_look_alike(inner, store):
    """The places of large values are other ones in each session, though the names are the same."""
    put(store, LARGE)
    put(store, LARGE)

    assert len({place for _, place in inner.large}) == 4
    assert len(set(inner.large.values())) == 4


def test_what_is_not_sealed_is_refused(inner, store):
    """A record that lies in the inner store unsealed is damaged, however valid; it stays there."""
    for values in ({"user": b"admin"}, {SEALED: b"plain"}, {SEALED: b""}, {}):
        sid = put(inner, values)
        with pytest.raises(DamagedRecord):
            store.load(sid)
        for seen in (load(inner, sid), new_record(values)):
            with pytest.raises(DamagedRecord):
                store.apply(sid, seen, Changes({"a": b"1"}))
            with pytest.raises(DamagedRecord):
                store.apply(sid, seen, Changes(expires_at=1))
        assert not store.create(sid, new_record())

        assert load(inner, sid).values == values


@pytest.mark.parametrize("size", [1, 20_000])
def test_nothing_unsealed_slips_in(inner, store, size):
    """A value added to a sealed record behind our back is not read: the record is damaged."""
    for values in ({"a": b"1"}, LARGE):
        sid = put(store, values)
        save(inner, sid, load(inner, sid), Changes({"user": b"x" * size}))

        with pytest.raises(DamagedRecord):
            store.load(sid)


def test_a_record_opens_in_its_own_place_only(inner, store):
    """A sealed record that is copied to another sid does not open there."""
    sid, thief = put(store, {"user": b"ada"}), put(store, {"user": b"eve"})
    stolen = load(inner, sid).values[SEALED]
    save(inner, thief, load(inner, thief), Changes({SEALED: stolen}))
    copied = new_sid()
    inner.create(copied, load(inner, sid))

    for place in (thief, copied):
        with pytest.raises(DamagedRecord):
            store.load(place)
    assert load(store, sid).values == {"user": b"ada"}


@pytest.mark.parametrize("field", [{"owner": "ada"}, {"owner": ""}, {"created_at": 1}])
def test_owner_and_birth_are_guarded(inner, store, field):
    """Whoever gives a session to somebody else, or makes it younger, has damaged it."""
    sid = put(store, {"user": b"bob"}, owner="bob")
    inner.records[sid] = replace(inner.records[sid], **field)

    with pytest.raises(DamagedRecord):
        store.load(sid)


def test_every_turned_bit_is_noticed():
    """Whichever bit of a sealed record of 1 KB is turned, the record is damaged."""
    inner = MemoryStore()
    store = sealed(inner, sealer())
    sid = put(store, {"a": secrets.token_bytes(1024)})
    values = inner._records[sid].values
    whole_record = values[SEALED]
    refused = 0
    for bit in range(8 * len(whole_record)):
        data = bytearray(whole_record)
        data[bit // 8] ^= 1 << bit % 8
        values[SEALED] = bytes(data)
        with pytest.raises(DamagedRecord):
            store.load(sid)
        refused += 1
    for length in range(len(whole_record)):
        values[SEALED] = whole_record[:length]
        with pytest.raises(DamagedRecord):
            store.load(sid)
    values[SEALED] = whole_record

    assert refused == 8 * len(whole_record)
    assert len(load(store, sid).values["a"]) == 1024


def test_large_values_are_guarded(inner, store):
    """A large value that was changed, swapped, or brought from elsewhere does not open."""
    sid, other = put(store, LARGE), put(store, LARGE)
    (mine, second), (foreign, _) = ([k for k in inner.large if k[0] == s] for s in (sid, other))
    sealed_values = dict(inner.large)
    turned = bytearray(sealed_values[mine])
    turned[len(turned) // 2] ^= 1
    for data in (bytes(turned), sealed_values[second], sealed_values[foreign], b"", b"L" * 20_000):
        inner.large[mine] = data
        with pytest.raises(DamagedRecord):
            store.fetch(sid, list(LARGE))
    inner.large[mine] = sealed_values[mine]

    assert whole(store, sid) == LARGE


def test_a_large_value_that_was_taken_away_is_noticed(inner, store):
    """A record whose list of large values was changed is damaged."""
    sid = put(store, LARGE)
    place, _ = inner.records[sid].beside
    del inner.records[sid].beside[place]

    with pytest.raises(DamagedRecord):
        store.load(sid)


def test_a_large_value_in_the_record_that_was_replaced_is_noticed(clock):
    """The same holds where the inner store keeps large values in the record."""
    memory = MemoryStore()
    store = sealed(memory, sealer())
    sid = put(store, LARGE)
    values = memory._records[sid].values
    *_, place = sorted(values)
    values["user"] = values.pop(place)

    with pytest.raises(DamagedRecord):
        store.load(sid)


def test_another_key_opens_nothing(inner, store):
    """With other keys than those it was sealed with, a record is damaged, and is not changed."""
    sid = put(store, LARGE)
    before = all_bytes(inner)
    stranger = sealed(inner, sealer(OLD))
    with pytest.raises(DamagedRecord):
        stranger.load(sid)
    with pytest.raises(DamagedRecord):
        stranger.apply(sid, load(store, sid), Changes({"a": b"1"}))
    with pytest.raises(DamagedRecord):
        stranger.fetch(sid, list(LARGE)) or stranger.load(sid)

    assert all_bytes(inner) == before
    assert stranger.delete(sid) is True


@pytest.mark.parametrize(
    "changes",
    [
        Changes({"a": b"2"}),
        Changes(expires_at=2_000_000_000_000_000),
        Changes(seen_at=1),
        Changes(),
        Changes(removals=["a"]),
        Changes({"large": b"M" * 30_000}),
        Changes(removals=["large"]),
        Changes(owner="ada"),
        Changes(move_to=b"n" * 32),
    ],
)
@pytest.mark.parametrize("values", [{"a": b"1"}, {"a": b"1", **LARGE}])
def test_a_change_of_keys_logs_nobody_out(inner, values, changes):
    """With [new, old] all is there; after any write, be it of times, the new key is enough."""
    sid = put(sealed(inner, sealer(OLD)), values)
    rotating, new = sealed(inner, sealer(NEW, OLD)), sealed(inner, sealer(NEW))
    assert whole(rotating, sid) == values
    with pytest.raises(DamagedRecord):
        new.load(sid)
    after = save(rotating, sid, load(rotating, sid), changes)
    place = changes.move_to or sid

    expected = {n: d for n, d in {**values, **changes.sets}.items() if n not in changes.removals}
    assert whole(new, place) == whole(rotating, place) == expected
    assert load(new, place) == load(rotating, place) == after
    assert len(inner.large) == sum(len(data) > 9_000 for data in expected.values())


def test_an_old_view_survives_a_change_of_keys(inner):
    """What was loaded before another one went over to the new key is no obstacle."""
    old, rotating = sealed(inner, sealer(OLD)), sealed(inner, sealer(NEW, OLD))
    sid = put(old, LARGE)
    seen = load(rotating, sid)
    save(rotating, sid, load(rotating, sid), Changes({"a": b"1"}))
    save(rotating, sid, seen, Changes({"b": b"2"}, ["other"]))

    assert whole(sealed(inner, sealer(NEW)), sid) == {
        **{"a": b"1", "b": b"2", "large": LARGE["large"]}
    }


def test_reading_does_not_seal_anew(inner):
    """A record that is only read stays sealed by the key that sealed it."""
    sid = put(sealed(inner, sealer(OLD)), LARGE)
    before = all_bytes(inner)

    assert whole(sealed(inner, sealer(NEW, OLD)), sid) == LARGE
    assert all_bytes(inner) == before


def test_a_touch_seals_nothing(inner, store, clock):
    """When only times change, what is sealed is neither written nor sealed anew."""
    sid = put(store, {"a": b"1", **LARGE})
    seen, before = load(store, sid), dict(inner.records[sid].values)
    later = clock.now() + 2 * HOUR
    touched = save(store, sid, seen, Changes(expires_at=later, seen_at=7))

    assert inner.written[-1] == Changes(expires_at=later, seen_at=7)
    assert inner.records[sid].values == before
    assert touched == load(store, sid)
    assert (touched.expires_at, touched.seen_at) == (later, 7)


def test_a_touch_by_an_old_view_returns_what_is_stored(store, clock):
    """A touch merges with what others have written, and tells of it."""
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    save(store, sid, seen, Changes({"a": b"2"}, owner="ada"))

    touched = save(store, sid, seen, Changes(seen_at=7))
    assert touched == load(store, sid)
    assert (touched.values, touched.owner) == ({"a": b"2"}, "ada")


def test_the_trips_are_the_inner_ones(inner, store):
    """Sealing takes no more trips: one each to create, load, fetch and apply."""
    sid = new_sid()
    assert trips(inner, store.create, sid, new_record({"a": b"1", **LARGE})) == ["create"]
    assert trips(inner, store.load, sid) == ["load"]
    assert trips(inner, store.fetch, sid, list(LARGE)) == ["fetch"]
    assert trips(inner, store.fetch, sid, []) == []
    seen = load(store, sid)
    for changes in (Changes({"a": b"2"}), Changes(seen_at=1), Changes(removals=["other"])):
        assert trips(inner, store.apply, sid, seen, changes) == ["apply"]
        seen = load(store, sid)
    after = save(store, sid, seen, Changes({"b": b"1"}))
    assert trips(inner, store.apply, sid, after, Changes({"b": b"2"})) == ["apply"]
    moved = Changes(move_to=new_sid())
    assert trips(inner, store.apply, sid, load(store, sid), moved) == ["fetch", "apply"]
    assert trips(inner, store.delete, sid) == ["delete"]


def test_an_old_view_takes_one_more_trip(inner, store):
    """Whoever loses tries again with what is stored, which he has been told already."""
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    save(store, sid, seen, Changes({"b": b"1"}))

    assert trips(inner, store.apply, sid, seen, Changes({"c": b"1"})) == ["apply", "apply"]
    assert load(store, sid).values == {"a": b"1", "b": b"1", "c": b"1"}


def test_the_inner_store_never_sees_a_plain_view(inner, store, clock):
    """A view that is not ours is not handed on, for a store may write what it is shown."""
    shown = []
    apply = inner.apply

    def spy(sid, seen, changes):
        shown.append(seen.values.keys() - {SEALED})
        return apply(sid, seen, changes)

    inner.apply = spy
    sid, other = put(store, {"a": b"1"}), sealed(inner, sealer())
    views = [new_record({"a": b"1"}), load(store, sid).copy(), load(other, sid)]
    views += [replace(load(store, sid), values={"a": b"spoiled"}, seen_at=3)]
    for view in views:
        for changes in (Changes({"b": b"1"}), Changes(seen_at=clock.now())):
            save(store, sid, view, changes)

    assert shown == [set()] * 8
    assert load(store, sid).values == {"a": b"1", "b": b"1"}


def test_one_key_of_many_is_written_alone(inner, store):
    """A change to one of 200 keys sends that key and the list of names: less than 4 KB."""
    values = {f"key-{n}": secrets.token_bytes(1_280) for n in range(200)}
    sid = put(store, values)
    save(store, sid, load(store, sid), Changes({"key-7": b"x" * 1_280}))
    sent = inner.written[-1]

    assert sum(map(len, sent.sets.values())) < 4_096
    assert whole(store, sid) == values | {"key-7": b"x" * 1_280}


def test_a_tombstone_passes(inner, store):
    """A tombstone has nothing to seal: it is stored as it is, and answers MOVED."""
    sid = new_sid()
    assert store.create(sid, new_record(moved_to=bytes(32), revision=0))

    assert store.load(sid) is Miss.MOVED
    assert inner.records[sid].values == {}


def test_without_end_there_is_an_end(inner, store):
    """Who loses again and again gives up, says so, and has written nothing."""
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    apply = inner.apply

    def always_later(sid, seen, changes):
        save(sealed(inner_of_others, sealer()), sid, new_record(), Changes({"n": b"1"}))
        return apply(sid, seen, changes)

    inner_of_others = BesideStore()
    inner_of_others.records = inner.records
    inner.apply = always_later
    with pytest.raises(StoreConflict, match="try again"):
        store.apply(sid, seen, Changes({"b": b"1"}))

    assert load(store, sid).values == {"a": b"1", "n": b"1"}


def test_a_value_that_goes_while_it_is_moved_is_no_fault(inner, store):
    """If another one removes a large value at that moment, the session moves without it."""
    sid, target = put(store, LARGE), new_sid()
    seen = load(store, sid)
    fetch = inner.fetch

    def too_late(sid, names):
        inner.fetch = fetch
        save(sealed(inner, sealer()), sid, new_record(), Changes(removals=["other"]))
        return fetch(sid, names)

    inner.fetch = too_late
    save(store, sid, seen, Changes({"a": b"1"}, move_to=target))

    assert whole(store, target) == {"a": b"1", "large": LARGE["large"]}
    assert store.load(sid) is Miss.MOVED


def test_what_the_inner_store_has_lost_stays_behind(inner, store):
    """A large value that is gone, though nobody has removed it, does not keep a session."""
    sid, target = put(store, LARGE), new_sid()
    place = inner.records[sid].beside.copy().popitem()[0]
    del inner.large[sid, place]
    fetched = store.fetch(sid, list(LARGE))
    save(store, sid, load(store, sid), Changes(move_to=target))

    assert len(fetched) == 1
    assert whole(store, target) == fetched


def lose(inner, place, how):
    """Let a large value be missing in the inner store, changed, or not even readable there."""
    if how == "missing":
        del inner.large[place]
    elif how == "changed":
        inner.large[place] = inner.large[place][:-1] + b"?"
    else:
        fetch = inner.fetch

        def fetch_damaged(sid, names):
            if place[1] in names:
                raise DamagedRecord("Not readable.")
            return fetch(sid, names)

        inner.fetch = fetch_damaged


@pytest.mark.parametrize("how", ["missing", "changed", "unreadable"])
@pytest.mark.parametrize("is_moved", [True, False])
def test_a_value_that_does_not_open_keeps_no_session(inner, caplog, how, is_moved):
    """What is lost is left behind and removed when all is sealed anew; the rest is saved."""
    old, rotating = sealed(inner, sealer(OLD)), sealed(inner, sealer(NEW, OLD))
    store = old if is_moved else rotating
    sid = put(old, {"a": b"1", **LARGE, "third": b"T" * 20_000})
    place = next(iter(inner.large))
    lose(inner, place, how)
    changes = Changes({"b": b"2"}, move_to=new_sid() if is_moved else None)
    record = save(store, sid, load(store, sid), changes)
    target = changes.move_to or sid

    assert whole(store, target) == {
        **{"a": b"1", "b": b"2", "third": b"T" * 20_000, "other": LARGE["other"]}
    }
    assert load(store, target) == record
    assert record.beside == {"other": 20_000, "third": 20_000}
    assert {place for place, _ in inner.large} == {target}
    assert len(inner.large) == len(inner.records[target].beside) == 2
    assert [entry.levelname for entry in caplog.records] == ["WARNING"] * (how != "missing")
    assert not any(name in caplog.text for name in ("'large'", "third", "LLL", place[1], sid.hex()))


def test_what_opens_the_next_time_is_not_lost(inner, store, caplog):
    """A value that others have set anew in between is kept, and no word is said of it."""
    sid, target = put(store, LARGE), new_sid()
    fetch = inner.fetch

    def damaged_once(sid, names):
        inner.fetch = fetch
        raise DamagedRecord("Not readable.")

    inner.fetch = damaged_once
    save(store, sid, load(store, sid), Changes(move_to=target))

    assert whole(store, target) == LARGE
    assert caplog.records == []


@pytest.mark.parametrize("how", ["changed", "unreadable"])
def test_a_touch_after_a_change_of_keys_survives_a_lost_value(inner, how):
    """A session that is only used goes over to the new key though a value of it is lost."""
    sid = put(sealed(inner, sealer(OLD)), {"a": b"1", **LARGE})
    lose(inner, next(iter(inner.large)), how)
    rotating = sealed(inner, sealer(NEW, OLD))
    save(rotating, sid, load(rotating, sid), Changes(seen_at=7))

    assert whole(sealed(inner, sealer(NEW)), sid) == {"a": b"1", "other": LARGE["other"]}


@pytest.mark.parametrize("how", ["missing", "changed", "unreadable"])
def test_a_lost_value_is_expected_to_be_absent(inner, store, how):
    """What counts on a value that is lost is refused; what counts on none is written."""
    sid = put(store, {"a": b"1", **LARGE})
    lose(inner, next(iter(inner.large)), how)
    counting = Changes({"large": b"M"}, expects={"large": LARGE["large"]})

    assert store.apply(sid, load(store, sid), counting).outcome is Outcome.CONFLICT
    save(store, sid, load(store, sid), Changes({"large": b"M"}, expects={"large": None}))
    assert whole(store, sid) == {"a": b"1", **LARGE, "large": b"M"}


def test_a_lost_value_can_be_set_anew(inner, store):
    """Another write leaves what does not open alone; setting it makes it whole again."""
    sid = put(store, {"a": b"1", **LARGE})
    lose(inner, next(iter(inner.large)), "changed")
    save(store, sid, load(store, sid), Changes({"a": b"2"}))
    assert store.fetch(sid, ["other"]) == {"other": LARGE["other"]}
    save(store, sid, load(store, sid), Changes({"large": b"M" * 20_000}))

    assert whole(store, sid) == {"a": b"2", **LARGE, "large": b"M" * 20_000}


def test_a_large_value_is_expected_at_the_moment_of_writing(inner, store):
    """A value that changes between the look and the write is a conflict, or seen as it is."""
    sid = put(store, LARGE)
    seen = load(store, sid)
    fetch = inner.fetch

    def just_before(sid, names):
        inner.fetch = fetch
        found = fetch(sid, names)
        save(sealed(inner, sealer()), sid, new_record(), Changes({"large": b"M" * 20_000}))
        return found

    inner.fetch = just_before
    changes = Changes({"a": b"1"}, expects={"large": LARGE["large"]})

    assert store.apply(sid, seen, changes) == Applied(Outcome.CONFLICT, load(store, sid))
    assert whole(store, sid) == LARGE | {"large": b"M" * 20_000}


def test_owners_are_found_if_the_inner_store_finds_them(clock):
    """The list has the records unsealed; what does not open is nobody's, and hides no other."""
    memory = MemoryStore()
    store = sealed(memory, sealer())
    mine, spoiled, _ = (put(store, {"n": b"1"}, owner=owner) for owner in ("ada", "ada", "bob"))
    put(memory, {"user": b"ada"}, owner="ada")
    spoil(memory, spoiled)

    assert isinstance(store, OwnerIndex)
    assert store.owned("ada") == [(mine, load(store, mine))]
    assert store.delete_owned("ada", [mine]) == 2
    assert having(store, OwnerIndex) == [store]
    assert not isinstance(sealed(BesideStore(), sealer()), OwnerIndex)


def test_other_powers_are_those_of_the_inner_store(clock, tmp_path):
    """Purging, going through all and preparing are found once, below; they need no key."""
    memory = MemoryStore()
    store = sealed(memory, sealer())
    sid = put(store, {"a": b"1"})
    put(store, {"a": b"1"}, expires_at=clock.now() + 1)
    clock.advance(1)
    (purgeable,), (browsable,) = having(store, Purgeable), having(store, Browsable)

    assert having(store, Preparable) == []
    assert list(browsable.browse()) == [sid]
    assert list(purge_expired(purgeable, batch=10, pause=0)) == [1]


def test_it_is_as_shared_as_the_inner_store(inner):
    """Whether other processes see the same records does not change."""
    shared = BesideStore()
    shared.is_shared = True

    assert sealed(shared, sealer()).is_shared is True
    assert sealed(inner, sealer()).is_shared is False


def test_a_shorter_sid_is_enough(inner, store):
    """A store that knows only the first half of a sid finds and opens the same record."""
    sid = put(store, {"a": b"1", **LARGE})
    handle = sid[:16]
    inner.records[handle] = inner.records[sid]
    inner.large.update({(handle, place): data for (_, place), data in inner.large.items()})

    assert whole(store, handle) == {"a": b"1", **LARGE}


def test_nothing_of_a_record_is_shown(store):
    """`repr` of an unsealed record shows neither names, nor values, nor what is sealed."""
    record = load(store, put(store, {"name": b"value", **LARGE}))

    assert all(text not in repr(record) for text in ("name", "value", "large", "inner", "x00"))


def test_it_equals_a_plain_record(store):
    """An unsealed record is a record like any other, and cannot be told by comparing."""
    sid = put(store, {"a": b"1"})
    record = load(store, sid)
    plain = Record(record.created_at, record.seen_at, record.expires_at, {"a": b"1"})

    assert record == plain
    assert plain == record
    assert record != replace(plain, revision=2)
    assert replace(plain, values={}) != record
    assert record != "a record"
    assert isinstance(store, SealedStore)
