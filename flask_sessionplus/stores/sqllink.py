"""One connection of the SQL store, with what is kept of it between two statements."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError


class Link:
    """A connection in autocommit, used by one thread at a time.

    :param connection: what SQLAlchemy knows of it.
    """

    __slots__ = ("_kept", "connection", "dialect", "driver", "engine", "name", "pool")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.engine = connection.engine
        #: SQLAlchemy's pool that it comes from.
        self.pool = connection.engine.pool
        self.dialect = connection.dialect
        #: The database: sqlite, postgresql, mysql or mariadb.
        self.name: str = connection.dialect.name
        driver: Any = connection.connection.dbapi_connection
        self.driver = driver
        self._kept: Any = None
        if self.dialect.driver == "psycopg":
            from .sqlpsycopg import cursor_of

            self._kept = cursor_of(driver, connection.info)

    @property
    def has_numbers(self) -> bool:
        """Whether parameters are given by number: $1, $2 and so on."""
        return self._kept is not None

    @property
    def is_observed(self) -> bool:
        """Whether somebody wants to see the statements."""
        events = self.engine.dispatch
        return bool(
            events.before_cursor_execute
            or events.after_cursor_execute
            or events.before_execute
            or events.after_execute
            or self.engine.echo
        )

    def cursor(self) -> Any:
        """Return a cursor, to be closed after use."""
        return self._kept or self.driver.cursor()

    def leave_to_parent(self) -> None:
        """Close our end of a connection of the process we were forked from, without a word."""
        if self.dialect.driver == "psycopg":
            # Its own close() says good-bye to the server, for the parent as well.
            os.close(self.driver.fileno())
        elif self.dialect.driver == "pymysql":
            self.driver._force_close()

    def give_up(self) -> None:
        """End the connection: it may hold half an answer, or half a transaction."""
        with suppress(SQLAlchemyError):
            self.connection.invalidate()
        self.connection.close()
