"""The SQL store on SQLite."""

from __future__ import annotations

import sqlite3
import traceback
from functools import partial

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from flask_sessionplus.errors import ConfigError, DamagedRecord
from flask_sessionplus.record import Changes
from flask_sessionplus.stores.base import Miss, Page
from flask_sessionplus.stores.sql import SQLStore
from flask_sessionplus.testing.workers import Workers
from tests.stores import forking
from tests.stores.records import load, new_record, new_sid, put, save
from tests.stores.sqlcontract import SQLContract
from tests.stores.sqlitefile import opener, path, query, store

__all__ = ["opener", "path", "store"]


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


@pytest.mark.slow
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
        lambda store: store.create(new_sid(), new_record({"large": bytes(20_000)})),
        lambda store: store.fetch(new_sid(), ["large"]) == {},
        lambda store: store.owned("ada") == [],
        lambda store: store.delete_owned("ada") == 0,
        lambda store: list(store.browse()) == [],
    ],
)
def test_the_table_makes_itself(path, store, use):
    """Whatever a request calls first makes the tables; to make the store touches nothing."""
    assert not path.exists()
    assert use(store)
    assert query(path, "SELECT name FROM sqlite_master WHERE type = 'table'") == [
        ("flask_sessions",),
        ("flask_sessions_values",),
    ]


def test_who_only_counts_makes_nothing(path, store):
    """Tools that count, list or purge leave no file behind, which might be another user's."""
    assert store.count() == store.count_expired() == store.purge(10) == 0
    assert store.page(None, 10) == Page([], None)
    assert not store.is_made()
    assert not path.exists()
    put(store)
    assert store.is_made()
    assert (store.count(), len(store.page(None, 10).found)) == (1, 1)


def test_the_table_makes_itself_again(path, store):
    """A table that is dropped under a running app is made again; what was in it is gone."""
    sid = put(store, {"large": bytes(20_000)})
    query(path, "DROP TABLE flask_sessions_values")
    assert store.fetch(sid, ["large"]) == {}
    query(path, "DROP TABLE flask_sessions_values")
    save(store, sid, load(store, sid), Changes({"large": b"1" * 20_000}))
    assert store.fetch(sid, ["large"]) == {"large": b"1" * 20_000}
    query(path, "DROP TABLE flask_sessions")

    assert store.load(sid) is Miss.UNKNOWN
    assert put(store)


def test_the_table_has_the_name_it_is_given(path):
    """The name of the table can be chosen, for two apps in one database."""
    store = SQLStore(f"sqlite:///{path}", "shop_sessions")
    put(store)
    store.close()

    assert query(path, "SELECT count(*) FROM shop_sessions") == [(1,)]


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


@pytest.mark.parametrize("table", ["flask_sessions", "flask_sessions_values"])
def test_text_in_the_place_of_bytes(tmp_path, table):
    """What is no bytes is a damaged record, and the error shows nothing of what is stored."""
    url = f"sqlite:///{tmp_path / 'sessions.sqlite'}"
    store = SQLStore(url)
    sid = put(store, {"large": b"x" * 20_000})
    with sqlite3.connect(tmp_path / "sessions.sqlite") as database:
        database.execute(f"UPDATE {table} SET data = CAST(x'7365637265740080ff' AS TEXT)")

    look = store.load if table == "flask_sessions" else partial(store.fetch, names=["large"])
    with pytest.raises(DamagedRecord) as caught:
        look(sid)
    assert "secret" not in "".join(traceback.format_exception(caught.value))
    store.close()
