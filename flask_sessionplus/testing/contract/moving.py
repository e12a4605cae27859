"""Claims about a record that gets another sid, as when a visitor signs in."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from ...record import Changes
from ...stores.base import Miss, Outcome, Store
from ..clock import FakeClock
from .base import GONE, HOUR, LONG_AFTER_A_MOVE, Contract, load, new_record, new_sid, put, save


class MoveClaims(Contract):
    """A record moves in one step, and the old sid is dead at once."""

    def test_everything_travels(self, store: Store, clock: FakeClock) -> None:
        """Values, owner and times are found under the new sid."""
        sid, target = put(store, {"a": b"1"}, owner="ada"), new_sid()
        before = load(store, sid)
        clock.advance(60)
        moved = save(store, sid, before, Changes(move_to=target))

        assert load(store, target) == moved
        assert replace(moved, revision=0) == replace(before, revision=0)

    def test_changes_come_along(self, store: Store, clock: FakeClock) -> None:
        """What is changed together with the move is done, to what is stored."""
        sid, target = put(store, {"a": b"1", "b": b"1"}, owner="ada"), new_sid()
        seen = load(store, sid)
        save(store, sid, seen, Changes({"unseen": b"1"}))
        later = clock.now() + 2 * HOUR
        changes = Changes({"c": b"2"}, ["b"], expires_at=later, owner="bob", move_to=target)
        moved = save(store, sid, seen, changes)

        assert load(store, target) == moved
        assert moved.values == {"a": b"1", "unseen": b"1", "c": b"2"}
        assert (moved.owner, moved.expires_at) == ("bob", later)

    def test_a_restart_may_move(self, store: Store, clock: FakeClock) -> None:
        """A session that ends and begins anew in one step leaves nothing under the old sid."""
        sid, target = put(store, {"a": b"1"}, owner="ada"), new_sid()
        changes = Changes({"b": b"2"}, restart_at=clock.now(), move_to=target)
        save(store, sid, load(store, sid), changes)

        assert load(store, target).values == {"b": b"2"}
        assert load(store, target).owner == ""
        assert store.load(sid) is Miss.MOVED

    def test_the_old_sid_answers_moved_for_a_while(self, store: Store, clock: FakeClock) -> None:
        """For some seconds the old sid says MOVED; a minute or two later nothing is known of it."""
        sid, target = put(store), new_sid()
        save(store, sid, load(store, sid), Changes(move_to=target))

        assert store.load(sid) is Miss.MOVED
        clock.advance(10)
        assert store.load(sid) is Miss.MOVED
        clock.advance(LONG_AFTER_A_MOVE)
        assert store.load(sid) is Miss.UNKNOWN
        assert load(store, target).values == {}

    def test_the_old_sid_cannot_be_written(self, store: Store, clock: FakeClock) -> None:
        """Changes that come with the old sid are dropped: they are not forwarded."""
        sid, target = put(store, {"a": b"1"}), new_sid()
        seen = load(store, sid)
        moved = save(store, sid, seen, Changes(move_to=target))

        for view in (seen, moved):
            assert store.apply(sid, view, Changes({"late": b"1"})) == GONE
            assert store.apply(sid, view, Changes(move_to=new_sid())) == GONE
        assert store.load(sid) is Miss.MOVED
        assert load(store, target) == moved

    def test_the_old_sid_is_not_free_at_once(self, store: Store, clock: FakeClock) -> None:
        """`create` is refused on an old sid for as long as it answers MOVED, and not after."""
        sid, target = put(store), new_sid()
        save(store, sid, load(store, sid), Changes(move_to=target))

        assert store.create(sid, new_record()) is False
        assert store.load(sid) is Miss.MOVED
        clock.advance(LONG_AFTER_A_MOVE)
        assert store.create(sid, new_record({"new": b"1"})) is True
        assert load(store, sid).values == {"new": b"1"}

    def test_a_taken_sid_stays_as_it_is(self, store: Store, clock: FakeClock) -> None:
        """Nobody can move onto a live session: TAKEN, and nothing changes on either side."""
        sid = put(store, {"a": b"1"}, owner="ada")
        target = put(store, {"b": b"1"}, owner="bob")
        before = load(store, sid), load(store, target)
        changes = Changes({"c": b"1"}, ["a"], owner="eve", move_to=target)

        assert store.apply(sid, before[0], changes).outcome is Outcome.TAKEN
        assert (load(store, sid), load(store, target)) == before

    def test_a_tombstone_is_taken(self, store: Store, clock: FakeClock) -> None:
        """Nobody can move onto a sid that another session has just left."""
        old, target = put(store), new_sid()
        save(store, old, load(store, old), Changes(move_to=target))
        sid = put(store, {"a": b"1"})
        before = load(store, sid)

        outcome = store.apply(sid, before, Changes(move_to=old)).outcome
        assert outcome is Outcome.TAKEN
        assert load(store, sid) == before
        assert store.load(old) is Miss.MOVED

    def test_it_may_move_again_and_again(self, store: Store, clock: FakeClock) -> None:
        """However often a session moves, there is one live record, under the last sid."""
        sids = [put(store, {"a": b"1"})]
        seen = load(store, sids[0])
        for _ in range(5):
            sids.append(new_sid())
            seen = save(store, sids[-2], seen, Changes(move_to=sids[-1]))

        assert [store.load(sid) for sid in sids[:-1]] == [Miss.MOVED] * 5
        assert load(store, sids[-1]).values == {"a": b"1"}

    def test_it_may_return(self, store: Store, clock: FakeClock) -> None:
        """When nothing is known of the old sid any more, the session may even get it back."""
        sid, other = put(store, {"a": b"1"}), new_sid()
        save(store, sid, load(store, sid), Changes(move_to=other))
        clock.advance(LONG_AFTER_A_MOVE)
        save(store, other, load(store, other), Changes(move_to=sid))

        assert load(store, sid).values == {"a": b"1"}
        assert store.load(other) is Miss.MOVED
        assert store.delete(other) is True
        assert store.load(sid) is Miss.UNKNOWN

    def test_signing_out_wins(self, store: Store, clock: FakeClock) -> None:
        """`delete` with the old sid removes the session that has just moved on."""
        sid, target = put(store, {"a": b"1"}), new_sid()
        moved = save(store, sid, load(store, sid), Changes(move_to=target))

        assert store.delete(sid) is True
        assert store.load(target) is Miss.UNKNOWN
        assert store.apply(target, moved, Changes({"a": b"2"})) == GONE
        assert store.delete(sid) is False
        assert store.delete(target) is False

    def test_signing_out_follows_every_move(self, store: Store, clock: FakeClock) -> None:
        """`delete` with the first of many sids finds the session under the last."""
        sids = [put(store)] + [new_sid() for _ in range(4)]
        for sid, target in pairwise(sids):
            save(store, sid, load(store, sid), Changes(move_to=target))

        assert store.delete(sids[0]) is True
        assert not any(store.delete(sid) for sid in sids)
        assert store.load(sids[-1]) is Miss.UNKNOWN

    def test_an_old_sid_loses_its_power(self, store: Store, clock: FakeClock) -> None:
        """When the old sid no longer answers MOVED, `delete` with it does nothing."""
        sid, target = put(store), new_sid()
        save(store, sid, load(store, sid), Changes(move_to=target))
        clock.advance(LONG_AFTER_A_MOVE)

        assert store.delete(sid) is False
        assert load(store, target).values == {}

    def test_a_moved_record_expires_as_usual(self, store: Store, clock: FakeClock) -> None:
        """The expiry travels with the record; the tombstone has one of its own."""
        sid, target = put(store, expires_at=clock.now() + 2000), new_sid()
        save(store, sid, load(store, sid), Changes(move_to=target))
        clock.advance(1.999)

        assert load(store, target).values == {}
        clock.advance(0.001)
        assert store.load(target) in (Miss.EXPIRED, Miss.UNKNOWN)
        assert store.load(sid) is Miss.MOVED
        assert store.delete(sid) is False
