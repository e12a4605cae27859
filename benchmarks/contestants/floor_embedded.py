"""The floors that need no server: a dict, files, SQLite by hand."""

from __future__ import annotations

import os
import secrets
import sqlite3
import time

from .floor import Floor, expiry
from .places import InFiles, InMemory, InSQLite

_CHUNK = 1 << 16


class FloorMemory(InMemory, Floor):
    """A dict of bytes."""

    name = "floor:memory"

    def connect(self, place: str) -> None:
        self._sessions: dict[str, bytes] = {}

    def load(self, sid: str) -> bytes | None:
        return self._sessions.get(sid)

    def insert(self, sid: str, data: bytes) -> None:
        self._sessions[sid] = data

    def update(self, sid: str, data: bytes) -> None:
        self._sessions[sid] = data

    def move(self, old: str, new: str, data: bytes) -> None:
        del self._sessions[old]
        self._sessions[new] = data


class FloorFile(InFiles, Floor):
    """A file for each session, replaced as a whole."""

    name = "floor:file"

    def connect(self, place: str) -> None:
        self._folder = place.removeprefix("file://")
        os.mkdir(self._folder, 0o700)

    def load(self, sid: str) -> bytes | None:
        try:
            descriptor = os.open(f"{self._folder}/{sid}", os.O_RDONLY)
        except FileNotFoundError:
            return None
        data = os.read(descriptor, _CHUNK)
        while len(data) % _CHUNK == 0 and (more := os.read(descriptor, _CHUNK)):
            data += more
        os.close(descriptor)
        return data

    def insert(self, sid: str, data: bytes) -> None:
        path = f"{self._folder}/{sid}"
        temporary = f"{self._folder}/.{secrets.token_hex(8)}"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(descriptor, data)
        os.close(descriptor)
        os.replace(temporary, path)

    def update(self, sid: str, data: bytes) -> None:
        self.insert(sid, data)

    def move(self, old: str, new: str, data: bytes) -> None:
        self.insert(new, data)
        os.unlink(f"{self._folder}/{old}")


class FloorSQLite(InSQLite, Floor):
    """One table, write-ahead log, one connection, every statement its own transaction."""

    name = "floor:sqlite"

    _setup = (
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = NORMAL",
        "CREATE TABLE sessions (sid TEXT PRIMARY KEY, expires INTEGER NOT NULL,"
        " data BLOB NOT NULL) WITHOUT ROWID",
        "CREATE INDEX expires ON sessions (expires)",
    )
    _load = "SELECT data FROM sessions WHERE sid = ? AND expires > ?"
    _insert = "INSERT INTO sessions (sid, expires, data) VALUES (?, ?, ?)"
    _update = "UPDATE sessions SET data = ?, expires = ? WHERE sid = ?"
    _move = "UPDATE sessions SET sid = ?, data = ?, expires = ? WHERE sid = ?"

    def connect(self, place: str) -> None:
        self._connection = sqlite3.connect(place.removeprefix("sqlite:///"), isolation_level=None)
        self._execute = self._connection.execute
        for statement in self._setup:
            self._execute(statement)

    def load(self, sid: str) -> bytes | None:
        row = self._execute(self._load, (sid, time.time())).fetchone()
        return None if row is None else row[0]

    def insert(self, sid: str, data: bytes) -> None:
        self._execute(self._insert, (sid, expiry(), data))

    def update(self, sid: str, data: bytes) -> None:
        self._execute(self._update, (data, expiry(), sid))

    def move(self, old: str, new: str, data: bytes) -> None:
        self._execute(self._move, (new, data, expiry(), old))

    def close(self) -> None:
        self._connection.close()
