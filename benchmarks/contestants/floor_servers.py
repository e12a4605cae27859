"""The floors on database servers, by hand."""

from __future__ import annotations

import time
from pathlib import Path

from .floor import Floor, expiry
from .servers import PostgreSQLSchema


class FloorPostgreSQL(Floor):
    """psycopg with one connection: autocommit, prepared, binary."""

    name = "floor:postgresql"

    _setup = (
        "CREATE TABLE sessions"
        " (sid text PRIMARY KEY, expires bigint NOT NULL, data bytea NOT NULL)",
        "CREATE INDEX expires ON sessions (expires)",
    )
    _load = "SELECT data FROM sessions WHERE sid = %b AND expires > %b"
    _insert = "INSERT INTO sessions (sid, expires, data) VALUES (%b, %b, %b)"
    _update = "UPDATE sessions SET data = %b, expires = %b WHERE sid = %b"
    _move = "UPDATE sessions SET sid = %b, data = %b, expires = %b WHERE sid = %b"

    def open(self, folder: Path) -> None:
        self._schema = PostgreSQLSchema("floor")
        import psycopg

        self._connection = psycopg.connect(self._schema.dsn, autocommit=True, prepare_threshold=0)
        self._cursor = self._connection.cursor(binary=True)
        self._execute = self._cursor.execute
        for statement in self._setup:
            self._execute(statement)

    def load(self, sid: str) -> bytes | None:
        self._execute(self._load, (sid, int(time.time())))
        row = self._cursor.fetchone()
        return None if row is None else row[0]

    def insert(self, sid: str, data: bytes) -> None:
        self._execute(self._insert, (sid, expiry(), data))

    def update(self, sid: str, data: bytes) -> None:
        self._execute(self._update, (data, expiry(), sid))

    def move(self, old: str, new: str, data: bytes) -> None:
        self._execute(self._move, (new, data, expiry(), old))

    def settle(self) -> None:
        self._schema.keep_off_our_core()

    def close(self) -> None:
        self._connection.close()
        self._schema.drop()
