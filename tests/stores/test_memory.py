"""The memory store: the contract, and what is special about it."""

from __future__ import annotations

import pytest

from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.testing import StoreContract


class TestMemoryStore(StoreContract):
    """Records in a dict."""

    shared = False

    @pytest.fixture
    def opener(self):
        """Return a new store; each test opens one only."""
        return MemoryStore
