"""Two stores as they are often written, which the contract has to refuse.

Not collected by itself: `test_contract.py` runs it, and expects it to fail.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

import pytest

from flask_sessionplus import clock
from flask_sessionplus.record import is_expected, merge, pack, tombstone, unpack
from flask_sessionplus.stores.base import Applied, Miss, Outcome, Purgeable, Store
from flask_sessionplus.testing import StoreContract


class _Rows(Store, Purgeable):
    """What both have in common, which is well done: each call is one transaction."""

    def __init__(self, path):
        self._path = path

    def load(self, sid):
        """Return the record."""
        with self._transaction() as rows:
            record = self._get(rows, sid)
        if record is None:
            return Miss.UNKNOWN
        return Miss.MOVED if record.moved_to else record

    def create(self, sid, record):
        """Store a new record."""
        with self._transaction() as rows:
            if self._get(rows, sid) is not None:
                return False
            self._put(rows, sid, record)
            return True

    def delete(self, sid):
        """Remove the record, wherever it is now."""
        with self._transaction() as rows:
            record = self._get(rows, sid)
            while record is not None and record.moved_to:
                sid = record.moved_to
                record = self._get(rows, sid)
            rows.execute("DELETE FROM sessions WHERE sid = ?", [sid])
            return record is not None

    def purge(self, limit):
        """Remove expired records."""
        with self._transaction() as rows:
            expired = "SELECT sid FROM sessions WHERE expires_at <= ? LIMIT ?"
            found = rows.execute(expired, [clock.now(), limit]).fetchall()
            rows.executemany("DELETE FROM sessions WHERE sid = ?", found)
            return len(found)

    def count_expired(self):
        """Count expired records."""
        with self._transaction() as rows:
            count = "SELECT count(*) FROM sessions WHERE expires_at <= ?"
            return rows.execute(count, [clock.now()]).fetchone()[0]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._path, timeout=60, isolation_level=None)) as rows:
            rows.execute("PRAGMA synchronous = OFF")
            rows.execute("PRAGMA journal_mode = MEMORY")
            rows.execute("BEGIN IMMEDIATE")
            rows.execute(
                "CREATE TABLE IF NOT EXISTS sessions"
                " (sid PRIMARY KEY, expires_at INTEGER, record BLOB)"
            )
            yield rows
            rows.execute("COMMIT")

    def _get(self, rows, sid):
        query = "SELECT record FROM sessions WHERE sid = ? AND expires_at > ?"
        row = rows.execute(query, [sid, clock.now()]).fetchone()
        return None if row is None else unpack(row[0])

    def _put(self, rows, sid, record):
        values = [sid, record.expires_at, pack(record)]
        rows.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)", values)

    def _write(self, rows, sid, current, changes):
        if not is_expected(current, changes):
            return Applied(Outcome.CONFLICT, current)
        merged = merge(current, changes)
        if changes.move_to is not None:
            if self._get(rows, changes.move_to) is not None:
                return Applied(Outcome.TAKEN)
            self._put(rows, sid, tombstone(clock.now(), changes.move_to))
            sid = changes.move_to
        self._put(rows, sid, merged)
        return Applied(Outcome.SAVED, merged)


class BlobStore(_Rows):
    """Saves the session as the request has it: what others did meanwhile is written over."""

    def apply(self, sid, seen, changes):
        """Save all that was loaded, with the changes."""
        with self._transaction() as rows:
            current = self._get(rows, sid)
            if current is None or current.moved_to:
                return Applied(Outcome.GONE)
            return self._write(rows, sid, seen, changes)


class UpsertStore(_Rows):
    """Merges into what is stored, and creates it if it is not there."""

    def apply(self, sid, seen, changes):
        """Merge the changes into what is stored, or else into what was seen."""
        with self._transaction() as rows:
            current = self._get(rows, sid)
            if current is None or current.moved_to:
                current = seen
            return self._write(rows, sid, current, changes)


class TestBlobStore(StoreContract):
    """Load whole, save whole, the last one wins."""

    powers = (Purgeable,)

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same file again."""
        return partial(BlobStore, tmp_path / "sessions.sqlite")


class TestUpsertStore(StoreContract):
    """Saving recreates what was deleted."""

    powers = (Purgeable,)

    @pytest.fixture
    def opener(self, tmp_path):
        """Open the same file again."""
        return partial(UpsertStore, tmp_path / "sessions.sqlite")
