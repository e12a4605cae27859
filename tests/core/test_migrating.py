"""Carrying all sessions from one store to another."""

from __future__ import annotations

from functools import partial
from itertools import islice

import pytest

from flask_sessionplus import ConfigError
from flask_sessionplus.migrating import migrate
from flask_sessionplus.record import Changes, Record
from flask_sessionplus.steps import Step
from flask_sessionplus.stores.base import Miss, Outcome
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.stores.layered import layered
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.stores.moving import moving
from flask_sessionplus.testing import FakeClock
from flask_sessionplus.testing.contract.threads import together
from tests.stores.hooked import Hooked
from tests.stores.records import load, put, save


@pytest.fixture
def old(tmp_path):
    """Return the store to carry from."""
    return FileStore(tmp_path / "old")


@pytest.fixture
def new(tmp_path):
    """Return the store to carry to."""
    return FileStore(tmp_path / "new")


def whole(store, sid):
    """Return all values of a session."""
    record = load(store, sid)
    return record.values | store.fetch(sid, list(record.beside))


def test_all_sessions_are_carried(old, new):
    """Every session is in the new store, large values too, and none is left in the old one."""
    values = {"a": b"1", "large": b"L" * 20_000}
    sids = [put(old, values, owner="ada") for _ in range(25)]
    steps = list(migrate(old, new, batch=10))

    assert [tuple(step) for step in steps] == [(10, 10, 0), (10, 10, 0), (5, 5, 0)]
    assert all(whole(new, sid) == values for sid in sids)
    assert dict(new.owned("ada")).keys() == set(sids)
    assert old.owned("ada") == []


def test_it_may_be_broken_off_and_begun_again(old, new):
    """What was carried the first time is not carried again, and what was not, is."""
    sids = {put(old, {"a": b"1"}) for _ in range(25)}
    assert sum(step.done for step in islice(migrate(old, new, batch=10), 1)) == 10
    assert sum(step.done for step in migrate(old, new)) == 15
    assert sum(step.done for step in migrate(old, new)) == 0

    assert set(new.browse()) == sids


def test_what_is_in_the_new_store_already_wins(old, new):
    """A session that has been carried before, and left behind, is not written over."""
    sid = put(old, {"a": b"old"})
    assert new.create(sid, load(old, sid))
    save(new, sid, load(new, sid), Changes({"a": b"new"}))
    assert [step.done for step in migrate(old, new)] == [0]

    assert load(new, sid).values == {"a": b"new"}
    assert list(migrate(moving(new, old).parts[0], new)) == [Step(1, 0, 0)]


def test_what_is_damaged_is_counted_and_left(old, new, tmp_path):
    """A record that cannot be read is told, and stays where it is; the others are carried."""
    sid, healthy = put(old, {"a": b"1" * 100}), put(old, {"a": b"1"})
    (path,) = [path for path in (tmp_path / "old").rglob("*") if sid.hex() in path.name]
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    steps = list(migrate(old, new))

    assert (sum(step.done for step in steps), sum(step.damaged for step in steps)) == (1, 1)
    assert path.exists()
    assert load(new, healthy).values == {"a": b"1"}
    assert new.load(sid) is Miss.UNKNOWN


def test_the_expired_are_left_behind(old, new):
    """Whose time is over is not carried."""
    with FakeClock() as clock:
        put(old, {"a": b"1"}, expires_at=clock.now() + 1_000)
        sid = put(old, {"a": b"1"})
        clock.advance(1)

        assert sum(step.done for step in migrate(old, new)) == 1
        assert list(new.browse()) == [sid]


def test_a_store_that_cannot_be_gone_through_is_refused(new):
    """It is named, and so is another way."""
    with pytest.raises(ConfigError, match=r"Hooked cannot be gone through.*SESSION_STORE_FROM"):
        next(migrate(Hooked(MemoryStore()), new))


def test_a_store_is_not_carried_to_itself(old, tmp_path):
    """The same place, by whatever name, is refused before anything is done."""
    sid = put(old, {"a": b"1"})
    for same in (old, FileStore(tmp_path / "old"), layered(MemoryStore, old)):
        with pytest.raises(ConfigError, match="Name two places"):
            next(migrate(old, same))

    assert load(old, sid).values == {"a": b"1"}


def test_the_copies_of_a_front_are_not_sessions(old, new, tmp_path):
    """Of a store in layers the records are carried, each once."""
    store = layered(FileStore(tmp_path / "front"), old)
    sids = {put(store, {"a": b"1"}) for _ in range(3)}
    for sid in sids:
        load(store, sid)

    assert sum(step.done for step in migrate(store, new)) == 3
    assert set(new.browse()) == sids


@pytest.mark.parametrize("round_", range(5))
def test_it_is_safe_while_the_app_serves(old, new, round_):
    """While all is carried, nothing that is written is lost, and who signs out stays out."""
    stay, go = [put(old, {"a": b"1"}) for _ in range(30)], [put(old) for _ in range(30)]
    app = moving(new, old)

    def write(name):
        for sid in stay:
            assert app.apply(sid, load(app, sid), Changes({name: b"1"})).outcome is Outcome.SAVED

    def sign_out():
        assert [app.delete(sid) for sid in go] == [True] * len(go)

    def carry_all():
        for _ in migrate(old, new, batch=1):
            pass

    together(partial(write, "b"), partial(write, "c"), sign_out, carry_all, carry_all)

    assert all(load(new, sid).values.keys() == {"a", "b", "c"} for sid in stay)
    assert not [sid for sid in go if isinstance(app.load(sid), Record)]
