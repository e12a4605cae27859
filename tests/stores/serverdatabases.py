"""What holds for the SQL store on every database that is a server."""

from __future__ import annotations

from functools import partial

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, make_url

from flask_sessionplus.errors import StoreNotReady, StoreUnavailable
from flask_sessionplus.record import Changes
from flask_sessionplus.stores.base import Outcome
from flask_sessionplus.stores.sql import SQLStore
from flask_sessionplus.stores.sqlmetadata import sessions_table
from flask_sessionplus.testing.workers import Workers
from tests.stores import forking
from tests.stores.records import load, new_record, new_sid, put, save, whole
from tests.support.probe import execute
from tests.support.processes import free_port

LARGE = b"L" * 20_000


class ServerClaims:
    """To be inherited beside `SQLContract`."""

    def kill_connections(self, store):
        """Let the server end all connections that *store* keeps open."""
        raise NotImplementedError

    def largest(self, store):
        """Return how many bytes a value may have on this server."""
        return 15_999_000

    @pytest.mark.parametrize(
        "use",
        [
            lambda store: store.load(new_sid()),
            lambda store: store.create(new_sid(), new_record()),
            lambda store: store.apply(new_sid(), new_record(), Changes({"a": b"1"})),
            lambda store: store.apply(new_sid(), new_record(), Changes(move_to=new_sid())),
            lambda store: store.delete(new_sid()),
            lambda store: store.purge(10),
            lambda store: store.count_expired(),
        ],
    )
    def test_a_missing_table_is_reported(self, open_again, use):
        """The table is not made behind the operator's back: the error says how to make it."""
        store = open_again()
        with pytest.raises(StoreNotReady, match="flask session init"):
            use(store)

        with pytest.raises(StoreNotReady):
            use(store)
        store.prepare()
        use(store)

    def test_a_read_survives_a_dead_connection(self, store, clock):
        """A connection that the server has closed is replaced without anybody noticing."""
        sid = put(store, {"a": b"1"})
        self.kill_connections(store)

        assert load(store, sid).values == {"a": b"1"}
        save(store, sid, load(store, sid), Changes({"a": b"2"}))

    @pytest.mark.parametrize(
        "use",
        [
            lambda store, sid, seen: save(store, sid, seen, Changes({"a": b"2"})),
            lambda store, sid, seen: save(store, sid, seen, Changes({"large": LARGE})),
            lambda store, sid, seen: save(store, sid, seen, Changes(move_to=new_sid())),
            lambda store, sid, seen: save(
                store, sid, seen, Changes({"n": b"1"}, expects={"n": None})
            ),
            lambda store, sid, seen: put(store, {"a": b"1"}),
            lambda store, sid, seen: put(store, {"large": LARGE}),
            lambda store, sid, seen: store.delete(sid) or pytest.fail("there was one"),
            lambda store, sid, seen: store.purge(10),
            lambda store, sid, seen: store.delete_owned("ada") == 1 or pytest.fail("not one"),
            lambda store, sid, seen: store.owned("ada")[0],
            lambda store, sid, seen: store.fetch(sid, ["large"]),
            lambda store, sid, seen: set(store.browse()) == {sid} or pytest.fail("not met"),
        ],
    )
    def test_nobody_notices_a_dead_connection(self, store, clock, use):
        """Whatever is done on a connection that the server has closed is done on another one."""
        sid = put(store, {"a": b"1"}, owner="ada")
        seen = load(store, sid)
        self.kill_connections(store)

        use(store, sid, seen)

    def test_a_server_that_is_gone_is_unavailable(self, opener):
        """Where nobody answers, every call says so, and does not show the password."""
        url = make_url(opener.args[0]).set(port=free_port(), username="me", password="hunter2")
        store = SQLStore(url)
        for use in (store.load, store.delete):
            with pytest.raises(StoreUnavailable, match="does not answer") as caught:
                use(new_sid())
            assert not isinstance(caught.value, StoreNotReady)
            assert "hunter2" not in str(caught.value)

    def test_a_forked_child_has_its_own_connections(self, store, opener):
        """After a fork parent and child both go on, and neither disturbs the other."""
        workers = Workers(1)
        try:
            (seen,) = workers.run(forking.use_in_children, opener)
        finally:
            workers.close()

        assert seen == ["child 0", "child 1", "child 2", "parent"]

    def test_migrations_find_nothing_to_change(self, store, opener):
        """The tables that `prepare` makes are those that Alembic has in mind."""
        metadata, ours = MetaData(), (store.table.name, store.values.name)
        sessions_table(metadata, store.table.name)
        with store.engine.connect() as connection:
            options = {
                "compare_type": True,
                "include_name": lambda name, kind, _: kind != "table" or name in ours,
            }
            context = MigrationContext.configure(connection, opts=options)

            assert compare_metadata(context, metadata) == []

    def test_a_schema_can_be_named(self, opener, fresh_name):
        """The table may lie in another schema."""
        url, table = opener.args
        execute(url, f"CREATE SCHEMA {fresh_name}_schema")
        store = SQLStore(url, table, f"{fresh_name}_schema")
        try:
            with pytest.raises(StoreNotReady, match=f"{fresh_name}_schema.{table}"):
                store.load(new_sid())
            store.prepare()
            sid = put(store, {"a": b"1"})

            assert load(store, sid).values == {"a": b"1"}
        finally:
            store.close()
            cascade = " CASCADE" if url.startswith("postgresql") else ""
            execute(url, f"DROP SCHEMA {fresh_name}_schema{cascade}")

    def test_a_large_value_is_kept(self, store, clock):
        """The largest value that the settings and the server allow comes back whole."""
        value = (bytes(range(256)) * 62_500)[: self.largest(store)]
        sid = put(store, {"small": b"1"})
        outcome, _ = store.apply(sid, load(store, sid), Changes({"large": value}))

        assert outcome is Outcome.SAVED
        assert whole(store, sid) == {"small": b"1", "large": value}


def table_of(url, name):
    """Yield a function that opens a store on a table, which is dropped afterwards."""
    opener = partial(SQLStore, url, name)
    yield opener
    store = opener()
    for table in (store.table, store.values):
        table.drop(store.engine, checkfirst=True)
    store.close()
