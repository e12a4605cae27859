"""The SQL store on SQLite."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from functools import partial

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.pool import StaticPool

from flask_sessionplus.errors import ConfigError, StoreUnavailable
from flask_sessionplus.record import Changes
from flask_sessionplus.stores import sqlengine
from flask_sessionplus.stores.base import Miss, Outcome
from flask_sessionplus.stores.sql import SQLStore
from flask_sessionplus.testing.workers import Workers
from tests.stores import forking
from tests.stores.records import load, new_record, new_sid, put, save
from tests.stores.sqlcontract import SQLContract, interrupted, statements

# Holds SQLite's write lock, as another program would, until it is told to end.
_HOLD_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    """Return where the database file is, or will be."""
    return tmp_path / "sessions.sqlite"


@pytest.fixture
def opener(path):
    """Return a function that opens a store on that file."""
    return partial(SQLStore, f"sqlite:///{path}")


@pytest.fixture
def store(opener):
    """Return a store on that file."""
    store = opener()
    yield store
    store.close()


def mode(path):
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def query(path, sql, *parameters):
    """Ask the database, past the store."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, parameters).fetchall()


@contextmanager
def locked(path):
    """Let another process hold the write lock."""
    command = [sys.executable, "-c", _HOLD_LOCK, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"locked\n"
        yield process.stdin.close
        process.stdin.close()


class TestSQLite(SQLContract):
    """Records in an SQLite file."""

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same file again."""
        return partial(SQLStore, f"sqlite:///{tmp_path / 'sessions.sqlite'}")


@pytest.mark.torture
class TestSQLiteTorture(TestSQLite):
    """The same, for much longer."""

    scale = 20


class TestGivenEngine(SQLContract):
    """Records in an SQLite file that the app has an engine for."""

    # An engine stays in its process.
    shared = False

    @pytest.fixture
    def opener(self, tmp_path):
        """Use the same engine again."""
        engine = create_engine(
            f"sqlite:///{tmp_path / 'app.sqlite'}", pool_size=70, connect_args={"timeout": 30}
        )
        yield partial(SQLStore, engine)
        engine.dispose()


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.load(new_sid()) is Miss.UNKNOWN,
        lambda store: store.create(new_sid(), new_record()),
        lambda store: store.apply(new_sid(), new_record(), Changes({"a": b"1"})).record is None,
        lambda store: store.apply(new_sid(), new_record(), Changes(move_to=new_sid())),
        lambda store: not store.delete(new_sid()),
        lambda store: store.purge(10) == 0,
        lambda store: store.count_expired() == 0,
    ],
)
def test_the_table_makes_itself(path, store, use):
    """Whatever is called first makes the table; to make the store touches nothing."""
    assert not path.exists()
    assert use(store)
    assert query(path, "SELECT name FROM sqlite_master WHERE type = 'table'") == [
        ("flask_sessions",)
    ]


def test_the_table_makes_itself_again(path, store):
    """A table that is dropped under a running app is made again; its sessions are gone."""
    sid = put(store)
    query(path, "DROP TABLE flask_sessions")

    assert store.load(sid) is Miss.UNKNOWN
    assert put(store)


def test_the_table_has_the_name_it_is_given(path):
    """The name of the table can be chosen, for two apps in one database."""
    store = SQLStore(f"sqlite:///{path}", "shop_sessions")
    put(store)
    store.close()

    assert query(path, "SELECT count(*) FROM shop_sessions") == [(1,)]


def test_readers_do_not_wait_for_writers(path, store):
    """The journal is a write-ahead log, and a commit does not wait for the disk."""
    put(store)
    with store.engine.connect() as connection:
        synchronous = connection.execute(text("PRAGMA synchronous")).scalar()

    assert query(path, "PRAGMA journal_mode") == [("wal",)]
    assert synchronous == 1  # NORMAL


def test_the_file_is_private_from_the_first_moment(tmp_path):
    """Nobody else can read the database, its log, or a folder made for it."""
    before = os.umask(0)
    try:
        folder = tmp_path / "new"
        store = SQLStore(f"sqlite:///{folder / 'sessions.sqlite'}")
        put(store)

        assert mode(folder) == 0o700
        assert {file.name for file in folder.iterdir()} >= {
            "sessions.sqlite",
            "sessions.sqlite-wal",
        }
        assert {mode(file) for file in folder.iterdir()} == {0o600}
        store.close()
    finally:
        os.umask(before)


def test_a_file_of_the_apps_keeps_its_permissions(path):
    """A database that is there already belongs to the app, permissions too."""
    path.touch(0o640)
    store = SQLStore(f"sqlite:///{path}")
    put(store)
    store.close()

    assert mode(path) == 0o640


@pytest.mark.slow
def test_a_locked_database_is_unavailable_in_time(path, opener, monkeypatch):
    """While another program holds the lock, reads go on, and writes give up in time."""
    monkeypatch.setattr(sqlengine, "_SQLITE_BUSY_SECONDS", 0.2)
    store = opener()
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    with locked(path):
        assert load(store, sid) == seen
        for write in (
            lambda: store.apply(sid, seen, Changes({"a": b"2"})),
            lambda: store.apply(sid, seen, Changes({"a": b"2"}, move_to=new_sid())),
            lambda: store.create(new_sid(), new_record()),
            lambda: store.delete(sid),
        ):
            began = time.monotonic()
            with pytest.raises(StoreUnavailable, match="database is locked"):
                write()
            assert time.monotonic() - began < 2
        assert load(store, sid) == seen

    assert store.apply(sid, seen, Changes({"a": b"3"})).outcome is Outcome.SAVED
    store.close()


@pytest.mark.slow
def test_a_writer_waits_for_another_program(path, store):
    """A lock that is held for a moment only delays a write."""
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    # The other program is told to end right before we write, and does so while we wait.
    with locked(path) as let_go, interrupted(store, "UPDATE", let_go):
        assert store.apply(sid, seen, Changes({"a": b"2"})).outcome is Outcome.SAVED


def test_the_lock_is_taken_before_reading(opener, monkeypatch):
    """What a transaction has read cannot be changed by others before it writes."""
    store = opener()
    sid = put(store, {"a": b"old"})
    seen = load(store, sid)
    current = save(store, sid, seen, Changes({"a": b"new"}))
    monkeypatch.setattr(sqlengine, "_SQLITE_BUSY_SECONDS", 0.05)
    other = opener()

    def write():
        with pytest.raises(StoreUnavailable, match="locked"):
            other.apply(sid, current, Changes({"other": b"1"}))

    # The view does not say what is expected, so the record is read in the transaction.
    changes = Changes(expects={"a": b"new"}, move_to=new_sid())
    with interrupted(store, "UPDATE", write):
        assert store.apply(sid, seen, changes).outcome is Outcome.SAVED
    store.close()
    other.close()


def test_a_full_disk_leaves_the_old_record(store):
    """Where nothing more can be written, writing fails, reading goes on, and no data is lost."""
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    with store.engine.connect() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar()
    store.close()
    # As if the disk ended here.
    _limit_pages(store, pages)
    large = bytes(1_000_000)
    for changes in (Changes({"b": large}), Changes({"b": large}, move_to=new_sid())):
        with pytest.raises(StoreUnavailable, match="full"):
            store.apply(sid, seen, changes)
    with pytest.raises(StoreUnavailable, match="full"):
        store.create(new_sid(), new_record({"b": large}))

    assert load(store, sid) == seen
    assert store.apply(sid, seen, Changes({"a": b"2"})).outcome is Outcome.SAVED


def _limit_pages(store, pages):
    @event.listens_for(store.engine.pool, "connect")
    def limit(connection, _record):
        connection.execute(f"PRAGMA max_page_count = {pages}").close()


def test_what_is_no_database_is_left_alone(path, store):
    """A file that is something else is not written over, and the error names the cause."""
    path.write_bytes(b"This is a letter to my aunt. " * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        store.load(new_sid())
    with pytest.raises(StoreUnavailable, match="not a database"):
        store.create(new_sid(), new_record())

    assert path.read_bytes().startswith(b"This is a letter")


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path):
    """Where no database can be, the answer is StoreUnavailable."""
    (tmp_path / "file").touch()
    store = SQLStore(f"sqlite:///{tmp_path}/file/sessions.sqlite")

    with pytest.raises(StoreUnavailable):
        store.load(new_sid())


def test_no_error_shows_what_is_stored(path, store, monkeypatch):
    """Neither a message nor the chain behind it holds a value, an owner or a sid."""
    sid = put(store, {"a": b"1"})
    query(
        path,
        "CREATE TRIGGER no BEFORE UPDATE ON flask_sessions BEGIN SELECT raise(ABORT, 'no'); END",
    )
    changes = Changes({"password": b"hunter2"}, owner="ada lovelace")
    with pytest.raises(StoreUnavailable) as caught:
        store.apply(sid, load(store, sid), changes)
    with statements(store), pytest.raises(StoreUnavailable) as observed:
        store.apply(sid, load(store, sid), changes)

    for error in (caught.value, observed.value):
        while error is not None:
            shown = str(error) + repr(error)
            assert "hunter2" not in shown
            assert "lovelace" not in shown
            assert str(sid) not in shown
            error = error.__cause__ or error.__context__


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:a?mode=memory&uri=true"]
)
def test_a_database_in_memory_is_refused(url):
    """A database in memory has one connection for all, so it cannot have our transactions."""
    with pytest.raises(ConfigError, match="memory://"):
        SQLStore(url)


@pytest.mark.parametrize("options", [{}, {"poolclass": StaticPool}])
def test_an_engine_in_memory_is_refused(options):
    """The same goes for an engine; one that is found later is refused when it is used."""
    engine = create_engine("sqlite://", **options)
    with pytest.raises(ConfigError, match="memory://"):
        SQLStore(engine)

    with pytest.raises(ConfigError, match="memory://"):
        SQLStore(lambda: engine).load(new_sid())
    engine.dispose()


def test_a_wrong_url_is_refused():
    """What is no URL of a database is a ConfigError that names the setting."""
    with pytest.raises(ConfigError, match="SESSION_STORE is 'nonsense'"):
        SQLStore("nonsense")


def test_purging_uses_the_index(path, store):
    """What is expired is found without reading what is alive."""
    put(store)
    plan = query(
        path,
        "EXPLAIN QUERY PLAN SELECT sid FROM flask_sessions WHERE expires_at <= ? LIMIT ?",
        *(1, 1),
    )

    assert "INDEX flask_sessions_expires_at" in plan[0][-1]
    assert "SCAN" not in plan[0][-1]


def test_a_read_uses_the_primary_key(path, store):
    """A record is found by its key."""
    put(store)
    plan = query(path, "EXPLAIN QUERY PLAN SELECT data FROM flask_sessions WHERE sid = ?", b"")

    assert "SEARCH" in plan[0][-1]


@pytest.mark.slow
@pytest.mark.parametrize("writes", [100, pytest.param(1000, marks=pytest.mark.torture)])
def test_eight_processes_write_at_once(opener, writes):
    """Eight processes that begin on a new file, and write and read, meet no error."""
    workers = Workers(8)
    try:
        done = workers.run(forking.write_sessions, opener, writes)
    finally:
        workers.close()

    assert done == [writes] * 8


@pytest.mark.slow
def test_processes_may_begin_together(tmp_path):
    """Processes that all find no database make one together, without an error."""
    workers = Workers(4)
    try:
        urls = [f"sqlite:///{tmp_path / f'{number}.sqlite'}" for number in range(30)]
        workers.run(forking.begin_together, [partial(SQLStore, url) for url in urls])
    finally:
        workers.close()


@pytest.mark.slow
def test_a_forked_child_has_its_own_connections(opener, path):
    """After a fork parent and child both go on, and neither uses the other's connections."""
    workers = Workers(1)
    try:
        (seen,) = workers.run(forking.use_in_children, opener)
    finally:
        workers.close()

    assert seen == ["child 0", "child 1", "child 2", "parent"]
    assert query(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_store_that_is_closed_can_be_used_again(store):
    """`close` gives connections back; the next call opens new ones."""
    sid = put(store, {"a": b"1"})
    store.close()
    store.close()

    assert load(store, sid).values == {"a": b"1"}
