"""Claims about removing expired records, for stores that do not do it by themselves."""

from __future__ import annotations

import pytest

from ...purging import purge_expired
from ...record import Changes
from ...stores.base import Miss, Purgeable, Store
from ..clock import FakeClock
from .base import HOUR, LONG_AFTER_A_MOVE, Contract, load, needs, new_record, new_sid, put, save


@needs(Purgeable)
class PurgeClaims(Contract):
    """Purging removes what is expired, all of it, and nothing else."""

    @pytest.fixture
    def purgeable(self, store: Store) -> Purgeable:
        """Return the store under test, which can be purged."""
        assert isinstance(store, Purgeable)
        return store

    def test_only_the_expired_go(
        self, store: Store, purgeable: Purgeable, clock: FakeClock
    ) -> None:
        """A live record is never removed, however near its end."""
        dead = [put(store, {"a": b"1"}, expires_at=clock.now() + n) for n in (1, 500, 1000)]
        alive = [put(store, {"a": b"1"}, expires_at=clock.now() + n) for n in (1001, HOUR)]
        clock.advance(1)

        assert purgeable.count_expired() == 3
        assert purgeable.purge(100) == 3
        assert purgeable.count_expired() == 0
        assert purgeable.purge(100) == 0
        assert [store.load(sid) for sid in dead] == [Miss.UNKNOWN] * 3
        assert all(load(store, sid).values == {"a": b"1"} for sid in alive)

    # Odd numbers too, which are none in binary fractions of a second.
    @pytest.mark.parametrize("lifetime", [1, 333, 999, 1001, 86_399_999])
    def test_they_go_to_the_millisecond(
        self, store: Store, purgeable: Purgeable, clock: FakeClock, lifetime: int
    ) -> None:
        """A record is not purged 1 ms before its time is over, and is when it is."""
        put(store, {"a": b"1"}, expires_at=clock.now() + lifetime)
        clock.advance((lifetime - 1) / 1000)

        assert (purgeable.count_expired(), purgeable.purge(10)) == (0, 0)
        clock.advance(0.001)
        assert (purgeable.count_expired(), purgeable.purge(10)) == (1, 1)

    def test_no_more_than_the_limit_go(
        self, store: Store, purgeable: Purgeable, clock: FakeClock
    ) -> None:
        """A call removes at most what it may, so that nobody has to wait long."""
        for _ in range(25):
            put(store, expires_at=clock.now() + 1)
        clock.advance(1)

        assert [purgeable.purge(10) for _ in range(4)] == [10, 10, 5, 0]
        assert purgeable.count_expired() == 0

    def test_fewer_than_the_limit_means_all(
        self, store: Store, purgeable: Purgeable, clock: FakeClock
    ) -> None:
        """Slices may lie far apart, while more expire: the one that is not full leaves none."""
        for n in range(40):
            put(store, expires_at=clock.now() + 1 + n % 2 * 60_000)
        clock.advance(1)
        assert purgeable.purge(15) == 15
        clock.advance(60)

        assert purgeable.purge(100) == 25
        assert purgeable.count_expired() == 0

    def test_an_extended_record_is_spared(
        self, store: Store, purgeable: Purgeable, clock: FakeClock
    ) -> None:
        """What counts is the expiry that is stored now, not the one it began with."""
        sid = put(store, {"a": b"1"}, expires_at=clock.now() + 1000)
        save(store, sid, load(store, sid), Changes(expires_at=clock.now() + HOUR))
        clock.advance(1)

        assert (purgeable.count_expired(), purgeable.purge(10)) == (0, 0)
        assert load(store, sid).values == {"a": b"1"}
        clock.advance(HOUR / 1000)
        assert (purgeable.count_expired(), purgeable.purge(10)) == (1, 1)

    def test_a_shortened_record_goes(
        self, store: Store, purgeable: Purgeable, clock: FakeClock
    ) -> None:
        """A record whose expiry was moved forward is purged from then on."""
        sid = put(store, {"a": b"1"}, expires_at=clock.now() + HOUR)
        save(store, sid, load(store, sid), Changes(expires_at=clock.now() + 1000))
        clock.advance(1)

        assert (purgeable.count_expired(), purgeable.purge(10)) == (1, 1)

    def test_a_place_used_again_is_spared(
        self, store: Store, purgeable: Purgeable, clock: FakeClock
    ) -> None:
        """A new record in the place of an expired one is alive."""
        sid = put(store, {"old": b"1"}, expires_at=clock.now() + 1000)
        clock.advance(1)
        assert store.create(sid, new_record({"new": b"1"}))

        assert (purgeable.count_expired(), purgeable.purge(10)) == (0, 0)
        assert load(store, sid).values == {"new": b"1"}

    def test_tombstones_go_too(self, store: Store, purgeable: Purgeable, clock: FakeClock) -> None:
        """What a moved session leaves behind is purged when it no longer answers MOVED."""
        sid, target = put(store, {"a": b"1"}), new_sid()
        save(store, sid, load(store, sid), Changes(move_to=target))

        assert (purgeable.count_expired(), purgeable.purge(10)) == (0, 0)
        assert store.load(sid) is Miss.MOVED
        clock.advance(LONG_AFTER_A_MOVE)
        assert (purgeable.count_expired(), purgeable.purge(10)) == (1, 1)
        assert load(store, target).values == {"a": b"1"}

    def test_deleted_records_leave_nothing(
        self, store: Store, purgeable: Purgeable, clock: FakeClock
    ) -> None:
        """A deleted record is gone, and no work for a purge."""
        store.delete(put(store, {"a": b"1"}))
        clock.advance(2 * HOUR)

        assert (purgeable.count_expired(), purgeable.purge(10)) == (0, 0)

    def test_slices_remove_all(self, store: Store, purgeable: Purgeable, clock: FakeClock) -> None:
        """`purge_expired` goes on, slice by slice, until nothing is left to remove."""
        alive = [put(store) for _ in range(5)]
        for _ in range(23):
            put(store, expires_at=clock.now() + 1)
        clock.advance(1)

        assert list(purge_expired(purgeable, batch=10, pause=0)) == [10, 10, 3]
        assert purgeable.count_expired() == 0
        assert all(load(store, sid) for sid in alive)
