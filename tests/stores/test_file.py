"""The file store: the contract, and what is special about it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.testing import StoreContract


class TestFileStore(StoreContract):
    """Records in files."""

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same folder again."""
        return partial(FileStore, tmp_path / "sessions")

    def damage(self, store, sid):
        """Turn one bit of the file."""
        path = Path(store._path(sid))
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 4
        path.write_bytes(data)
        return path.read_bytes
