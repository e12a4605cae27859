"""The file of an SQLite database: whose it is, who waits for whom, and what may go wrong."""

from __future__ import annotations

import os
from functools import partial

import pytest
from sqlalchemy import event, text

from flask_sessionplus.errors import StoreUnavailable
from flask_sessionplus.record import Changes
from flask_sessionplus.stores import sqlengine
from flask_sessionplus.stores.base import Outcome
from flask_sessionplus.stores.sql import SQLStore
from flask_sessionplus.testing.workers import Workers
from tests.stores import forking
from tests.stores.records import load, new_record, new_sid, put, save
from tests.stores.sqlitefile import locked, mode, opener, path, query, store
from tests.stores.sqlwatching import interrupted, statements
from tests.support.timing import within

__all__ = ["opener", "path", "store"]


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
@pytest.mark.timed
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
            with within(2), pytest.raises(StoreUnavailable, match="database is locked"):
                write()
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
