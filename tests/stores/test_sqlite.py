"""The SQL store on SQLite."""

from __future__ import annotations

from functools import partial

import pytest

from flask_sessionplus.stores.sql import SQLStore
from tests.stores.sqlcontract import SQLContract


class TestSQLite(SQLContract):
    """Records in an SQLite file."""

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same file again."""
        return partial(SQLStore, f"sqlite:///{tmp_path / 'sessions.sqlite'}")
