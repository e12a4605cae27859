"""Flask-Session's records in an SQL database, and our tables beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timezone
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    delete,
    func,
    inspect,
    select,
)
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from ..stores.sql import SQLStore
from ..stores.sqlerrors import describe, may_lack_table
from .former import FormerPlace, Kept, Listed

T = TypeVar("T")

_PAGE = 500


class SQLPlace(FormerPlace, Listed):
    """Reads the table in connections and transactions of its own, never in the app's.

    :param find_engine: returns the app's engine.
    """

    def __init__(self, find_engine: Callable[[], Engine], name: str, schema: str | None) -> None:
        self._find_engine = find_engine
        self._table = Table(
            name,
            MetaData(),
            Column("id", Integer, primary_key=True),
            Column("session_id", String(255)),
            Column("data", LargeBinary),
            Column("expiry", DateTime),
            schema=schema,
        )

    def get(self, key: str) -> Kept | None:
        columns = self._table.c
        query = select(columns.session_id, columns.data, columns.expiry)
        query = query.where(columns.session_id == key)
        row = self._run(lambda link: link.execute(query).first(), None)
        # Some collations take "a" for "A". Without an expiry it was dead to Flask-Session too.
        if row is None or row.session_id != key or row.data is None or row.expiry is None:
            return None
        expires_at = row.expiry.replace(tzinfo=timezone.utc).timestamp()
        return Kept(bytes(row.data), int(expires_at * 1000))

    def delete(self, key: str) -> None:
        statement = delete(self._table).where(self._table.c.session_id == key)
        self._run(lambda link: link.execute(statement), None)

    def keys(self, prefix: str) -> Iterator[str]:
        last = 0
        while rows := self._page(prefix, last):
            yield from (row.session_id for row in rows)
            last = rows[-1].id

    def count(self, prefix: str) -> int:
        query = select(func.count()).select_from(self._table)
        return self._run(lambda link: int(link.execute(query).scalar_one()), 0)

    def _page(self, prefix: str, last: int) -> list[Any]:
        columns = self._table.c
        query = select(columns.id, columns.session_id).order_by(columns.id).limit(_PAGE)
        query = query.where(columns.id > last)
        query = query.where(columns.session_id.startswith(prefix, autoescape=True))
        return self._run(lambda link: list(link.execute(query)), [])

    def _run(self, work: Callable[[Connection], T], nothing: T) -> T:
        try:
            with self._find_engine().begin() as link:
                return work(link)
        except SQLAlchemyError as error:
            # An app that has never used Flask-Session here, or has dropped the table since.
            if may_lack_table(error) and not self._is_there():
                return nothing
            raise describe(error) from error

    def _is_there(self) -> bool:
        try:
            found = inspect(self._find_engine())
            return found.has_table(self._table.name, schema=self._table.schema)
        except SQLAlchemyError as error:
            raise describe(error) from error


class ReadySQLStore(SQLStore):
    """Makes its tables when they are missed, as Flask-Session has made its own."""

    makes_tables = True
