"""Sealing anew with the newest key: of what an older one has sealed, nothing else changes."""

from __future__ import annotations

import pytest

from flask_sessionplus.errors import ConfigError, DamagedRecord
from flask_sessionplus.record import Changes
from flask_sessionplus.rotating import rotate, sealed_stores
from flask_sessionplus.sealing import KeyRing, Sealer
from flask_sessionplus.steps import Step
from flask_sessionplus.stores.base import Browsable, Miss, Outcome, having
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.stores.layered import layered
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.stores.sealed import SealedStore, sealed
from flask_sessionplus.stores.sql import SQLStore
from tests.stores.besidestore import BesideStore
from tests.stores.records import load, put, save, whole

OLD, NEW, OTHER = b"o" * 32, b"n" * 32, b"x" * 32
LARGE = {"a": b"1", "large": b"L" * 20_000, "other": b"O" * 20_000}


def sealer(*keys):
    """Return a sealer with these keys, the newest first."""
    return Sealer(KeyRing(keys), "store")


@pytest.fixture(params=["memory", "file", "sqlite"])
def inner(request, tmp_path):
    """Return a store of each kind; where large values lie differs."""
    makers = {
        "file": lambda: FileStore(tmp_path / "sessions"),
        "sqlite": lambda: SQLStore(f"sqlite:///{tmp_path / 's.sqlite'}"),
        "memory": MemoryStore,
    }
    store = makers[request.param]()
    yield store
    store.close()


def everything(store):
    """Return all that is in *store*, but for how often it was written."""
    found = {}
    for sid in store.browse():
        r = load(store, sid)
        found[sid] = (r.created_at, r.seen_at, r.expires_at, r.owner, whole(store, sid))
    return found


def test_afterwards_the_older_key_is_not_needed(inner):
    """All that an older key has sealed opens with the newest alone: values, times and owner."""
    old = sealed(inner, sealer(OLD))
    for number in range(7):
        put(old, owner=str(number), values={**LARGE, "n": b"%d" % number})
    before = everything(old)
    steps = list(rotate(sealed(inner, sealer(NEW, OLD)), batch=3))
    new = sealed(inner, sealer(NEW))

    assert steps == [Step(3, 3, 0), Step(3, 3, 0), Step(1, 1, 0)]
    assert everything(new) == before
    assert list(rotate(sealed(inner, sealer(NEW, OLD)))) == [Step(7, 0, 0)]
    with pytest.raises(DamagedRecord):
        old.load(next(iter(before)))


def test_a_dry_run_changes_nothing(inner):
    """A dry run counts, and writes nothing at all."""
    old = sealed(inner, sealer(OLD))
    put(old, values=LARGE)
    put(sealed(inner, sealer(NEW, OLD)))
    before = everything(inner)

    assert list(rotate(sealed(inner, sealer(NEW, OLD)), dry_run=True)) == [Step(2, 1, 0)]
    assert everything(inner) == before


def test_nothing_of_the_older_key_stays(inner):
    """What the older key had sealed beside the record is removed."""
    old = sealed(inner, sealer(OLD))
    sid = put(old, values=LARGE)
    before = load(inner, sid)
    sealed(inner, sealer(NEW, OLD)).reseal(sid)
    after = load(inner, sid)

    assert len(after.values) + len(after.beside) == len(before.values) + len(before.beside)
    names = {*before.values, *before.beside} & {*after.values, *after.beside}
    assert len(names) == 1


def test_it_may_be_stopped(inner):
    """What was not met before a stop is still readable, and done the next time."""
    old = sealed(inner, sealer(OLD))
    for _ in range(5):
        put(old, values=LARGE)
    ring = sealed(inner, sealer(NEW, OLD))
    steps = rotate(ring, batch=2)
    next(steps)
    steps.close()

    assert len(everything(ring)) == 5
    assert sum(step.done for step in rotate(ring)) == 3


def test_what_another_key_has_sealed_is_left_alone(inner):
    """What does not open is counted and stays as it is: its key may be put back."""
    lost, old = sealed(inner, sealer(OTHER)), sealed(inner, sealer(OLD))
    sid = put(lost, values=LARGE)
    put(old)

    (step,) = rotate(sealed(inner, sealer(NEW, OLD)))

    assert step == Step(2, 1, 1)
    assert whole(lost, sid) == LARGE


def test_a_value_that_does_not_open_is_not_dropped():
    """If a large value does not open, the record stays as it is: a write would lose the value."""
    inner = BesideStore()
    old = sealed(inner, sealer(OLD))
    sid = put(old, values=LARGE)
    place = next(iter(load(inner, sid).beside))
    good = inner.fetch(sid, [place])[place]
    save(inner, sid, load(inner, sid), Changes({place: b"!" + good[1:]}))
    ring = sealed(inner, sealer(NEW, OLD))

    with pytest.raises(DamagedRecord):
        ring.reseal(sid)
    save(inner, sid, load(inner, sid), Changes({place: good}))
    assert whole(old, sid) == LARGE


def test_a_value_that_has_vanished_is_told():
    """If a large value is not there, the record stays as it is, and is counted."""
    inner = BesideStore()
    sid = put(sealed(inner, sealer(OLD)), values=LARGE)
    inner.fetch = lambda sid, names: {}
    before = load(inner, sid)

    with pytest.raises(DamagedRecord, match="vanished"):
        sealed(inner, sealer(NEW, OLD)).reseal(sid)
    assert load(inner, sid) == before


class Meddling(MemoryStore):
    """Lets somebody write between a look at a record and the swap."""

    meddle = None

    def apply(self, sid, seen, changes):
        """Let him write first, once."""
        meddle, self.meddle = self.meddle, None
        if meddle is not None:
            meddle()
        return super().apply(sid, seen, changes)


def test_a_request_in_between_loses_nothing():
    """What a request writes between the look and the swap is there afterwards, sealed anew."""
    inner = Meddling()
    old, ring = sealed(inner, sealer(OLD)), sealed(inner, sealer(NEW, OLD))
    sid = put(old, values={"a": b"1"})
    inner.meddle = lambda: save(old, sid, load(old, sid), Changes({"b": b"2"}))

    assert ring.reseal(sid)
    assert load(sealed(inner, sealer(NEW)), sid).values == {"a": b"1", "b": b"2"}


def test_one_that_ends_in_between_stays_ended():
    """A session that is ended between the look and the swap does not come back."""
    inner = Meddling()
    ring = sealed(inner, sealer(NEW, OLD))
    sid = put(sealed(inner, sealer(OLD)))
    inner.meddle = lambda: inner.delete(sid)

    assert not ring.reseal(sid)
    assert ring.load(sid) is Miss.UNKNOWN


def test_a_session_that_was_seen_before_is_saved_after():
    """A request that has loaded a session before it was sealed anew can save it."""
    inner = MemoryStore()
    sid = put(sealed(inner, sealer(OLD)), values=LARGE)
    ring = sealed(inner, sealer(NEW, OLD))
    seen = load(ring, sid)
    ring.reseal(sid)

    assert ring.apply(sid, seen, Changes({"b": b"2"})).outcome is Outcome.SAVED
    assert whole(sealed(inner, sealer(NEW)), sid) == {**LARGE, "b": b"2"}


def test_all_sealed_parts_are_found(tmp_path):
    """Of a store that is made of others, all that seal are found."""
    front, back = (sealed(MemoryStore(), sealer(NEW)) for _ in range(2))

    assert sealed_stores(layered(lambda: front, back)) == [front, back]
    assert having(back, SealedStore) == [back]
    assert isinstance(back, Browsable)


def test_where_nothing_is_sealed(tmp_path):
    """A store that seals nothing is an error with what to do; in memory there is nothing to do."""
    with pytest.raises(ConfigError, match="Set SESSION_ENCRYPTION_KEYS"):
        sealed_stores(layered(MemoryStore, FileStore(tmp_path)))
    with pytest.raises(ConfigError, match="there is nothing to do"):
        sealed_stores(MemoryStore())
