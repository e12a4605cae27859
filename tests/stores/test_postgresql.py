"""The SQL store on PostgreSQL."""

from __future__ import annotations

from functools import partial

import pytest

from flask_sessionplus.stores.sql import SQLStore
from tests.stores.sqlcontract import SQLContract

pytestmark = pytest.mark.slow


class TestPostgreSQL(SQLContract):
    """Records in a table of PostgreSQL."""

    @pytest.fixture
    def opener(self, postgresql_url, fresh_name):
        """Open a table of this test's own; it is dropped afterwards."""
        opener = partial(SQLStore, postgresql_url, fresh_name)
        yield opener
        store = opener()
        store.table.drop(store.engine, checkfirst=True)
        store.close()
