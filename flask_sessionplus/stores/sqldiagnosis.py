"""What is wrong with a database that sessions are kept in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Inspector, Table, inspect
from sqlalchemy.exc import DBAPIError

from .. import clock
from ..findings import Finding
from . import clocks, filediagnosis
from .sqlengine import file_of

# What each server's clock says, in milliseconds.
_TIME = {
    "postgresql": "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
    "mysql": "SELECT CAST(UNIX_TIMESTAMP(SYSDATE(3)) * 1000 AS UNSIGNED)",
}

# Whether it takes no writes.
_READ_ONLY = {
    "postgresql": "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'",
    "mysql": "SELECT @@global.read_only",
}

# MariaDB's names of what it keeps tables in, if it cannot take a change back.
_SAFE_ENGINES = frozenset({"innodb", "rocksdb", "xtradb", "ndbcluster"})

_INIT = "Run `flask session init`, or put sessions_table(metadata) into your migrations."


def diagnose_file(engine_url: Any) -> list[Finding]:
    """Return what is wrong with the file of an SQLite database; nothing of others."""
    path = file_of(engine_url)
    return [] if path is None else filediagnosis.diagnose_sqlite(Path(path).absolute())


def has_place(engine_url: Any) -> bool:
    """Tell whether there is a database to look into: an SQLite file may not be made yet."""
    path = file_of(engine_url)
    return path is None or Path(path).exists()


def diagnose(engine: Engine, tables: tuple[Table, ...]) -> list[Finding]:
    """Return what is wrong with a database and the *tables* in it.

    :raises SQLAlchemyError: if it does not answer.
    """
    with engine.connect() as connection:
        inspector = inspect(connection)
        findings = [*_clock(connection), *_writable(connection)]
        missing = [each for each in tables if not inspector.has_table(each.name, each.schema)]
        # SQLite's are made when they are needed.
        if missing and engine.dialect.name != "sqlite":
            findings.append(_is_missing(missing))
        for table in tables:
            if table not in missing:
                findings += _shape(inspector, table)
    return findings


def _clock(connection: Connection) -> list[Finding]:
    began = clock.now()
    theirs = _ask(connection, _TIME)
    return [] if theirs is None else clocks.compare(began, int(theirs), "The session database")


def _writable(connection: Connection) -> list[Finding]:
    try:
        is_read_only = _ask(connection, _READ_ONLY)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        # Not everybody may ask this.
        return []
    if not is_read_only:
        return []
    return [
        Finding(
            "error",
            "database-read-only",
            "The session database takes no writes: it is a replica, or was set to read-only.",
            "No session can be saved.",
            "Name the primary server in SESSION_STORE.",
        )
    ]


def _ask(connection: Connection, questions: dict[str, str]) -> Any:
    name = connection.dialect.name
    question = questions.get("mysql" if name == "mariadb" else name)
    return None if question is None else connection.exec_driver_sql(question).scalar()


def _is_missing(tables: list[Table]) -> Finding:
    names = " and ".join(repr(table.fullname) for table in tables)
    return Finding(
        "error",
        "table-missing",
        f"The session database has no table {names}.",
        "Each request that uses the session answers 503.",
        _INIT,
    )


def _shape(inspector: Inspector, table: Table) -> list[Finding]:
    columns = {each["name"] for each in inspector.get_columns(table.name, table.schema)}
    lacking = [column.name for column in table.columns if column.name not in columns]
    if lacking:
        return [
            Finding(
                "error",
                "table-old",
                f"The table {table.fullname!r} has no column {', '.join(lacking)}.",
                "It was made for another version of Flask-SessionPlus, or for something else.",
                "Add what `flask session init --sql` shows, or name another SESSION_TABLE.",
            )
        ]
    return [*_indexes(inspector, table), *_engine(inspector, table)]


def _indexes(inspector: Inspector, table: Table) -> list[Finding]:
    found = inspector.get_indexes(table.name, table.schema)
    begins = {tuple(each["column_names"])[:1] for each in found}
    lacking = [
        str(index.name)
        for index in table.indexes
        if (next(iter(index.columns)).name,) not in begins
    ]
    if not lacking:
        return []
    return [
        Finding(
            "warning",
            "index-missing",
            f"The table {table.fullname!r} has no index {', '.join(sorted(lacking))}.",
            "Purging, and finding a user's sessions, go through the whole table.",
            "Add what `flask session init --sql` shows.",
        )
    ]


def _engine(inspector: Inspector, table: Table) -> list[Finding]:
    if inspector.dialect.name not in ("mysql", "mariadb"):
        return []
    options = inspector.get_table_options(table.name, table.schema)
    engine = next((value for key, value in options.items() if key.endswith("_engine")), "")
    if not engine or str(engine).lower() in _SAFE_ENGINES:
        return []
    return [
        Finding(
            "error",
            "table-engine",
            f"The table {table.fullname!r} is kept by {engine}, which has no transactions.",
            "A change that is cut off in the middle stays half done.",
            f"ALTER TABLE {table.fullname} ENGINE = InnoDB",
        )
    ]
