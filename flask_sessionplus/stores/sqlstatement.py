"""Statements that SQLAlchemy compiles once and the driver runs.

SQLAlchemy's own execution takes six times what SQLite takes for the answer, and most of
what a session costs. Where somebody listens to an engine's statements, or echoes them,
they go its way all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

from ..errors import DamagedRecord
from .sqllink import Link

Parameters = Mapping[str, Any]

# Else SQLAlchemy forgets how many rows an INSERT wrote.
_COUNTED = {"preserve_rowcount": True}


class Statement:
    """A statement whose parameters all have names. It belongs to one engine.

    :param clause: what to compile.
    """

    def __init__(self, clause: Executable) -> None:
        assert isinstance(clause, ClauseElement)
        self._clause = clause
        self._sql = ""
        self._order: list[str] | None = None
        self._defaults: Parameters = {}

    def first(self, link: Link, parameters: Parameters) -> Any:
        """Return the first row, a tuple, or None."""
        if link.is_observed:
            return link.connection.execute(self._clause, parameters).first()
        cursor = self._run(link, parameters)
        return self._take(link, cursor, cursor.fetchone)

    def all(self, link: Link, parameters: Parameters) -> Sequence[Any]:
        """Return all rows, tuples."""
        if link.is_observed:
            return link.connection.execute(self._clause, parameters).all()
        cursor = self._run(link, parameters)
        rows: list[Any] = self._take(link, cursor, cursor.fetchall)
        return rows

    def count(self, link: Link, parameters: Parameters) -> int:
        """Return how many rows were written."""
        if link.is_observed:
            done = link.connection.execute(self._clause, parameters, execution_options=_COUNTED)
            return done.rowcount
        cursor = self._run(link, parameters)
        count: int = cursor.rowcount
        cursor.close()
        return count

    def _run(self, link: Link, parameters: Parameters) -> Any:
        if not self._sql:
            self._compile(link)
        given: Any = {**self._defaults, **parameters} if self._defaults else parameters
        if self._order is not None:
            given = [given[name] for name in self._order]
        cursor = None
        try:
            cursor = link.cursor()
            cursor.execute(self._sql, given)
        except link.dialect.loaded_dbapi.Error as error:
            translated = self._translate(error, link, cursor)
            if cursor is not None:
                # The error holds this frame: SQLite would keep its lock as long as that.
                cursor.close()
            raise translated from error
        return cursor

    def _take(self, link: Link, cursor: Any, fetch: Callable[[], Any]) -> Any:
        try:
            return fetch()
        except link.dialect.loaded_dbapi.Error as error:
            if "Could not decode" in str(error):
                # SQLite keeps what it is given. Not chained: the error shows what is stored.
                raise DamagedRecord(
                    "A row of the sessions database holds text in the place of bytes. Remove it."
                ) from None
            raise self._translate(error, link, cursor) from error
        finally:
            cursor.close()

    def _compile(self, link: Link) -> None:
        compiled = self._clause.compile(dialect=link.dialect)
        assert isinstance(compiled, SQLCompiler)
        order = list(compiled.positiontup or ()) if compiled.positional else None
        sql = str(compiled)
        if link.has_numbers:
            from .sqlpsycopg import numbered

            sql, order = numbered(sql)
        # Several threads may be here at once: nothing is set that is not final, and the text,
        # by which it is known to be compiled, comes last.
        self._defaults = {k: v for k, v in compiled.params.items() if v is not None}
        self._order = order
        self._sql = sql

    def _translate(self, error: Any, link: Link, cursor: Any) -> Any:
        """Return *error* as SQLAlchemy's."""
        is_dead = link.dialect.is_disconnect(error, link.driver, cursor)
        return DBAPIError.instance(
            self._sql,
            None,
            error,
            link.dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=is_dead,
            dialect=link.dialect,
        )
