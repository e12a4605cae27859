"""Claims about removing all records at once, for stores that can be gone through."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from ...record import Changes, Record
from ...stores.base import Browsable, Miss, Outcome, OwnerIndex, Store
from ..clock import FakeClock
from .base import GONE, HOUR, Contract, key, load, needs, new_record, new_sid, put, save, whole
from .threads import together

_LARGE = bytes(50_000)

# More than any store removes in one step, if its steps are of a usual size.
_MANY = 2_003


@needs(Browsable)
class ClearClaims(Contract):
    """Whoever ends all sessions ends every one, and nothing of them comes back."""

    @pytest.fixture
    def clearable(self, store: Store) -> Browsable:
        """Return the store under test, which can be cleared."""
        assert isinstance(store, Browsable)
        return store

    def test_an_empty_store_is_cleared(
        self, store: Store, clearable: Browsable, clock: FakeClock
    ) -> None:
        """Where nothing is, nothing is removed."""
        assert clearable.delete_all() == 0

    def test_all_kinds_are_removed(
        self, store: Store, clearable: Browsable, clock: FakeClock
    ) -> None:
        """Empty, large, owned and moved ones go, and what lay beside them; none is listed."""
        moved, target = put(store, {"a": b"1"}), new_sid()
        save(store, moved, load(store, moved), Changes(owner="ada", move_to=target))
        sids = [put(store), put(store, {"large": _LARGE}), put(store, owner="bob"), target]
        removed = clearable.delete_all()

        # A tombstone may count as one.
        assert removed in (len(sids), len(sids) + 1)
        assert not [sid for sid in [moved, *sids] if isinstance(store.load(sid), Record)]
        assert store.fetch(sids[1], ["large"]) == {}
        assert list(clearable.browse()) == []
        _check_nobody_owns(store, "ada", "bob")

    def test_only_the_living_are_counted(
        self, store: Store, clearable: Browsable, clock: FakeClock
    ) -> None:
        """The number that is returned is that of the sessions that were alive."""
        put(store, expires_at=clock.now() + 1_000, owner="ada")
        sid = put(store, expires_at=clock.now() + 1_001)
        clock.advance(1)

        assert clearable.delete_all() == 1
        assert store.load(sid) in (Miss.UNKNOWN, Miss.EXPIRED)

    def test_many_are_removed(self, store: Store, clearable: Browsable, clock: FakeClock) -> None:
        """Each of thousands goes, whoever owns it."""

        def some(number: int) -> list[bytes]:
            owners = [f"user-{number}-{n % 100}" for n in range(_MANY // 4)]
            return [put(store, {"a": b"1"}, owner=owner) for owner in owners]

        sids = [sid for each in together(*[partial(some, n) for n in range(4)]) for sid in each]

        assert clearable.delete_all() == len(sids)
        assert not [sid for sid in sids if isinstance(store.load(sid), Record)]
        _check_nobody_owns(store, "user-0-0", "user-3-99")

    def test_requests_under_way_find_nothing(
        self, store: Store, clearable: Browsable, clock: FakeClock
    ) -> None:
        """Whoever has loaded a session before is told GONE, and brings nothing back."""
        sid, large = put(store, {"a": b"1"}, owner="ada"), put(store, {"large": _LARGE})
        seen, target = load(store, sid), new_sid()
        seen_large = load(store, large)
        clearable.delete_all()

        assert store.apply(sid, seen, Changes({"a": b"2"}, owner="ada")) == GONE
        assert store.apply(sid, seen, Changes(move_to=target, owner="ada")) == GONE
        assert store.apply(large, seen_large, Changes({"large": _LARGE + b"2"})) == GONE
        assert store.apply(large, seen_large, Changes(updates={"large": b""})) == GONE
        assert not [s for s in (sid, large, target) if isinstance(store.load(s), Record)]
        assert store.delete(sid) is False
        _check_nobody_owns(store, "ada")

    def test_it_can_be_filled_again(
        self, store: Store, clearable: Browsable, clock: FakeClock
    ) -> None:
        """Who comes afterwards has a session as ever: kept, listed, found, with large values."""
        put(store, {"large": _LARGE}, owner="ada")
        clearable.delete_all()
        sid, target = put(store, {"a": b"1"}), new_sid()
        save(store, sid, load(store, sid), Changes({"large": _LARGE}, owner="ada", move_to=target))

        assert whole(store, target) == {"a": b"1", "large": _LARGE}
        assert list(clearable.browse()) == [target]
        if isinstance(store, OwnerIndex):
            assert [each for each, _ in store.owned("ada")] == [target]
            assert store.find(target[:16]) == target
        clock.advance(HOUR / 1000)
        assert not isinstance(store.load(target), Record)

    def test_a_sid_may_be_used_again(
        self, store: Store, clearable: Browsable, clock: FakeClock
    ) -> None:
        """A sid that is not random, as that of a user's own data, can be used anew."""
        sid = put(store, {"a": b"1", "large": _LARGE}, owner="ada")
        clearable.delete_all()
        # Where a store remembers that a session has ended, it does so for a moment only.
        clock.advance(120)
        assert store.create(sid, new_record({"b": b"2"}, owner="bob"))

        assert whole(store, sid) == {"b": b"2"}
        _check_nobody_owns(store, "ada")

    def test_nobody_escapes(
        self,
        store: Store,
        open_again: Callable[[], Store],
        clearable: Browsable,
        clock: FakeClock,
    ) -> None:
        """Sessions that are written to, grow and move while all are removed are removed too."""
        for _ in range(20 * self.scale):
            sids = [put(store, {"a": b"1"}, owner="ada") for _ in range(4)]
            views = [load(store, sid) for sid in sids]
            targets = [[new_sid() for _ in range(3)] for _ in sids]
            move = [
                partial(_move, store, sid, seen, each)
                for sid, seen, each in zip(sids, views, targets, strict=True)
            ]
            write = [
                partial(_write, store, sid, seen) for sid, seen in zip(sids, views, strict=True)
            ]
            together(clearable.delete_all, *move, *write)

            everywhere = [*sids, *[target for each in targets for target in each]]
            assert not [sid for sid in everywhere if isinstance(store.load(sid), Record)]
            assert list(clearable.browse()) == []
            _check_nobody_owns(store, "ada")


def _move(store: Store, sid: bytes, seen: Record, targets: list[bytes]) -> None:
    for target in targets:
        outcome, record = store.apply(sid, seen, Changes(owner="ada", move_to=target))
        assert outcome in (Outcome.SAVED, Outcome.GONE)
        if record is None:
            return
        sid, seen = target, record


def _write(store: Store, sid: bytes, seen: Record) -> None:
    for number in range(4):
        store.apply(sid, seen, Changes({key(number): _LARGE[:: 1 + number % 2]}))


def _check_nobody_owns(store: Store, *owners: str) -> None:
    if isinstance(store, OwnerIndex):
        for owner in owners:
            assert store.owned(owner) == []
            assert store.delete_owned(owner) == 0
