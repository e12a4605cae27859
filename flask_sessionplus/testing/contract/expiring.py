"""Claims about the time at which a record ends."""

from __future__ import annotations

import pytest

from ...record import Changes
from ...stores.base import Miss, Outcome, Store
from ..clock import FakeClock
from .base import GONE, HOUR, Contract, load, new_record, new_sid, put, save

_MILLISECOND = 0.001

_GONE_OR_EXPIRED = (Miss.EXPIRED, Miss.UNKNOWN)


class ExpiryClaims(Contract):
    """A record lives until the millisecond at which it expires, and no longer."""

    # Odd numbers too, which are none in binary fractions of a second.
    @pytest.mark.parametrize("lifetime", [1, 2, 333, 1000, 86_399_999, 3_153_599_999_999])
    def test_it_lives_to_the_millisecond(
        self, store: Store, clock: FakeClock, lifetime: int
    ) -> None:
        """A record is there 1 ms before its time is over, and gone when it is."""
        sid = put(store, {"a": b"1"}, expires_at=clock.now() + lifetime)
        clock.advance((lifetime - 1) / 1000)
        seen = load(store, sid)
        clock.advance(_MILLISECOND)

        assert store.load(sid) in _GONE_OR_EXPIRED
        assert store.apply(sid, seen, Changes({"a": b"2"})) == GONE
        assert store.delete(sid) is False

    def test_an_expired_record_is_not_extended(self, store: Store, clock: FakeClock) -> None:
        """Whoever comes too late cannot lengthen a session, nor move it."""
        sid = put(store, {"a": b"1"}, expires_at=clock.now() + 1000)
        seen, target = load(store, sid), new_sid()
        clock.advance(1)
        later = clock.now() + HOUR

        assert store.apply(sid, seen, Changes(expires_at=later)) == GONE
        assert store.apply(sid, seen, Changes(expires_at=later, move_to=target)) == GONE
        assert store.apply(sid, seen, Changes(restart_at=later, expires_at=later)) == GONE
        assert store.apply(sid, seen, Changes(expects={"a": b"?"})) == GONE
        assert store.load(sid) in _GONE_OR_EXPIRED
        assert store.load(target) is Miss.UNKNOWN

    def test_it_can_be_extended(self, store: Store, clock: FakeClock) -> None:
        """A record whose expiry is moved back lives on, even if only that is changed."""
        sid = put(store, {"a": b"1"}, expires_at=clock.now() + 1000)
        seen = load(store, sid)
        clock.advance(0.999)
        save(store, sid, seen, Changes(expires_at=clock.now() + 1000))
        clock.advance(0.999)

        assert load(store, sid).values == {"a": b"1"}
        clock.advance(_MILLISECOND)
        assert store.load(sid) in _GONE_OR_EXPIRED

    def test_it_can_be_shortened(self, store: Store, clock: FakeClock) -> None:
        """A record whose expiry is moved forward ends then."""
        sid = put(store, {"a": b"1"}, expires_at=clock.now() + HOUR)
        save(store, sid, load(store, sid), Changes(expires_at=clock.now() + 1000))
        clock.advance(0.999)

        assert load(store, sid).values == {"a": b"1"}
        clock.advance(_MILLISECOND)
        assert store.load(sid) in _GONE_OR_EXPIRED

    def test_it_can_be_ended_at_once(self, store: Store, clock: FakeClock) -> None:
        """A record whose expiry is set to now is over."""
        sid = put(store, {"a": b"1"})
        store.apply(sid, load(store, sid), Changes(expires_at=clock.now()))

        assert store.load(sid) in _GONE_OR_EXPIRED

    def test_a_stale_view_does_not_shorten_it(self, store: Store, clock: FakeClock) -> None:
        """Who saw the record before it was extended leaves the new expiry as it is."""
        sid = put(store, {"a": b"1"}, expires_at=clock.now() + 1000)
        seen = load(store, sid)
        save(store, sid, seen, Changes(expires_at=clock.now() + HOUR))
        save(store, sid, seen, Changes({"b": b"2"}))
        clock.advance(60)

        assert load(store, sid).values == {"a": b"1", "b": b"2"}

    def test_who_saw_it_expired_may_still_write(self, store: Store, clock: FakeClock) -> None:
        """Only the stored expiry counts, not the one that the caller has seen."""
        sid = put(store, {"a": b"1"}, expires_at=clock.now() + 1000)
        seen = load(store, sid)
        save(store, sid, seen, Changes(expires_at=clock.now() + HOUR))
        clock.advance(60)
        save(store, sid, seen, Changes({"b": b"2"}))

        assert load(store, sid).values == {"a": b"1", "b": b"2"}

    def test_its_place_is_free_again(self, store: Store, clock: FakeClock) -> None:
        """`create` may use the sid of an expired record, of which nothing is left."""
        sid = put(store, {"old": b"1"}, owner="ada", expires_at=clock.now() + 1000)
        seen = load(store, sid)
        clock.advance(1)
        assert store.create(sid, new_record({"new": b"2"}))

        assert load(store, sid).values == {"new": b"2"}
        assert load(store, sid).owner == ""
        store.apply(sid, seen, Changes({"late": b"3"}))
        assert "old" not in load(store, sid).values

    def test_its_place_can_be_moved_to(self, store: Store, clock: FakeClock) -> None:
        """The sid of an expired record is free for another one that moves there."""
        target = put(store, {"old": b"1"}, expires_at=clock.now() + 1000)
        sid = put(store, {"new": b"2"})
        clock.advance(1)
        outcome, _ = store.apply(sid, load(store, sid), Changes(move_to=target))

        assert outcome is Outcome.SAVED
        assert load(store, target).values == {"new": b"2"}
