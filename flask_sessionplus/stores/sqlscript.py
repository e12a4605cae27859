"""The statements that make the tables, as a text for the database's own client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Table, create_mock_engine
from sqlalchemy.engine import URL


def script_of(url: URL, tables: Iterable[Table]) -> str:
    """Return the statements that make *tables* and their indexes.

    :param url: only its kind of database matters: nothing is connected.
    """
    dialect = url.get_dialect()()
    statements: list[str] = []

    def note(statement: Any, *_: Any, **__: Any) -> None:
        text = str(statement.compile(dialect=dialect)).strip()
        statements.append("\n".join(map(str.rstrip, text.splitlines())))

    # What follows a table, such as its indexes and its storage, comes too.
    mock = create_mock_engine(f"{url.drivername}://", note)
    for table in tables:
        table.create(mock, checkfirst=False)
    return "".join(f"{statement};\n\n" for statement in sorted(statements, key=_rank))


def _rank(statement: str) -> tuple[bool, str]:
    # SQLAlchemy has the indexes of a table in no order; tables come before what is done to them.
    return not statement.startswith("CREATE TABLE"), statement
