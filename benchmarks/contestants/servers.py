"""Database servers that happen to run here: a place of our own in each, and gone afterwards."""

from __future__ import annotations

import os

from .base import Unavailable


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
        self._schema = f"bench_{name}_{os.getpid()}"
        try:
            self._run(f"CREATE SCHEMA {self._schema}")
        except psycopg.OperationalError as error:
            raise Unavailable("no PostgreSQL server answers") from error
        # No waiting for the disk, for nobody: the other stores are in memory, too.
        options = f"-csearch_path%3D{self._schema}%20-csynchronous_commit%3Doff"
        separator = "&" if "?" in self._server else "?"
        self.dsn = f"{self._server}{separator}options={options}"
        #: The same for SQLAlchemy.
        self.url = self.dsn.replace("postgresql:", "postgresql+psycopg:", 1)

    def drop(self) -> None:
        """Leave nothing behind."""
        self._run(f"DROP SCHEMA {self._schema} CASCADE")

    def _run(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self._server, autocommit=True, connect_timeout=2) as connection:
            connection.execute(statement.encode())
