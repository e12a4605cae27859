"""The memory store: the contract, and what is special about it."""

from __future__ import annotations

import pytest

from flask_sessionplus.record import Changes
from flask_sessionplus.stores.base import Browsable, OwnerIndex, Purgeable
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.testing import FakeClock, StoreContract
from flask_sessionplus.testing.workers import Workers
from tests.stores import forking
from tests.stores.records import HOUR, load, new_sid, put, save


class TestMemoryStore(StoreContract):
    """Records in a dict."""

    powers = (Purgeable, OwnerIndex, Browsable)

    shared = False

    @pytest.fixture
    def opener(self):
        """Return a new store; each test opens one only."""
        return MemoryStore


@pytest.mark.torture
class TestMemoryStoreTorture(TestMemoryStore):
    """The same, for much longer."""

    scale = 50


@pytest.fixture
def store():
    """Return an empty store."""
    return MemoryStore()


@pytest.fixture
def clock():
    """Stop the time."""
    with FakeClock() as clock:
        yield clock


@pytest.mark.slow
def test_a_child_is_told_that_it_sees_nothing():
    """After a fork the child's records would be its own: that is an error that names a remedy."""
    workers = Workers(1)
    try:
        (said,) = workers.run(forking.use_memory_in_a_child)
    finally:
        workers.close()

    assert "fork" in said
    assert "sqlite:///" in said


def test_it_says_that_it_is_not_shared(store):
    """Whoever asks learns that other processes do not see these records."""
    assert store.is_shared is False


def test_memory_is_bounded_by_what_is_alive(store, clock):
    """Visitors who come once and never again leave nothing behind, without any purge."""
    alive = [put(store, {"a": b"1"}, expires_at=clock.now() + 1000 * HOUR) for _ in range(10)]
    for _ in range(5000):
        put(store, {"a": b"1"}, expires_at=clock.now() + 100)
        clock.advance(0.01)

    assert len(store._records) < 40
    assert len(store._expiries) < 200
    assert all(load(store, sid) for sid in alive)


def test_bookkeeping_is_bounded_too(store, clock):
    """A session that is extended, shortened and deleted without end takes no more room."""
    for number in range(2000):
        sid = put(store)
        seen = load(store, sid)
        for lifetime in (1, 9, 2, 8, 3):
            seen = save(store, sid, seen, Changes(expires_at=clock.now() + lifetime * HOUR))
        if number % 10:
            store.delete(sid)

    assert len(store._expiries) <= 2 * len(store._records) + 64
    clock.advance(4 * HOUR / 1000)
    assert store.count_expired() == 200
    assert store.purge(1000) == 200


def test_owners_leave_nothing_behind(store, clock):
    """An owner takes room for as long as he has a session, however they end."""
    sids = [put(store, owner=f"owner {n}", expires_at=clock.now() + 1_000) for n in range(9)]
    store.delete(sids[0])
    store.delete_owned("owner 1")
    save(store, sids[2], load(store, sids[2]), Changes(owner=""))
    save(store, sids[3], load(store, sids[3]), Changes(move_to=new_sid()))
    save(store, sids[4], load(store, sids[4]), Changes(restart_at=1))
    assert len(store._owned) == 5
    clock.advance(1)
    store.purge(100)

    assert store._owned == {}


def test_nothing_lies_beside(store):
    """Memory has no need to keep large values apart."""
    sid = put(store, {"large": bytes(100_000)})

    assert load(store, sid).beside == {}
    assert load(store, sid).values == {"large": bytes(100_000)}


def test_creating_removes_only_a_few(store, clock):
    """Whoever creates a session clears away a little, and does not wait for all of it."""
    for _ in range(100):
        put(store, expires_at=clock.now() + 1)
    clock.advance(1)
    put(store)

    assert 90 < store.count_expired() < 100
