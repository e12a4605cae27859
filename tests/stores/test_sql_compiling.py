"""Statements are compiled at their first use, which many threads may make at once."""

from __future__ import annotations

from types import SimpleNamespace

from sqlalchemy import LargeBinary, column, table
from sqlalchemy.dialects import postgresql

from flask_sessionplus.stores import sqlpsycopg
from flask_sessionplus.stores.sqlstatement import Statement


def test_nobody_sees_half_of_it(monkeypatch):
    """While one thread compiles it again, what another one has found compiled stays as it is."""
    sid = column("sid", LargeBinary)
    statement = Statement(table("sessions", sid).select().where(sid == b"1"))
    link = SimpleNamespace(dialect=postgresql.psycopg.dialect(), has_numbers=True)
    statement._compile(link)
    before = statement._sql, statement._order
    numbered, seen = sqlpsycopg.numbered, []

    def watched(sql):
        seen.append((statement._sql, statement._order))
        return numbered(sql)

    monkeypatch.setattr(sqlpsycopg, "numbered", watched)
    statement._compile(link)

    assert before[1]
    assert seen == [before]
