"""Database servers that happen to run here: a place of our own in each, and gone afterwards."""

from __future__ import annotations

import os
from itertools import count
from typing import Any

from ..machine import keep_off_our_core
from .base import Unavailable

_numbers = count()


class PostgreSQLSchema:
    """A schema in the test database, made for one contestant and dropped with all it holds.

    The server is the one the tests use: ``TEST_POSTGRESQL_URL``, or the standard port.
    """

    def __init__(self, name: str) -> None:
        try:
            import psycopg
        except ImportError as error:
            raise Unavailable("needs psycopg") from error
        server = os.environ.get(
            "TEST_POSTGRESQL_URL", "postgresql://postgres@127.0.0.1:5432/postgres"
        )
        self._server = server.replace("postgresql+psycopg:", "postgresql:", 1)
        self._schema = f"bench_{name}_{os.getpid()}_{next(_numbers)}"
        try:
            self._run(f"CREATE SCHEMA {self._schema}")
        except psycopg.OperationalError as error:
            raise Unavailable("no PostgreSQL server answers") from error
        # No waiting for the disk, for nobody: the other stores are in memory, too.
        settings = {
            "application_name": self._schema,
            "search_path": self._schema,
            "synchronous_commit": "off",
        }
        options = "%20".join(f"-c{name}%3D{value}" for name, value in settings.items())
        separator = "&" if "?" in self._server else "?"
        self.dsn = f"{self._server}{separator}options={options}"
        #: The same for SQLAlchemy.
        self.url = self.dsn.replace("postgresql:", "postgresql+psycopg:", 1)

    def keep_off_our_core(self) -> None:
        """Let the server's side of our connections run on the other cores, where we may say so.

        On our core it answers in a quarter of the time, and where the system puts it is a matter
        of luck: some would win by the toss of a coin.
        """
        found = self._run(
            f"SELECT pid FROM pg_stat_activity WHERE application_name = '{self._schema}'"
        )
        for (pid,) in found:
            keep_off_our_core(pid)

    def drop(self) -> None:
        """Leave nothing behind."""
        self._run(f"DROP SCHEMA {self._schema} CASCADE")

    def _run(self, statement: str) -> list[Any]:
        import psycopg

        with psycopg.connect(self._server, autocommit=True, connect_timeout=2) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []
