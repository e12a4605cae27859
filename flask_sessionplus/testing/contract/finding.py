"""Claims about finding a session by half of its sid, for stores that find those of an owner."""

from __future__ import annotations

from functools import partial

import pytest

from ...record import Changes
from ...stores.base import Outcome, OwnerIndex, Store
from ..clock import FakeClock
from .base import HOUR, Contract, load, needs, new_record, new_sid, put, save
from .threads import together

_HALF = 16

# Neighbours of one another, in every order that a store may keep sids in.
_EDGES = [
    *(bytes(32), b"\xff" * 32, bytes(16) + b"\xff" * 16, b"\xff" * 16 + bytes(16)),
    *(bytes(15) + b"\x01" + bytes(16), b"\xff" * 15 + b"\xfe" + b"\xff" * 16),
    *(b"%_*?[a-z]\\'\"%_*?" + bytes(16), b"%_*?[a-z]\\'\"%_*!" + bytes(16)),
]


@needs(OwnerIndex)
class FindClaims(Contract):
    """A session is found by what its handle tells of it, and only while it lives."""

    @pytest.fixture
    def finder(self, store: Store) -> OwnerIndex:
        """Return the store under test, which finds sessions."""
        assert isinstance(store, OwnerIndex)
        return store

    def test_half_a_sid_is_enough(self, store: Store, finder: OwnerIndex, clock: FakeClock) -> None:
        """Every session is found by its first 16 bytes: owned or not, small or large."""
        sids = [put(store), put(store, {"large": bytes(50_000)}), put(store, owner="ada")]

        assert [finder.find(sid[:_HALF]) for sid in sids] == sids
        assert finder.find(new_sid()[:_HALF]) is None
        assert finder.find(sids[0][_HALF:]) is None

    @pytest.mark.parametrize("number", range(len(_EDGES) // 2))
    def test_neighbours_are_told_apart(
        self, store: Store, finder: OwnerIndex, clock: FakeClock, number: int
    ) -> None:
        """Sids that are next to one another, at the ends too, are not mistaken."""
        sid, *others = _EDGES[number], *(each for each in _EDGES if each != _EDGES[number])
        others = [each for each in others if each[:_HALF] != sid[:_HALF]]
        assert store.create(sid, new_record())

        assert finder.find(sid[:_HALF]) == sid
        assert [finder.find(each[:_HALF]) for each in others] == [None] * len(others)
        store.delete(sid)

    def test_it_is_found_where_it_has_moved(
        self, store: Store, finder: OwnerIndex, clock: FakeClock
    ) -> None:
        """After a rotation the old half finds nothing, and the new one does."""
        sids = [put(store, {"large": bytes(50_000)}, owner="ada")]
        for _ in range(3):
            sids.append(new_sid())
            save(store, sids[-2], load(store, sids[-2]), Changes({"a": b"1"}, move_to=sids[-1]))

            assert [finder.find(sid[:_HALF]) for sid in sids[:-1]] == [None] * (len(sids) - 1)
            assert finder.find(sids[-1][:_HALF]) == sids[-1]

    def test_the_deleted_are_not_found(
        self, store: Store, finder: OwnerIndex, clock: FakeClock
    ) -> None:
        """What was deleted is not found, by its present sid or by a former one."""
        sid, moved, target = put(store), put(store), new_sid()
        mine = put(store, owner="ada")
        save(store, moved, load(store, moved), Changes(move_to=target))
        store.delete(sid)
        store.delete(moved)
        finder.delete_owned("ada")

        assert [finder.find(each[:_HALF]) for each in (sid, moved, target, mine)] == [None] * 4

    def test_the_expired_are_not_found(
        self, store: Store, finder: OwnerIndex, clock: FakeClock
    ) -> None:
        """A session is found to its last millisecond, and its place again when it is used."""
        sid = put(store, expires_at=clock.now() + 1_000)
        clock.advance(0.999)
        assert finder.find(sid[:_HALF]) == sid
        clock.advance(0.001)
        assert finder.find(sid[:_HALF]) is None
        assert store.create(sid, new_record(owner="ada"))

        assert finder.find(sid[:_HALF]) == sid
        clock.advance(HOUR / 1000)
        assert finder.find(sid[:_HALF]) is None

    def test_it_is_found_while_others_move(
        self, store: Store, finder: OwnerIndex, clock: FakeClock
    ) -> None:
        """Whatever others do, a session that stays is found, and a moving one by one half."""
        stays, moves = put(store), put(store)

        def move() -> None:
            sid = moves
            for _ in range(10 * self.scale):
                target = new_sid()
                outcome = store.apply(sid, load(store, sid), Changes(move_to=target)).outcome
                assert outcome is Outcome.SAVED
                assert finder.find(sid[:_HALF]) is None
                assert finder.find(target[:_HALF]) == target
                sid = target

        def look() -> None:
            for _ in range(30 * self.scale):
                assert finder.find(stays[:_HALF]) == stays

        together(move, *[partial(look)] * 2)
