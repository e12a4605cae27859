"""The tables of sessions in an app's own metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import MetaData, Table

DEFAULT_NAME = "flask_sessions"


def sessions_table(
    metadata: MetaData, name: str = DEFAULT_NAME, schema: str | None = None
) -> Table:
    """Define the tables of sessions in *metadata*, as for Alembic's autogeneration.

    There are two: one with a row for each session, which is returned, and one for values
    that are too large to lie in that row.

    :param metadata: for example ``db.metadata`` of Flask-SQLAlchemy.
    :param name: the same as ``SESSION_TABLE``; the second table has the same
        with ``_values`` at its end.
    :param schema: the same as ``SESSION_TABLE_SCHEMA``.
    """
    # Late: half of the time that importing the package would take is SQLAlchemy's.
    from .sqltable import define_tables

    return define_tables(metadata, name, schema)
