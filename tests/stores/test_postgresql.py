"""The SQL store on PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, text

from flask_sessionplus.testing.contract.parallel import ParallelClaims
from flask_sessionplus.testing.contract.processes import ProcessClaims
from tests.stores.serverdatabases import ServerClaims, table_of
from tests.stores.sqlcontract import SQLContract
from tests.support.probe import execute

pytestmark = pytest.mark.slow


class TestPostgreSQL(ServerClaims, SQLContract):
    """Records in a table of PostgreSQL."""

    move = ("WITH",)
    step = "WITH"

    @pytest.fixture
    def opener(self, postgresql_url, fresh_name):
        """Open a table of this test's own; it is dropped afterwards."""
        yield from table_of(postgresql_url, fresh_name)

    def kill_connections(self, store):
        """Let the server end all connections that *store* keeps open."""
        idle = store._connections._pool.idle
        numbers = [each.driver.info.backend_pid for each in idle]
        assert numbers
        for number in numbers:
            execute(store.engine.url, f"SELECT pg_terminate_backend({number}, 5000)")


@pytest.mark.torture
class TestPostgreSQLTorture(TestPostgreSQL):
    """The same, for much longer."""

    scale = 20


class TestPostgreSQLThatIsStrict(ParallelClaims, ProcessClaims):
    """Records on a server whose administrator wants every transaction serializable."""

    powers = SQLContract.powers

    @pytest.fixture
    def opener(self, postgresql_url, fresh_name):
        """Open a table of this test's own; it is dropped afterwards."""
        option = "options=-cdefault_transaction_isolation%3Dserializable"
        yield from table_of(f"{postgresql_url}?{option}", fresh_name)

    def close(self, store):
        """Give the connections back."""
        store.close()

    def test_it_is_so(self, opener):
        """Others on this server are isolated as the administrator says; we are as we need it."""
        engine = create_engine(opener.args[0])
        show = text("SHOW transaction_isolation")
        with engine.connect() as connection:
            assert connection.execute(show).scalar() == "serializable"
        engine.dispose()
        store = opener()
        with store.engine.connect() as connection:
            assert connection.execute(show).scalar() == "read committed"
        store.close()
