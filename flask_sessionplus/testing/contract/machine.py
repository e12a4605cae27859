"""Stories of several clients, made up by Hypothesis, and told to a store and to a model."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ...record import Changes, Record
from ...stores.base import Browsable, Miss, Outcome, OwnerIndex, Purgeable, Store
from ..clock import FakeClock
from .base import Contract, new_record, new_sid
from .model import Model

_CLIENTS = 3
_STEPS = 50

# A story is worth many single examples, and takes as long.
_EXAMPLES_PER_STORY = 5

# Few places and few names, so that the clients get in each other's way.
_PLACES = 5
_places = st.integers(0, _PLACES - 1)
_clients = st.integers(0, _CLIENTS - 1)
_names = st.sampled_from(["a", "A", "large", "Large", "other", "\x00ours", "\x01message"])
_sizes = st.sampled_from([0, 40, 300, 1_500, 5_000, 20_000, 20_000])
_data = st.builds(lambda byte, size: bytes([byte]) * size, st.integers(1, 3), _sizes)
_values = st.dictionaries(_names, _data, max_size=3)
_owners = st.sampled_from(["ada", "Ada", ""])
_lifetimes = st.sampled_from([1, 2_000, 60_000, 7_200_000])
_expectations = st.dictionaries(
    _names, st.sampled_from(["now", "now", "other", "absent"]), min_size=1, max_size=2
)
_seconds = st.sampled_from([0.001, 1.0, 2.0, 29.0, 31.0, 3_600.0])

_LARGE = {"large": b"L" * 20_000, "Large": b"M" * 20_000, "a": b"1"}


class StoreMachine(RuleBasedStateMachine):
    """Clients who share the sessions of one store, each with views of its own that grow old.

    :param stores: what the clients use; all see the same records.
    :param clock: the time, which goes on from story to story.
    """

    def __init__(self, stores: Sequence[Store], clock: FakeClock) -> None:
        super().__init__()
        self.stores = stores
        self.clock = clock
        self.model = Model()
        self.sids = [new_sid() for _ in range(_PLACES)]
        # Other stories have used this store before: only the names tell theirs from ours.
        self.tag = secrets.token_hex(4)
        self.views: dict[tuple[int, bytes], Record] = {}

    @initialize(owners=st.lists(_owners, min_size=2, max_size=3))
    def begin(self, owners: list[str]) -> None:
        """A few large sessions are there."""
        for place, owner in enumerate(owners):
            self.create(0, place, _LARGE, owner)
            self.load(place, place)
            self.clock.advance(0.001)

    @rule(client=_clients, place=_places, values=_values, owner=_owners)
    def create(self, client: int, place: int, values: dict[str, bytes], owner: str) -> None:
        """A visitor comes."""
        until = self.clock.now() + 60_000
        record = new_record(values, owner=self._owner(owner), expires_at=until)
        expected = self.model.create(self.sids[place], record)

        assert self.stores[client].create(self.sids[place], record) is expected

    @rule(client=_clients, place=_places)
    def load(self, client: int, place: int) -> None:
        """A request begins: from now on this client has a view."""
        record = self._compare(client, self.sids[place])
        if record is not None:
            self.views[client, self.sids[place]] = record

    @rule(client=_clients, place=_places, sets=_values, removals=st.sets(_names, max_size=2))
    def assign(self, client: int, place: int, sets: dict[str, bytes], removals: set[str]) -> None:
        """A request ends that has set and removed keys."""
        self._apply(client, place, Changes(sets, removals))

    @rule(client=_clients, place=_places, updates=_values)
    def change_inside(self, client: int, place: int, updates: dict[str, bytes]) -> None:
        """A request ends that has changed what is in its keys."""
        self._apply(client, place, Changes(updates=updates, seen_at=self.clock.now()))

    @rule(client=_clients, place=_places, expects=_expectations, sets=_values)
    def exactly(
        self, client: int, place: int, expects: dict[str, str], sets: dict[str, bytes]
    ) -> None:
        """A request increments, appends, sets a default."""
        expected = self._expected(self.sids[place], expects)
        self._apply(client, place, Changes(sets, expects=expected))

    @rule(client=_clients, place=_places, owner=st.none() | _owners, to=_places, sets=_values)
    def rotate(
        self, client: int, place: int, owner: str | None, to: int, sets: dict[str, bytes]
    ) -> None:
        """Somebody signs in, or out, or gets a new token."""
        # Seldom a place that is taken.
        free = [sid for sid in self.sids if self.model.find(sid) is None] or self.sids
        target = self.sids[to] if to == 0 else free[to % len(free)]
        named = None if owner is None else self._owner(owner)
        move_to = target if target != self.sids[place] else None
        self._apply(client, place, Changes(sets, owner=named, move_to=move_to))

    @rule(client=_clients, place=_places, lifetime=_lifetimes)
    def touch(self, client: int, place: int, lifetime: int) -> None:
        """A session is used, which makes it live longer, or not so long."""
        now = self.clock.now()
        self._apply(client, place, Changes(expires_at=now + lifetime, seen_at=now))

    @rule(client=_clients, place=_places, owner=st.none() | _owners, sets=_values)
    def restart(self, client: int, place: int, owner: str | None, sets: dict[str, bytes]) -> None:
        """A session begins anew under its sid."""
        named = None if owner is None else self._owner(owner)
        self._apply(client, place, Changes(sets, owner=named, restart_at=self.clock.now()))

    @rule(client=_clients)
    def look(self, client: int) -> None:
        """Somebody looks at everything."""
        for sid in self.sids:
            self._compare(client, sid)

    @rule(client=_clients, place=_places, names=st.sets(_names))
    def fetch(self, client: int, place: int, names: set[str]) -> None:
        """A request reads large values, named by a view that may be old."""
        sid = self.sids[place]
        view = self.views.get((client, sid))
        fetched = self.stores[client].fetch(sid, names | (view.beside.keys() if view else set()))
        # Of one that has expired in between, a store may still know the values.
        record = self.model.last(sid)
        values = {} if record is None else record.values

        assert all(values.get(name) == data for name, data in fetched.items())

    @rule(client=_clients, place=_places)
    def delete(self, client: int, place: int) -> None:
        """Somebody signs out."""
        expected = self.model.delete(self.sids[place])

        assert self.stores[client].delete(self.sids[place]) is expected

    @rule(client=_clients)
    def close(self, client: int) -> None:
        """A process has nothing to do for a while."""
        self.stores[client].close()

    @rule(seconds=_seconds)
    def advance(self, seconds: float) -> None:
        """Time goes by."""
        self.clock.advance(seconds)

    @precondition(lambda self: isinstance(self.stores[0], Purgeable))
    @rule(client=_clients)
    def purge(self, client: int) -> None:
        """What is expired is cleared away."""
        store = self.stores[client]
        assert isinstance(store, Purgeable)
        while store.purge(100) == 100:
            pass

        assert store.count_expired() == 0
        self.model.purge()
        for sid in self.sids:
            if self.model.last(sid) is None:
                assert store.fetch(sid, list(_LARGE)) == {}

    @precondition(lambda self: isinstance(self.stores[0], OwnerIndex))
    @rule(client=_clients, owner=_owners)
    def owned(self, client: int, owner: str) -> None:
        """Somebody looks at the list of his sessions."""
        self._compare_owned(client, self._owner(owner))

    @precondition(lambda self: isinstance(self.stores[0], OwnerIndex))
    @rule(client=_clients, owner=_owners, spare=st.sets(_places, max_size=2))
    def delete_owned(self, client: int, owner: str, spare: set[int]) -> None:
        """Somebody ends all sessions of an owner but for some."""
        store, spared = self.stores[client], [self.sids[place] for place in spare]
        assert isinstance(store, OwnerIndex)
        expected = self.model.delete_owned(self._owner(owner), spared)

        assert store.delete_owned(self._owner(owner), spared) == expected

    @precondition(lambda self: isinstance(self.stores[0], Browsable))
    @rule(client=_clients)
    def browse(self, client: int) -> None:
        """A tool goes through all sessions."""
        store = self.stores[client]
        assert isinstance(store, Browsable)
        found = {sid for sid in store.browse() if isinstance(store.load(sid), Record)}

        assert found.intersection(self.sids) == self.model.alive().keys()

    def teardown(self) -> None:
        """Leave nothing to the next story."""
        for sid in self.sids:
            self.stores[0].delete(sid)

    def _apply(self, client: int, place: int, changes: Changes) -> None:
        """Save what a request did, whatever others have done since it has loaded."""
        sid = self.sids[place]
        seen = self.views.get((client, sid), new_record({"never": b"there"}, revision=99))
        right = self.model.apply(sid, changes)
        outcome, record = self.stores[client].apply(sid, seen, changes)

        assert outcome in right
        if outcome is Outcome.SAVED and changes.move_to is not None:
            sid = changes.move_to
        if outcome in (Outcome.SAVED, Outcome.CONFLICT):
            assert record is not None
            assert record == self.stores[-1 - client].load(sid)
            self.views[client, sid] = record
        self._compare(client, sid)
        if changes.move_to is not None or changes.owner is not None:
            self._compare_owned(client, seen.owner)
            self._compare_owned(client, changes.owner or seen.owner)

    def _compare(self, client: int, sid: bytes) -> Record | None:
        """Look whether the store has what the model has; return it."""
        store, model = self.stores[client], self.model.live(sid)
        record = store.load(sid)
        if isinstance(store, OwnerIndex):
            assert store.find(sid[:16]) == (None if model is None else sid)
        if model is None:
            is_moved = self.model.find(sid) is not None
            assert record is Miss.MOVED if is_moved else record in (Miss.UNKNOWN, Miss.EXPIRED)
            return None
        assert isinstance(record, Record)
        beside = store.fetch(sid, list(record.beside))
        assert record.values | beside == model.values
        assert record.beside == {name: len(data) for name, data in beside.items()}
        assert not record.values.keys() & beside.keys()
        assert not [name for name in beside if name < "\x03"]
        assert (record.owner, record.created_at) == (model.owner, model.created_at)
        assert (record.seen_at, record.expires_at) == (model.seen_at, model.expires_at)
        return record

    def _compare_owned(self, client: int, owner: str) -> None:
        """Look whether the store lists the sessions that the model has."""
        store = self.stores[client]
        if not isinstance(store, OwnerIndex):
            return
        listed = store.owned(owner)
        seen = [record.seen_at for _, record in listed]
        assert {sid for sid, _ in listed} == self.model.owned(owner)
        assert len(dict(listed)) == len(listed)
        assert seen == sorted(seen, reverse=True)
        assert all(record == store.load(sid) for sid, record in listed)

    def _expected(self, sid: bytes, expects: dict[str, str]) -> dict[str, bytes | None]:
        record = self.model.live(sid)
        values = {} if record is None else record.values
        found = {name: values.get(name) for name in expects}
        for name, kind in expects.items():
            if kind == "absent":
                found[name] = None
            elif kind == "other":
                # As long as the right one, and equal to it but for the end.
                found[name] = (found[name] or b"")[:-1] + b"\xff"
        return found

    def _owner(self, owner: str) -> str:
        return f"{owner}-{self.tag}" if owner else ""


class StoryClaims(Contract):
    """Whatever the clients of a store do, it is what they would expect."""

    # Hypothesis marks only what it runs itself.
    @pytest.mark.hypothesis
    def test_any_story_is_that_of_a_dict(
        self, store: Store, open_again: Callable[[], Store], clock: FakeClock
    ) -> None:
        """Three clients with old views find what a dict would have, however the story goes."""
        stores = [store, *[open_again() if self.shared else store for _ in range(_CLIENTS - 1)]]
        run_state_machine_as_test(
            cast(Any, partial(StoreMachine, stores, clock)),
            settings=settings(
                max_examples=max(1, settings().max_examples // _EXAMPLES_PER_STORY),
                stateful_step_count=_STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
