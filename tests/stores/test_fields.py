"""The store by fields: the contract. What is special about it: test_fields_apart.py."""

from __future__ import annotations

from functools import partial

import pytest

from flask_sessionplus.record import Record
from flask_sessionplus.stores.base import (
    Applied,
    Browsable,
    Outcome,
    OwnerIndex,
    Store,
)
from flask_sessionplus.stores.fields import by_field
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.testing import StoreContract


class InOnePiece(Store):
    """Shows a store's records as if nothing lay elsewhere, as most claims look at them."""

    def __init__(self, inner):
        self.inner = inner
        self.parts = (inner,)

    def load(self, sid):
        """Return the record with all its values."""
        return self._whole(sid, self.inner.load(sid))

    def create(self, sid, record):
        """Create it."""
        return self.inner.create(sid, record)

    def apply(self, sid, seen, changes):
        """Do the changes; return the record with all its values."""
        outcome, record = self.inner.apply(sid, getattr(seen, "inner", seen), changes)
        place = changes.move_to if outcome is Outcome.SAVED else None
        return Applied(outcome, self._whole(place or sid, record))

    def delete(self, sid):
        """Delete it."""
        return self.inner.delete(sid)

    def fetch(self, sid, names):
        """Nothing lies elsewhere."""
        return {}

    def _whole(self, sid, record):
        for _ in range(200):
            if not isinstance(record, Record) or not record.beside:
                return record
            values = self.inner.fetch(sid, list(record.beside))
            if values.keys() == record.beside.keys():
                return _Whole.of(record, values)
            # Somebody has changed it since.
            record = self.inner.load(sid)
        raise AssertionError(f"{record.beside.keys() - values.keys()} are lost")


class _Whole(Record):
    """A record that remembers the one it was made from."""

    @classmethod
    def of(cls, record, values):
        """Add *values*."""
        whole = cls(**{**_fields(record), "values": record.values | values, "beside": {}})
        whole.inner = record
        return whole

    def __eq__(self, other):
        return _fields(self) == _fields(other)


def _fields(record):
    return {name: getattr(record, name) for name in Record.__dataclass_fields__}


def open_fields(folder, *patterns):
    """Open files for the main record and for each pattern."""
    stores = {name: FileStore(folder / f"part-{n}") for n, name in enumerate(patterns)}
    return by_field({**stores, "*": FileStore(folder / "main")})


def open_in_one_piece(folder, *patterns):
    """Open the same, to be looked at as one piece."""
    return InOnePiece(open_fields(folder, *patterns))


@pytest.mark.torture
class TestNothingElsewhere(StoreContract):
    """Parts that no field of the claims belongs to."""

    powers = (OwnerIndex, Browsable)

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same folders again."""
        return partial(open_fields, tmp_path, "no such field")


@pytest.mark.torture
class TestAllElsewhere(StoreContract):
    """All fields in parts: the main record decides all the same."""

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same folders again."""
        return partial(open_in_one_piece, tmp_path, "a", "n", "?*")


class TestSomeElsewhere(StoreContract):
    """Some fields of a claim in parts, some in the main record."""

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same folders again."""
        return partial(open_in_one_piece, tmp_path, "a", "lock", "*[13579]", "large")
