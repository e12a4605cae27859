"""Statements that SQLAlchemy compiles once and the driver runs.

SQLAlchemy's own execution takes six times what SQLite takes for the answer, and most of
what a session costs. Where somebody listens to an engine's statements, or echoes them,
they go its way all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ClauseElement, Connection, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler


class Statement:
    """A statement whose parameters all have names. It belongs to one engine.

    :param clause: what to compile.
    """

    def __init__(self, clause: Executable) -> None:
        assert isinstance(clause, ClauseElement)
        self._clause = clause
        self._sql = ""
        self._order: list[str] | None = None
        self._defaults: Mapping[str, Any] = {}

    def first(self, connection: Connection, parameters: Mapping[str, Any]) -> Any:
        """Return the first row, a tuple, or None."""
        if _is_observed(connection):
            return connection.execute(self._clause, parameters).first()
        cursor = self._run(connection, parameters)
        row = cursor.fetchone()
        cursor.close()
        return row

    def count(self, connection: Connection, parameters: Mapping[str, Any]) -> int:
        """Return how many rows were written."""
        if _is_observed(connection):
            return connection.execute(self._clause, parameters).rowcount
        cursor = self._run(connection, parameters)
        count: int = cursor.rowcount
        cursor.close()
        return count

    def _run(self, connection: Connection, parameters: Mapping[str, Any]) -> Any:
        if not self._sql:
            self._compile(connection)
        given: Any = {**self._defaults, **parameters} if self._defaults else parameters
        if self._order is not None:
            given = [given[name] for name in self._order]
        driver = connection.connection.dbapi_connection
        assert driver is not None
        cursor = None
        try:
            cursor = driver.cursor()
            cursor.execute(self._sql, given)
        except connection.dialect.loaded_dbapi.Error as error:
            raise self._translate(error, connection, cursor) from error
        return cursor

    def _compile(self, connection: Connection) -> None:
        compiled = self._clause.compile(dialect=connection.dialect)
        assert isinstance(compiled, SQLCompiler)
        self._order = list(compiled.positiontup or ()) if compiled.positional else None
        self._defaults = {k: v for k, v in compiled.params.items() if v is not None}
        self._sql = str(compiled)

    def _translate(self, error: Any, connection: Connection, cursor: Any) -> Any:
        """Return *error* as SQLAlchemy's; a connection that is dead is not used again."""
        dialect, proxied = connection.dialect, connection.connection
        is_dead = dialect.is_disconnect(error, proxied, cursor)
        if is_dead:
            connection.invalidate(error)
        return DBAPIError.instance(
            self._sql,
            None,
            error,
            dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=is_dead,
            dialect=dialect,
        )


def _is_observed(connection: Connection) -> bool:
    engine = connection.engine
    events = engine.dispatch
    return bool(
        events.before_cursor_execute
        or events.after_cursor_execute
        or events.before_execute
        or events.after_execute
        or engine.echo
    )
