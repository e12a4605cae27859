"""Where sessions lie: a place for one contestant, that is gone afterwards with all it holds.

Each is one half of a contestant; the other half opens an application there.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

from .. import servers
from .base import Contestant, Unavailable

_numbers = count(1)
_redis_databases = set(range(1, 16))


class Nowhere(Contestant):
    """In no place of its own."""

    def place(self, folder: Path) -> str:
        return ""


class InMemory(Contestant):
    """In this process."""

    def place(self, folder: Path) -> str:
        return "memory://"


class InFiles(Contestant):
    """In a folder."""

    def place(self, folder: Path) -> str:
        return f"file://{folder}/sessions"


class InSQLite(Contestant):
    """In a database file."""

    def place(self, folder: Path) -> str:
        self._path = folder / "sessions.db"
        return f"sqlite:///{self._path}"

    def size(self) -> int:
        return checkpoint(self._path)


class InRedis(Contestant):
    """In a database of a Redis that is ours."""

    server = servers.REDIS

    def place(self, folder: Path) -> str:
        try:
            import redis
        except ImportError as error:
            raise Unavailable("needs redis") from error
        url = self.server.url
        self._number = _redis_databases.pop()
        place = url.set(database=str(self._number)).render_as_string()
        self._client = redis.Redis.from_url(place)
        self._used_before = self._used()
        return place

    def size(self) -> int:
        # Not MEMORY USAGE of each key: that leaves out the tables the keys and expiries stand in.
        return self._used() - self._used_before

    def close(self) -> None:
        self._client.flushdb()
        self._client.close()
        _redis_databases.add(self._number)

    def _used(self) -> int:
        return int(self._client.info("memory")["used_memory"])


class InPostgreSQL(Contestant):
    """In a database of a PostgreSQL that is ours."""

    server = servers.POSTGRESQL

    def place(self, folder: Path) -> str:
        url = self.server.url
        self._name = f"bench_{next(_numbers)}"
        self._run("postgres", f"CREATE DATABASE {self._name}")
        # No waiting for the disk, for nobody: the other stores are in memory, too.
        self._run("postgres", f"ALTER DATABASE {self._name} SET synchronous_commit = off")
        return url.set(database=self._name).render_as_string()

    def size(self) -> int:
        tables = "FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        return int(self._run(self._name, f"SELECT sum(pg_total_relation_size(oid)) {tables}")[0])

    def close(self) -> None:
        self._run("postgres", f"DROP DATABASE {self._name} WITH (FORCE)")

    def _run(self, database: str, statement: str) -> tuple[Any, ...]:
        import psycopg

        url = self.server.url.set(drivername="postgresql", database=database)
        with psycopg.connect(url.render_as_string(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return (cursor.fetchone() or ()) if cursor.description else ()


class InMariaDB(Contestant):
    """In a database of a MariaDB that is ours."""

    server = servers.MARIADB

    def place(self, folder: Path) -> str:
        url = self.server.url
        self._name = f"bench_{next(_numbers)}"
        self._run(f"CREATE DATABASE {self._name} CHARACTER SET utf8mb4")
        return url.set(database=self._name).render_as_string()

    def close(self) -> None:
        self._run(f"DROP DATABASE {self._name}")

    def _run(self, statement: str) -> None:
        import pymysql

        url = self.server.url
        with (
            closing(pymysql.connect(host=url.host, port=url.port or 0, user="root")) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def checkpoint(database: Path) -> int:
    """Move all that is in the log into the database file; return how many bytes that has."""
    with closing(sqlite3.connect(database)) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if busy:
        raise RuntimeError(f"{database} could not be checkpointed")
    return database.stat().st_size
