"""The floors on database servers, by hand."""

from __future__ import annotations

import time
from typing import Any

from .floor import LIFETIME, Floor, expiry
from .places import InMariaDB, InPostgreSQL, InRedis


class FloorRedis(InRedis, Floor):
    """redis-py's client, one string for each session."""

    name = "floor:redis"

    def connect(self, place: str) -> None:
        import redis

        self._redis: Any = redis.Redis.from_url(place)

    def load(self, sid: str) -> bytes | None:
        data: bytes | None = self._redis.get(f"session:{sid}")
        return data

    def insert(self, sid: str, data: bytes) -> None:
        self._redis.set(f"session:{sid}", data, ex=LIFETIME)

    def update(self, sid: str, data: bytes) -> None:
        self._redis.set(f"session:{sid}", data, ex=LIFETIME)

    def move(self, old: str, new: str, data: bytes) -> None:
        with self._redis.pipeline() as pipeline:
            pipeline.set(f"session:{new}", data, ex=LIFETIME)
            pipeline.delete(f"session:{old}")
            pipeline.execute()

    def close(self) -> None:
        self._redis.close()
        super().close()


class _FloorSQL(Floor):
    """Statements on one cursor of one connection, both made by `connect`."""

    _connection: Any
    _cursor: Any
    _execute: Any
    _load: str
    _insert: str
    _update: str
    _move: str

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

    def close(self) -> None:
        self._connection.close()
        super().close()


class FloorPostgreSQL(InPostgreSQL, _FloorSQL):
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

    def connect(self, place: str) -> None:
        import psycopg

        url = place.replace("postgresql+psycopg:", "postgresql:", 1)
        self._connection = psycopg.connect(url, autocommit=True, prepare_threshold=0)
        self._cursor = self._connection.cursor(binary=True)
        self._execute = self._cursor.execute
        for statement in self._setup:
            self._execute(statement)


class FloorMariaDB(InMariaDB, _FloorSQL):
    """PyMySQL with one connection: autocommit."""

    name = "floor:mariadb"

    _setup = (
        "CREATE TABLE sessions (sid varchar(43) CHARACTER SET ascii PRIMARY KEY,"
        " expires bigint NOT NULL, data mediumblob NOT NULL, INDEX expires (expires))"
    )
    _load = "SELECT data FROM sessions WHERE sid = %s AND expires > %s"
    _insert = "INSERT INTO sessions (sid, expires, data) VALUES (%s, %s, %s)"
    _update = "UPDATE sessions SET data = %s, expires = %s WHERE sid = %s"
    _move = "UPDATE sessions SET sid = %s, data = %s, expires = %s WHERE sid = %s"

    def connect(self, place: str) -> None:
        import pymysql
        from sqlalchemy.engine import make_url

        url = make_url(place)
        self._connection = pymysql.connect(
            host=url.host, port=url.port or 0, user="root", database=url.database, autocommit=True
        )
        self._cursor = self._connection.cursor()
        self._execute = self._cursor.execute
        self._execute(self._setup)
