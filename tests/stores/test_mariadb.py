"""The SQL store on MariaDB."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from flask_sessionplus.errors import SessionTooLarge
from flask_sessionplus.record import Changes
from tests.stores.records import load, new_record, new_sid, put, save
from tests.stores.serverdatabases import ServerClaims, table_of
from tests.stores.sqlcontract import SQLContract
from tests.stores.sqlwatching import statements
from tests.support.probe import execute

pytestmark = pytest.mark.slow


class TestMariaDB(ServerClaims, SQLContract):
    """Records in a table of MariaDB."""

    @pytest.fixture
    def opener(self, mariadb_url, fresh_name):
        """Open a table of this test's own; it is dropped afterwards."""
        yield from table_of(mariadb_url, fresh_name)

    def kill_connections(self, store):
        """Let the server end all connections that *store* keeps open."""
        idle = store._connections._pool.idle
        numbers = [each.driver.thread_id() for each in idle]
        assert numbers
        for number in numbers:
            execute(store.engine.url, f"KILL {number}")

    def largest(self, store):
        """Return how many bytes a value may have on this server."""
        with store.engine.connect() as connection:
            packet = connection.execute(text("SELECT @@max_allowed_packet")).scalar()
        # The driver writes bytes in hexadecimal.
        return min(super().largest(store), packet // 2 - 10_000)

    def test_the_column_holds_sixteen_megabytes(self, store, clock):
        """Nothing is cut off where MySQL's usual BLOB would end, at 64 KB, nor up to 16 MB."""
        sid, table = put(store), store.table.name
        with store.engine.connect() as connection:
            fill = text(f"UPDATE {table} SET data = repeat('a', 16000000) WHERE sid = :sid")
            connection.execute(fill, {"sid": sid})
            length = text(f"SELECT length(data) FROM {table} WHERE sid = :sid")

            assert connection.execute(length, {"sid": sid}).scalar() == 16_000_000

    def test_owners_differ_by_case(self, store, clock):
        """Two people whose names differ by case are two, whatever the server's collation is."""
        for owner in ("bob", "BOB", "böb", "bob "):
            put(store, owner=owner)
        count = text(f"SELECT count(*) FROM {store.table.name} WHERE owner = :owner")
        with store.engine.connect() as connection:
            for owner in ("bob", "BOB", "böb", "bob "):
                assert connection.execute(count, {"owner": owner}).scalar() == 1

    def test_a_value_too_large_for_the_server_is_refused(self, store, clock):
        """What the server does not take is named before it is sent; the old record is intact."""
        sid = put(store, {"a": b"1"})
        seen = load(store, sid)
        too_large = {"\x01ours": bytes(40_000_000)}, {"large": bytes(40_000_000)}
        with statements(store) as sent:
            for values in too_large:
                for changes in (Changes(values), Changes(values, move_to=new_sid())):
                    with pytest.raises(SessionTooLarge, match="max_allowed_packet"):
                        store.apply(sid, seen, changes)
                with pytest.raises(SessionTooLarge, match="max_allowed_packet"):
                    store.create(new_sid(), new_record(values))

        assert max(map(len, sent)) < 10_000
        assert load(store, sid) == seen
        assert (store.count(), self.count_beside(store)) == (1, 0)
        save(store, sid, seen, Changes({"a": b"2"}))


@pytest.mark.torture
class TestMariaDBTorture(TestMariaDB):
    """The same, for much longer."""

    scale = 20
