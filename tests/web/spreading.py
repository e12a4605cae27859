"""A store in memory that keeps large values beside the record, as stores on a disk do."""

from __future__ import annotations

from flask_sessionplus.record import Changes, Record, spread
from flask_sessionplus.stores.base import Applied, Miss
from flask_sessionplus.stores.memory import MemoryStore


class SpreadingStore(MemoryStore):
    """Hands out records without their large values, which have to be fetched."""

    def load(self, sid: bytes) -> Record | Miss:
        """Return the record, and only the names of what is large in it."""
        found = super().load(sid)
        return found if isinstance(found, Miss) else spread(found)[0]

    def apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        """Do the changes."""
        outcome, record = super().apply(sid, seen, changes)
        return Applied(outcome, None if record is None else spread(record)[0])

    def fetch(self, sid: bytes, names) -> dict[str, bytes]:
        """Return the large values of these names."""
        found = super().load(sid)
        large = {} if isinstance(found, Miss) else spread(found)[1]
        return {name: large[name] for name in names if name in large}
