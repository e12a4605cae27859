"""The tables of the SQL store."""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Column,
    Index,
    LargeBinary,
    MetaData,
    Table,
    event,
)
from sqlalchemy.dialects import mysql

# BLOB alone would cut a session at 64 KB in MySQL.
_DATA = LargeBinary().with_variant(mysql.MEDIUMBLOB(), "mysql", "mariadb")
_DIGEST = LargeBinary(32).with_variant(mysql.BINARY(32), "mysql", "mariadb")
# As bytes: collations take "bob" for "BOB" or for "bob ", and PostgreSQL's text has no NUL.
_OWNER = LargeBinary(1020).with_variant(mysql.VARBINARY(1020), "mysql", "mariadb")

# PostgreSQL would try to compress: for a session of 256 KB that takes longer than all the rest.
_EXTERNAL = "ALTER TABLE %(fullname)s ALTER COLUMN data SET STORAGE EXTERNAL"
_UNCOMPRESSED = DDL(_EXTERNAL).execute_if(dialect="postgresql")  # type: ignore[no-untyped-call]


def define_tables(metadata: MetaData, name: str, schema: str | None) -> Table:
    """Define the tables in *metadata*; return the one of the sessions."""
    table = Table(
        name,
        metadata,
        Column("sid", _DIGEST, primary_key=True),
        Column("owner", _OWNER),
        Column("created_at", BigInteger, nullable=False),
        Column("seen_at", BigInteger, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
        Column("revision", BigInteger, nullable=False),
        # How many bytes lie in the other table; NULL if nothing does.
        Column("beside", BigInteger),
        Column("data", _DATA, nullable=False),
        schema=schema,
    )
    Index(f"{name}_expires_at", table.c.expires_at)
    owned = table.c.owner.is_not(None)
    Index(f"{name}_owner", table.c.owner, sqlite_where=owned, postgresql_where=owned)
    values = Table(
        values_name(name),
        metadata,
        Column("sid", _DIGEST, primary_key=True),
        # The SHA-256 of the name, which may be of any length.
        Column("name", _DIGEST, primary_key=True),
        Column("data", _DATA, nullable=False),
        schema=schema,
    )
    for each in (table, values):
        event.listen(each, "after_create", _UNCOMPRESSED)
    return table


def values_name(name: str) -> str:
    """Return the name of the table that goes with the sessions table *name*."""
    return f"{name}_values"


def values_table(table: Table) -> Table:
    """Return the table that :func:`define_tables` has defined together with *table*."""
    key = values_name(table.name)
    return table.metadata.tables[key if table.schema is None else f"{table.schema}.{key}"]
