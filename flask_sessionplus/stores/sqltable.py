"""The table of the SQL store."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
)
from sqlalchemy.dialects import mysql

DEFAULT_NAME = "flask_sessions"

# BLOB alone would cut a session at 64 KB in MySQL.
_DATA = LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")
_SID = LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
# MySQL's usual collations take "bob" and "BOB" for the same.
_OWNER = String(255).with_variant(
    mysql.VARCHAR(255, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
)


def sessions_table(
    metadata: MetaData, name: str = DEFAULT_NAME, schema: str | None = None
) -> Table:
    """Define the sessions table in *metadata*, as for Alembic's autogeneration.

    :param metadata: for example ``db.metadata`` of Flask-SQLAlchemy.
    :param name: the same as ``SESSION_TABLE``.
    :param schema: the same as ``SESSION_TABLE_SCHEMA``.
    """
    table = Table(
        name,
        metadata,
        Column("sid", _SID, primary_key=True),
        Column("owner", _OWNER),
        Column("created_at", BigInteger, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
        Column("revision", BigInteger, nullable=False),
        Column("data", _DATA, nullable=False),
        schema=schema,
    )
    Index(f"{name}_expires_at", table.c.expires_at)
    owned = table.c.owner.is_not(None)
    Index(f"{name}_owner", table.c.owner, sqlite_where=owned, postgresql_where=owned)
    return table
