"""Claims about what is left of large values, as seen behind the store's back."""

from __future__ import annotations

from ...record import Changes
from ...stores.base import Browsable, Purgeable, Store
from ..clock import FakeClock
from .base import HOUR, Contract, key, load, needs, new_record, new_sid, put, save
from .beside import LARGE

_TWO = {"large": b"L" * LARGE, "other": b"O" * LARGE}


@needs("count_beside")
class LeftoverClaims(Contract):
    """No value stays that nobody can reach, and none is there twice."""

    def test_a_small_session_has_nothing_beside(self, store: Store, clock: FakeClock) -> None:
        """A session of 8 KB takes no more than its record."""
        put(store, {key(n): bytes(1_000) for n in range(8)})

        assert self.count_beside(store) == 0

    def test_each_value_is_there_once(self, store: Store, clock: FakeClock) -> None:
        """However often large values change, and move, each one is stored once."""
        sid = put(store, _TWO)
        assert self.count_beside(store) == 2
        for number in range(4):
            target = new_sid()
            changes = Changes({"large": bytes([number]) * LARGE}, move_to=target)
            save(store, sid, load(store, sid), changes)
            save(store, target, load(store, target), Changes(updates={"other": b"P" * LARGE}))
            sid = target

        assert self.count_beside(store) == 2

    def test_nothing_is_left_of_what_went(self, store: Store, clock: FakeClock) -> None:
        """What is removed, becomes small, is forgotten or deleted leaves nothing behind."""
        ends = [
            Changes({"large": b"small"}, ["other"]),
            Changes(updates={"large": b"small", "other": b""}),
            Changes({"large": b"small"}, restart_at=clock.now(), move_to=new_sid()),
        ]
        for changes in ends:
            sid = put(store, _TWO)
            save(store, sid, load(store, sid), changes)
            assert self.count_beside(store) == 0
        store.delete(put(store, _TWO))
        assert self.count_beside(store) == 0

    def test_nothing_is_left_of_what_was_refused(self, store: Store, clock: FakeClock) -> None:
        """Large values that were not written, for whatever reason, are not there."""
        sid, gone = put(store, {"a": b"1"}), put(store)
        seen = load(store, sid)
        store.delete(gone)
        store.create(sid, new_record(_TWO))
        store.apply(gone, seen, Changes(_TWO))
        store.apply(sid, seen, Changes(_TWO, expects={"a": b"2"}))
        store.apply(sid, seen, Changes(_TWO, move_to=put(store)))

        assert self.count_beside(store) == 0

    def test_signing_out_after_a_move_leaves_nothing(self, store: Store, clock: FakeClock) -> None:
        """`delete` with the old sid removes the large values with the record."""
        sid = put(store, _TWO)
        save(store, sid, load(store, sid), Changes(move_to=new_sid()))
        store.delete(sid)

        assert self.count_beside(store) == 0

    @needs(Purgeable)
    def test_purging_removes_large_values(self, store: Store, clock: FakeClock) -> None:
        """Purging an expired record removes what lies beside it, and nobody else's values."""
        assert isinstance(store, Purgeable)
        put(store, _TWO, expires_at=clock.now() + 2 * HOUR)
        for _ in range(3):
            put(store, _TWO)
        clock.advance(HOUR / 1000)

        assert store.purge(100) == 3
        assert self.count_beside(store) == 2

    @needs(Browsable)
    def test_clearing_removes_large_values(self, store: Store, clock: FakeClock) -> None:
        """Removing all records removes all that lies beside them."""
        assert isinstance(store, Browsable)
        sid = put(store, _TWO, owner="ada")
        save(store, sid, load(store, sid), Changes(move_to=new_sid()))
        for _ in range(150):
            put(store, _TWO)
        store.delete_all()

        assert self.count_beside(store) == 0

    def test_a_place_used_again_is_clean(self, store: Store, clock: FakeClock) -> None:
        """A record in the place of an expired one takes away the values of that one."""
        expired, target = put(store, _TWO), put(store, _TWO)
        clock.advance(HOUR / 1000)
        assert store.create(expired, new_record())
        sid = put(store)
        save(store, sid, load(store, sid), Changes(move_to=target))

        assert self.count_beside(store) == 0
