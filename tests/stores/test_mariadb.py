"""The SQL store on MariaDB."""

from __future__ import annotations

from functools import partial

import pytest

from flask_sessionplus.stores.sql import SQLStore
from tests.stores.sqlcontract import SQLContract

pytestmark = pytest.mark.slow


class TestMariaDB(SQLContract):
    """Records in a table of MariaDB."""

    @pytest.fixture
    def opener(self, mariadb_url, fresh_name):
        """Open a table of this test's own; it is dropped afterwards."""
        opener = partial(SQLStore, mariadb_url, fresh_name)
        yield opener
        store = opener()
        store.table.drop(store.engine, checkfirst=True)
        store.close()
