"""What holds for the Redis store on every kind of server, and by every kind of client."""

from __future__ import annotations

from contextlib import contextmanager
from copy import copy
from datetime import datetime, timezone

import pytest

from flask_sessionplus.record import Changes
from flask_sessionplus.stores import redisscripts
from flask_sessionplus.stores.base import Browsable, OwnerIndex
from flask_sessionplus.stores.redisrows import Keys
from flask_sessionplus.testing import FakeClock
from flask_sessionplus.testing.workers import Workers
from tests.stores import forking
from tests.stores.records import HOUR, load, new_record, new_sid, put, save

LARGE = bytes(20_000)

# What Redis keeps a record for beyond its time, and an index its entries, in milliseconds.
GRACE, INDEX_GRACE = 10_000, 600_000


class RedisHooks:
    """What `StoreContract` has to know of a Redis store."""

    powers = (OwnerIndex, Browsable)

    # SCAN may meet a key again while the table of keys grows or shrinks.
    meets_once = False

    def clean(self, store):
        """Remove all keys of *store*."""
        for key in keys_of(store):
            store._link.ask("DEL", key)
        store.close()

    def damage(self, store, sid):
        """Turn a bit of a stored record around."""
        key = store._keys.record(sid)
        data = bytearray(store._link.ask("GET", key))
        data[-3] ^= 4
        store._link.ask("SET", key, bytes(data), "KEEPTTL")
        return lambda: store._link.ask("GET", key)

    def count_beside(self, store):
        """Count the values in all hashes that lie beside records."""
        hashes = [key for key in keys_of(store) if key.endswith(b":v")]
        return sum(store._link.ask("HLEN", key) for key in hashes)


class RedisClaims(RedisHooks):
    """To be inherited beside `StoreContract`."""

    def forget_scripts(self, store):
        """Let the servers forget all scripts."""
        store._link.ask("SCRIPT", "FLUSH")

    def test_scripts_may_be_forgotten(self, store, clock):
        """A server that was started anew, or told to forget its scripts, is told them again."""
        sid = put(store, {"a": b"1"})
        seen = load(store, sid)
        self.forget_scripts(store)
        seen = save(store, sid, seen, Changes({"a": b"2"}, owner="ada"))
        self.forget_scripts(store)
        assert [sid for sid, _ in store.owned("ada")] == [sid]
        target = new_sid()
        self.forget_scripts(store)
        assert save(store, sid, seen, Changes(move_to=target)).values == {"a": b"2"}
        self.forget_scripts(store)
        assert store.delete(target)

    def test_nothing_is_kept_for_ever(self, store, clock):
        """Whatever is done, each key that it leaves has a time to live."""
        sid, moved = put(store, {"a": b"1"}, owner="ada"), put(store, {"large": LARGE}, owner="bob")
        target = new_sid()
        save(store, sid, load(store, sid), Changes({"large": LARGE}, owner="eve"))
        save(store, moved, load(store, moved), Changes({"b": b"1"}, owner="ada", move_to=target))
        store.delete(put(store, {"large": LARGE}, owner="ada"))
        spans = {key: store._link.ask("PTTL", key) for key in keys_of(store)}

        assert len(spans) >= 6
        for key, span in spans.items():
            assert 0 < span <= HOUR + GRACE, key

    def test_large_values_live_as_long_as_their_record(self, store, clock):
        """Whoever prolongs a session, or moves it, prolongs what lies beside it as well."""
        sid, target = put(store, {"large": LARGE}), new_sid()
        later = clock.now() + 5 * HOUR
        save(store, sid, load(store, sid), Changes(expires_at=later))
        self.check_span(store, sid, 5 * HOUR)
        save(store, sid, load(store, sid), Changes({"a": b"1"}))
        self.check_span(store, sid, 5 * HOUR)
        save(store, sid, load(store, sid), Changes(move_to=target))
        self.check_span(store, target, 5 * HOUR)

    def check_span(self, store, sid, span):
        """Assert that record and values go together, after *span* milliseconds."""
        for key in (store._keys.record(sid), store._keys.values(sid)):
            assert span < store._link.ask("PTTL", key) <= span + GRACE

    @pytest.mark.parametrize("year", [2001, 2100])
    def test_the_server_measures_the_time(self, store, year):
        """A web server whose clock is wrong does not make Redis forget sooner or later."""
        with FakeClock(datetime(year, 1, 1, tzinfo=timezone.utc)):
            sid = put(store, {"a": b"1"}, owner="ada")
            seen = load(store, sid)

            assert HOUR < store._link.ask("PTTL", store._keys.record(sid)) <= HOUR + GRACE
            save(store, sid, seen, Changes({"a": b"2"}))
            assert HOUR < store._link.ask("PTTL", store._keys.record(sid)) <= HOUR + GRACE

    def test_an_index_lives_as_long_as_its_last_session(self, store, clock):
        """A session that ends soon does not take the owner's others with it."""
        put(store, owner="ada", expires_at=clock.now() + 10 * HOUR)
        put(store, owner="ada", expires_at=clock.now() + 1000)

        assert store._link.ask("PTTL", store._keys.index("ada")) > 9 * HOUR

    def test_an_index_forgets_what_has_expired(self, store, clock):
        """Sessions that end by themselves, never listed by anybody, do not pile up."""
        for _ in range(20):
            put(store, owner="ada")
            clock.advance((HOUR + INDEX_GRACE + 1) / 1000)
        put(store, owner="ada")

        assert store._link.ask("ZCARD", store._keys.index("ada")) == 1

    def test_an_index_is_repaired_when_it_is_read(self, store, clock):
        """Entries of sessions that are gone, or another's, are not listed, and removed."""
        sid, other = put(store, owner="ada"), put(store, owner="bob")
        index = store._keys.index("ada")
        for stale in (other, new_sid(), new_sid()):
            store._link.ask("ZADD", index, clock.now() + HOUR, stale)

        assert [each for each, _ in store.owned("ada")] == [sid]
        assert store._link.ask("ZCARD", index) == 1
        assert load(store, other).owner == "bob"

    def test_a_stale_entry_harms_nobody(self, store, clock):
        """Whoever revokes all sessions of an owner does not revoke another's."""
        other = put(store, owner="bob")
        store._link.ask("ZADD", store._keys.index("ada"), clock.now() + HOUR, other)

        assert store.delete_owned("ada") == 0
        assert load(store, other).owner == "bob"

    def test_an_entry_that_is_renewed_is_not_removed(self, store, clock):
        """Who reads an index removes no entry that was written since he read it."""
        sid = put(store, owner="ada")
        index = store._keys.index("ada")
        store._link.ask("ZADD", index, clock.now() + HOUR + 1, sid)
        store._place.forget("ada", [(sid, b"%d" % (clock.now() + HOUR))])

        assert [each for each, _ in store.owned("ada")] == [sid]

    def test_damaged_records_do_not_hide_the_others(self, store, clock):
        """A damaged record among an owner's sessions is left out, and can be revoked."""
        sid, damaged = put(store, owner="ada"), put(store, {"a": b"1" * 100}, owner="ada")
        self.damage(store, damaged)

        assert store.delete_owned("ada") == 1
        assert store.owned("ada") == []
        assert store._link.ask("EXISTS", store._keys.record(damaged)) == 0
        assert store._link.ask("EXISTS", store._keys.record(sid)) == 0

    def test_a_record_of_another_session_is_refused(self, store, clock):
        """A record that somebody has copied to another key is not taken for that session."""
        sid, other = put(store, {"a": b"1"}), new_sid()
        data = store._link.ask("GET", store._keys.record(sid))
        store._link.ask("SET", store._keys.record(other), data, "PX", HOUR)
        with pytest.raises(Exception, match="another session"):
            store.load(other)

    def test_a_lost_place_is_found_by_the_one_who_took_it(self, store, clock):
        """`create` says True for its own record, if a client has sent it twice."""
        sid, sent = new_sid(), []
        ask = store._link.ask

        def ask_twice(*words):
            if words[0] == "SET":
                sent.append(ask(*words))
            return ask(*words)

        store._link.ask = ask_twice
        assert store.create(sid, new_record({"a": b"1"})) is True
        assert len(sent) == 1
        assert store.create(sid, new_record({"a": b"1"})) is False

    @pytest.mark.parametrize("number", [1, 50])
    def test_an_owners_sessions_take_few_trips(self, store, clock, number):
        """Listing, ending and clearing takes as many trips for 50 sessions as for one."""
        for _ in range(number):
            put(store, {"a": b"1"}, owner="ada")
        with trips(store) as made:
            assert len(store.owned("ada")) == number
        assert made == ["MEMBERS", "GET"]
        with trips(store) as made:
            assert store.delete_owned("ada") == number
        assert made == ["MEMBERS", "EVAL", "FORGET"]
        assert store._link.ask("EXISTS", store._keys.index("ada")) == 0

    def test_finding_is_one_trip(self, store, clock):
        """A session is found by its key, without looking at any other."""
        sid = put(store, {"a": b"1"}, owner="ada")
        with trips(store) as made:
            assert store.find(sid[:16]) == sid

        assert made == ["GETRANGE"]

    def test_only_ours_is_cleared(self, store, clock):
        """Whatever else lies on the server stays, even under names that begin as ours do."""
        prefix = store._keys.record(bytes(32)).partition(b"{")[0].decode()
        others = [_beside(store, f"{prefix}{name}") for name in ("a:", "owner:")]
        sids = [put(other, {"a": b"1", "large": LARGE}, owner="ada") for other in others]
        foreign = [f"{prefix}counter", f"{prefix}x{{y}}", prefix.rstrip(":"), f"{prefix}{{y}}"]
        for name in foreign:
            store._link.ask("SET", name, "1", "EX", 60)
        put(store, {"a": b"1", "large": LARGE}, owner="ada")

        assert store.delete_all() == 1
        assert [store._link.ask("DEL", name) for name in foreign] == [1] * len(foreign)
        for other, sid in zip(others, sids, strict=True):
            assert [each for each, _ in other.owned("ada")] == [sid]
            assert other.fetch(sid, ["large"]) == {"large": LARGE}
            assert other.delete_all() == 1

    def test_clearing_leaves_no_key(self, store, clock):
        """After clearing no key of ours is left: records, tombstones, values, owners' entries."""
        for owner in ("ada", "", "ada", "bob", "\u00e4" * 255):
            sid, target = put(store, {"large": LARGE}, owner=owner), new_sid()
            save(store, sid, load(store, sid), Changes(move_to=target))
        store.delete_all()

        assert keys_of(store) == []

    def test_a_forked_child_has_its_own_connections(self, store, opener):
        """After a fork parent and child both go on, and neither disturbs the other."""
        workers = Workers(1)
        try:
            (seen,) = workers.run(forking.use_in_children, opener)
            (count,) = workers.run(forking.count_in_children, opener)
        finally:
            workers.close()

        assert seen == ["child 0", "child 1", "child 2", "parent"]
        assert count == b"200"


@contextmanager
def trips(store):
    """Note what *store* asks meanwhile: once for what it asks together."""
    made, link = [], store._link
    names = {script: name for name, script in vars(redisscripts).items() if name.isupper()}
    with pytest.MonkeyPatch.context() as patch:
        ask, ask_all, run = link.ask, link.ask_all, link.run
        patch.setattr(link, "ask", lambda *words: made.append(words[0]) or ask(*words))
        patch.setattr(link, "ask_all", lambda all_: _note(made, all_) or ask_all(all_))
        patch.setattr(
            link, "run", lambda script, *more: made.append(names[script]) or run(script, *more)
        )
        yield made


def _beside(store, prefix):
    """Return a store on the same server whose keys begin with *prefix*."""
    other = copy(store)
    other._keys = Keys(prefix)
    other._place = type(store._place)(store._link, other._keys)
    return other


def _note(made, commands):
    made += sorted({words[0] for words in commands})


def keys_of(store):
    """Return all keys of *store*."""
    pattern = store._keys.pattern.removesuffix(b"{*}") + b"*"
    return [key for keys in store._link.scan(pattern) for key in keys]
