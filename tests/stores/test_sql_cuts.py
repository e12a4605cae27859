"""Connections that die at any moment of a call: nothing is half done, or claimed and not done."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from flask_sessionplus.errors import StoreUnavailable
from flask_sessionplus.record import Changes, Record
from flask_sessionplus.stores.base import Applied, Miss, Outcome
from flask_sessionplus.stores.sql import SQLStore
from flask_sessionplus.stores.sqlstatement import Statement
from flask_sessionplus.testing import FakeClock
from tests.stores.records import load, new_record, whole
from tests.stores.serverdatabases import table_of

SID, TARGET, OTHER = bytes(32), b"t" * 32, b"o" * 32
LARGE = b"L" * 20_000

STORIES = {
    "write": lambda store, seen: store.apply(SID, seen, Changes({"a": b"2"})),
    "extend": lambda store, seen: store.apply(SID, seen, Changes(expires_at=seen.expires_at + 9)),
    "grow": lambda store, seen: store.apply(SID, seen, Changes({"new": LARGE})),
    "change": lambda store, seen: store.apply(SID, seen, Changes({"large": b"M" * 20_000}, ["a"])),
    "shrink": lambda store, seen: store.apply(SID, seen, Changes(removals=["large"])),
    "move": lambda store, seen: store.apply(SID, seen, Changes({"a": b"2"}, move_to=TARGET)),
    "sign in": lambda store, seen: store.apply(
        SID, seen, Changes({"new": LARGE}, ["large"], owner="ada", move_to=TARGET)
    ),
    "count": lambda store, seen: store.apply(
        SID, seen, Changes({"n": b"2"}, expects={"n": b"1", "large": LARGE})
    ),
    "create": lambda store, seen: store.create(TARGET, new_record({"a": b"1"})),
    "create a large one": lambda store, seen: store.create(TARGET, new_record({"large": LARGE})),
    "create in an expired place": lambda store, seen: store.create(OTHER, new_record({"b": b"1"})),
    "delete": lambda store, seen: store.delete(SID),
}

# Of these nobody can tell what became of them if the answer was lost.
MAY_BE_UNKNOWN = {"count", "delete"}


@pytest.fixture
def clock():
    """Stop the time."""
    with FakeClock() as clock:
        yield clock


# What runs differently on servers; the rest is for those who have time.
_OTHERWISE = {"write", "change", "sign in", "count", "create a large one", "delete"}


def _databases(names):
    for name in names:
        yield pytest.param("sqlite", name, id=f"sqlite-{name}")
        mark = pytest.mark.slow if name in _OTHERWISE else pytest.mark.torture
        for database in ("postgresql", "mariadb"):
            yield pytest.param(database, name, id=f"{database}-{name}", marks=mark)


each_story = pytest.mark.parametrize(("store", "name"), [*_databases(STORIES)], indirect=["store"])
in_sqlite = pytest.mark.parametrize("store", ["sqlite"], indirect=True)


@pytest.fixture
def store(request, tmp_path, fresh_name):
    """Return a store on each database."""
    if request.param == "sqlite":
        store = SQLStore(f"sqlite:///{tmp_path / 'sessions.sqlite'}")
        store.prepare()
        yield store
        store.close()
        return
    tables = table_of(request.getfixturevalue(f"{request.param}_url"), fresh_name)
    store = next(tables)()
    store.prepare()
    yield store
    store.close()
    next(tables, None)


@contextmanager
def cut(number, *, is_done, times=1):
    """Let the connection die at the statement *number*, before or after it is done."""
    original = Statement._run
    seen = SimpleNamespace(statements=0, cuts=0)

    def run(self, link, parameters):
        seen.statements += 1
        if seen.statements <= number or seen.cuts == times:
            return original(self, link, parameters)
        seen.cuts += 1
        if is_done:
            original(self, link, parameters).close()
        raise OperationalError("a statement", None, Exception("cut"), connection_invalidated=True)

    Statement._run = run
    try:
        yield seen
    finally:
        Statement._run = original


def begin(store, clock):
    """Empty the tables, put what the stories begin with, and return the record."""
    with store.engine.connect() as connection:
        connection.execute(store.table.delete())
        connection.execute(store.values.delete())
    store.create(OTHER, new_record({"large": LARGE}, expires_at=clock.now()))
    store.create(SID, new_record({"a": b"1", "n": b"1", "large": LARGE}))
    return load(store, SID)


def state(store):
    """Return all that is stored."""
    alive = {sid: store.load(sid) for sid in (SID, TARGET, OTHER)}
    values = {sid: whole(store, sid) for sid, each in alive.items() if isinstance(each, Record)}
    with store.engine.connect() as connection:
        return alive, values, connection.scalar(select(func.count()).select_from(store.values))


@pytest.mark.parametrize("is_done", [False, True], ids=["unsent", "unanswered"])
@each_story
def test_a_call_survives_a_cut_at_every_statement(store, clock, name, is_done):
    """What is said to be done is done, once and whole; what is not said is done or not."""
    tell = STORIES[name]
    expected = tell(store, begin(store, clock))
    after = state(store)
    for number in range(20):
        seen = begin(store, clock)
        before = state(store)
        with cut(number, is_done=is_done) as happened:
            try:
                answer = tell(store, seen)
            except StoreUnavailable:
                answer = None
        if not happened.cuts:
            break
        assert answer in (expected, None), number
        assert state(store) in ([after] if answer else [before, after]), number
        if not (is_done and name in MAY_BE_UNKNOWN):
            assert answer == expected, number
    else:
        pytest.fail("there was no end of statements")
    assert number > 0


@in_sqlite
@pytest.mark.parametrize("name", STORIES)
def test_it_is_tried_once_more_and_no_oftener(store, clock, name):
    """If the new connection dies as well, that is a fault; nothing is half done."""
    tell = STORIES[name]
    tell(store, begin(store, clock))
    after = state(store)
    seen = begin(store, clock)
    before = state(store)
    with cut(0, is_done=False, times=2) as happened, pytest.raises(StoreUnavailable):
        tell(store, seen)

    assert happened.cuts == 2
    assert state(store) in (before, after)


@in_sqlite
def test_a_faster_writer_after_a_cut_is_merged(store, clock):
    """Without expectations, what others wrote in between stays, and so does ours."""
    seen = begin(store, clock)
    with cut(0, is_done=True):
        faster = _after_the_cut(store, Changes({"b": b"1"}))
        assert store.apply(SID, seen, Changes({"a": b"2"})).outcome is Outcome.SAVED
        faster.undo()

    assert whole(store, SID) == {"a": b"2", "b": b"1", "n": b"1", "large": LARGE}


@in_sqlite
def test_a_counter_is_not_counted_twice(store, clock):
    """If somebody else wrote in between, nobody can tell who counted: that is a fault."""
    seen = begin(store, clock)
    changes = Changes({"n": b"2"}, expects={"n": b"1"})
    for is_done in (True, False):
        seen = begin(store, clock)
        with cut(0, is_done=is_done):
            faster = _after_the_cut(store, Changes({"b": b"1"}))
            with pytest.raises(StoreUnavailable, match="nobody knows"):
                store.apply(SID, seen, changes)
            faster.undo()

        assert load(store, SID).values["n"] == (b"2" if is_done else b"1")


@in_sqlite
def test_a_sign_out_after_a_cut_wins(store, clock):
    """A record that was deleted in between stays deleted."""
    for tell in (STORIES["write"], STORIES["count"], STORIES["grow"]):
        seen = begin(store, clock)
        with cut(0, is_done=False):
            faster = _after_the_cut(store, None)
            assert tell(store, seen) == Applied(Outcome.GONE)
            faster.undo()

        assert state(store) == (
            {SID: Miss.UNKNOWN, TARGET: Miss.UNKNOWN, OTHER: Miss.EXPIRED},
            {},
            1,
        )


def _after_the_cut(store, changes):
    """Let somebody else do *changes*, or delete the record, before the new connection is used."""
    pool = store._connections._pool
    original = pool.drop
    patch = pytest.MonkeyPatch()

    def drop(link):
        original(link)
        patch.undo()
        if changes is None:
            store.delete(SID)
        else:
            assert store.apply(SID, load(store, SID), changes).outcome is Outcome.SAVED

    patch.setattr(pool, "drop", drop)
    return patch


@in_sqlite
@pytest.mark.parametrize("is_done", [False, True])
def test_what_is_cut_late_is_not_tried_again(store, clock, is_done, monkeypatch):
    """A server that took its time is not waited for twice."""
    seen = begin(store, clock)
    times = iter([0.0, 2.0])
    monkeypatch.setattr(
        "flask_sessionplus.stores.sqlpool.time.monotonic", partial(next, times, 2.0)
    )
    with cut(0, is_done=is_done, times=9) as happened, pytest.raises(StoreUnavailable):
        store.apply(SID, seen, Changes({"a": b"2"}))

    assert happened.cuts == 1
