"""Claims about going through all records, for stores that can."""

from __future__ import annotations

from functools import partial
from threading import Event

import pytest

from ...record import Changes, Record
from ...stores.base import Browsable, Store
from ..clock import FakeClock
from .base import Contract, load, needs, new_sid, put, save
from .threads import together

# Seldom as long as a page that a store fetches at once, and never a multiple of it.
_MANY = 2_003


@needs(Browsable)
class BrowseClaims(Contract):
    """Whoever browses a store meets every session that is there."""

    @pytest.fixture
    def browsable(self, store: Store) -> Browsable:
        """Return the store under test, which can be gone through."""
        assert isinstance(store, Browsable)
        return store

    def test_an_empty_store_has_nothing(
        self, store: Store, browsable: Browsable, clock: FakeClock
    ) -> None:
        """Where nothing is, nothing is met or counted, before and after."""
        assert (list(browsable.browse()), browsable.count()) == ([], 0)
        store.delete(put(store))

        assert (list(browsable.browse()), browsable.count()) == ([], 0)

    def test_every_session_is_met(
        self, store: Store, browsable: Browsable, clock: FakeClock
    ) -> None:
        """Each of thousands is met, by its whole sid, and what was deleted before is not."""
        mine = _put_many(store, _MANY * self.scale)
        dead = mine[::10]
        for sid in dead:
            store.delete(sid)
        met = set(browsable.browse())

        assert met == set(mine) - set(dead)
        assert browsable.count() == len(met)

    def test_all_kinds_are_met(self, store: Store, browsable: Browsable, clock: FakeClock) -> None:
        """Empty ones, large ones, owned ones and moved ones are met, under their present sid."""
        kinds = [put(store), put(store, {"large": bytes(50_000)}), put(store, owner="ada")]
        sid, target = put(store, {"a": b"1"}), new_sid()
        save(store, sid, load(store, sid), Changes(owner="ada", move_to=target))
        expected = {*kinds, target}

        assert {each for each in browsable.browse() if _is_alive(store, each)} == expected

    def test_it_is_met_while_others_come_and_go(
        self, store: Store, browsable: Browsable, clock: FakeClock
    ) -> None:
        """A session that is there all the time is met, whatever happens between two steps."""
        sids = _put_many(store, 400)
        stay, go = set(sids[1::2]), sids[::2]
        met = set()
        for number, sid in enumerate(browsable.browse()):
            met.add(sid)
            put(store)
            # First those that a look has passed already, in whatever order it goes.
            if go:
                store.delete(go.pop(go.index(sid) if sid in go else 0))
            if number > 2_000:
                break

        assert stay <= met

    def test_it_is_met_while_others_work(
        self, store: Store, browsable: Browsable, clock: FakeClock
    ) -> None:
        """The same holds while threads create, change, move and delete at full speed."""
        stay = _put_many(store, 100)
        seen = load(store, stay[0])
        done = Event()

        def work() -> None:
            while not done.is_set():
                sid, target = put(store, {"a": b"1"}), new_sid()
                save(store, sid, load(store, sid), Changes(move_to=target))
                save(store, stay[0], seen, Changes({"b": b"2"}))
                store.delete(target)

        def browse() -> None:
            try:
                for _ in range(3 * self.scale):
                    assert set(stay) <= set(browsable.browse())
            finally:
                done.set()

        together(browse, work, work)

    def test_a_look_may_be_broken_off(
        self, store: Store, browsable: Browsable, clock: FakeClock
    ) -> None:
        """Whoever stops in the middle holds nothing up, and the next one begins anew."""
        sids = _put_many(store, 50)
        for _ in range(20):
            assert next(iter(browsable.browse())) in sids
        store.delete(sids[0])

        assert set(browsable.browse()) == set(sids[1:])


def _put_many(store: Store, count: int) -> list[bytes]:
    def some(number: int) -> list[bytes]:
        return [put(store, {"a": b"1"}) for _ in range(count)[number::4]]

    return [sid for sids in together(*[partial(some, n) for n in range(4)]) for sid in sids]


def _is_alive(store: Store, sid: bytes) -> bool:
    return isinstance(store.load(sid), Record)
