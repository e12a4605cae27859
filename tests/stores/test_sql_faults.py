"""The SQL store while a database gives way to others, is slow, or does not answer."""

from __future__ import annotations

from contextlib import closing, contextmanager

import pytest
from sqlalchemy.exc import DBAPIError

from flask_sessionplus.errors import StoreUnavailable
from flask_sessionplus.record import Changes
from flask_sessionplus.stores import patience, sql
from flask_sessionplus.stores.base import Outcome
from flask_sessionplus.stores.sql import SQLStore
from flask_sessionplus.stores.sqlpsycopg import PatientConnection
from flask_sessionplus.stores.sqlstatement import Statement
from tests.stores.records import load, new_record, new_sid, put, save, whole
from tests.support.processes import free_port
from tests.support.timing import within

LARGE = b"L" * 20_000


class TakenBack(Exception):
    """What a driver raises if the database takes back what was done."""

    def __init__(self, code):
        super().__init__(code, "taken back")
        self.sqlstate = code


@pytest.fixture
def store(tmp_path):
    """Return a store on SQLite."""
    store = SQLStore(f"sqlite:///{tmp_path / 'sessions.sqlite'}")
    store.prepare()
    yield store
    store.close()


@contextmanager
def taken_back(times, code="40001"):
    """Let the next statements fail so many *times*."""
    original = Statement._run
    left = [times]

    def run(self, link, parameters):
        if not left[0]:
            return original(self, link, parameters)
        left[0] -= 1
        raise DBAPIError("a statement", None, TakenBack(code))

    Statement._run = run
    try:
        yield left
    finally:
        Statement._run = original


CALLS = [
    lambda store, sid, seen: load(store, sid),
    lambda store, sid, seen: save(store, sid, seen, Changes({"a": b"2"})),
    lambda store, sid, seen: save(store, sid, seen, Changes({"n": b"1"}, expects={"n": None})),
    lambda store, sid, seen: save(store, sid, seen, Changes({"large": LARGE}, move_to=new_sid())),
    lambda store, sid, seen: put(store, {"large": LARGE}),
    lambda store, sid, seen: store.delete(sid) or pytest.fail("there was one"),
]


@pytest.mark.parametrize("code", ["40001", "40P01", "26000", 1213, 1020, 1205])
@pytest.mark.parametrize("use", CALLS)
def test_who_gives_way_tries_again(store, use, code):
    """A deadlock or a conflict is nobody's fault: the call is done again, without an error."""
    sid = put(store, {"a": b"1"})
    with taken_back(3, code) as left:
        use(store, sid, new_record({"a": b"1"}))

    assert left == [0]


def test_tries_are_bounded(store):
    """Whoever gives way again and again gives up; nothing was written."""
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    with taken_back(1_000) as left, pytest.raises(StoreUnavailable, match="taken back"):
        store.apply(sid, seen, Changes({"a": b"2"}))

    assert 1_000 - left[0] <= 11
    assert load(store, sid) == seen


def test_tries_end_in_time(store, monkeypatch):
    """What has taken its time is not tried for ever: each try may wait for a lock."""
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    monkeypatch.setattr(sql, "_PATIENCE", -1.0)
    with taken_back(1_000) as left, pytest.raises(StoreUnavailable):
        store.apply(sid, seen, Changes({"a": b"2"}))

    assert left == [999]


def test_nobody_sleeps_with_a_connection(store, monkeypatch):
    """Between two tries, the pauses grow, are drawn by lot, and no connection is held."""
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        held = store.engine.pool.checkedout() - len(store._connections._pool.idle)
        assert held == 0

    monkeypatch.setattr(patience.time, "sleep", sleep)
    monkeypatch.setattr(patience.secrets, "randbelow", lambda most: most)
    with taken_back(8):
        save(store, sid, seen, Changes({"a": b"2"}))

    assert pauses == [0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.1, 0.1]


@pytest.fixture
def nowhere():
    """Return a store whose server does not exist."""
    url = f"postgresql+psycopg://postgres@127.0.0.1:{free_port()}/test"
    with closing(SQLStore(url)) as store:
        yield store


def test_a_dead_server_is_left_alone(nowhere, monkeypatch):
    """After five failures in a row nobody connects any more, but for one each second."""
    attempts, connect = [], PatientConnection.connect

    def count(*arguments, **options):
        attempts.append(options)
        return connect(*arguments, **options)

    monkeypatch.setattr(PatientConnection, "connect", count)
    assert nowhere.engine
    breaker = nowhere._connections._pool.breaker
    now = [100.0]
    monkeypatch.setattr(breaker, "_now", lambda: now[0])
    for _ in range(20):
        with pytest.raises(StoreUnavailable):
            nowhere.load(new_sid())
    assert len(attempts) == 5
    now[0] += 1.0
    for _ in range(20):
        with pytest.raises(StoreUnavailable):
            nowhere.load(new_sid())

    assert len(attempts) == 6


@pytest.mark.slow
def test_a_refusal_is_an_answer(postgresql_url, fresh_name):
    """A server that says no is not dead: other calls go on."""
    with closing(SQLStore(postgresql_url, fresh_name)) as store:
        for _ in range(10):
            with pytest.raises(StoreUnavailable):
                store.load(new_sid())
        store.prepare()
        try:
            sid = put(store, {"a": b"1"})
            for _ in range(10):
                assert not store.create(sid, new_record())
            assert load(store, sid).values == {"a": b"1"}
        finally:
            for table in (store.table, store.values):
                table.drop(store.engine)


@pytest.mark.slow
def test_a_pool_of_dead_connections_costs_nothing(postgresql_url, fresh_name):
    """In the app's own pool all connections may die: no call fails for it."""
    from sqlalchemy import create_engine, text

    engine = create_engine(postgresql_url, pool_size=5)
    store = SQLStore(engine, fresh_name)
    store.prepare()
    try:
        sid = put(store, {"a": b"1"})
        connections = [engine.connect() for _ in range(5)]
        pids = [each.scalar(text("SELECT pg_backend_pid()")) for each in connections]
        for each in connections:
            each.close()
        with create_engine(postgresql_url).connect() as other:
            for pid in pids:
                other.execute(text(f"SELECT pg_terminate_backend({pid}, 5000)"))
        other.engine.dispose()
        for number in range(10):
            save(store, sid, load(store, sid), Changes({"a": b"%d" % number}))
        assert load(store, sid).values == {"a": b"9"}
    finally:
        for table in (store.table, store.values):
            table.drop(engine)
        engine.dispose()


@pytest.mark.slow
def test_a_prepared_statement_may_be_thrown_away(postgresql_url, fresh_name):
    """Whoever says DEALLOCATE ALL on our connections, as some proxies do, breaks nothing."""
    with closing(SQLStore(postgresql_url, fresh_name)) as store:
        store.prepare()
        try:
            sid = put(store, {"a": b"1"})
            seen = load(store, sid)
            for _ in range(3):
                with store._connections._pool.idle[-1].driver.cursor() as cursor:
                    cursor.execute("DEALLOCATE ALL")
                seen = save(store, sid, seen, Changes({"a": b"2"}))
                assert load(store, sid) == seen
        finally:
            for table in (store.table, store.values):
                table.drop(store.engine)


@pytest.mark.slow
@pytest.mark.timed
def test_a_statement_has_a_limit(postgresql_url, fresh_name):
    """A row that somebody locks for long is waited for as long as the URL says, no longer."""
    from sqlalchemy import create_engine, text

    options = "options=-cstatement_timeout%3D300"
    with closing(SQLStore(f"{postgresql_url}?{options}", fresh_name)) as store:
        store.prepare()
        engine = create_engine(postgresql_url)
        try:
            sid = put(store, {"a": b"1", "large": LARGE})
            seen = load(store, sid)
            with engine.connect() as other:
                other.execute(text(f"SELECT 1 FROM {fresh_name} FOR UPDATE"))
                for changes in (Changes({"a": b"2"}), Changes({"large": LARGE + b"2"})):
                    with within(5), pytest.raises(StoreUnavailable, match="timeout"):
                        store.apply(sid, seen, changes)
                other.rollback()
            assert store.apply(sid, seen, Changes({"a": b"3"})).outcome is Outcome.SAVED
            assert whole(store, sid) == {"a": b"3", "large": LARGE}
        finally:
            engine.dispose()
            for table in (store.table, store.values):
                table.drop(store.engine)
