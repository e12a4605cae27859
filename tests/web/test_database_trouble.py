"""The SQL store on bad days: locked, full, read-only, gone."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from flask import Flask, session
from sqlalchemy import create_engine, event

from flask_sessionplus import ConfigError, SessionPlus, StoreUnavailable
from flask_sessionplus.stores import sqlengine
from flask_sessionplus.stores.sql import SQLStore
from tests.web.visiting import KNOWN, Site


@pytest.fixture
def database(tmp_path):
    """Return the path of a database."""
    return tmp_path / "sessions.sqlite"


@pytest.fixture
def in_sqlite(database, make_site, monkeypatch):
    """Return somebody whose session is in SQLite, at an app that is not patient."""
    monkeypatch.setattr(sqlengine, "_SQLITE_BUSY_SECONDS", 0.05)
    with closing(SQLStore(f"sqlite:///{database}")) as store:
        visitor = make_site(store).visitor()
        visitor(lambda: session.update(KNOWN))
        visitor(lambda: session.get("name"))
        yield visitor


def test_a_locked_database(in_sqlite, database):
    """While somebody else holds the lock, reading goes on and writing is a 503."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        assert in_sqlite.value(lambda: session["name"]) == "Ada"
        assert in_sqlite(lambda: session.update(name="Eve")).status == 503
        assert in_sqlite(lambda: session.increment("visits")).status == 503
        assert in_sqlite(lambda: session.destroy()).status == 503
        other.execute("ROLLBACK")

    assert in_sqlite.value(lambda: dict(session)) == KNOWN


def test_a_full_database(in_sqlite, database):
    """A database that cannot grow is a 503, and the old record is there."""
    engine = in_sqlite.site.app.extensions["sessionplus"].store.engine

    @event.listens_for(engine, "before_cursor_execute")
    def fill(connection, cursor, *rest):
        cursor.execute("PRAGMA max_page_count = 1")

    answer = in_sqlite(lambda: session.update(big="x" * 100_000))
    event.remove(engine, "before_cursor_execute", fill)

    assert answer.status == 503
    assert in_sqlite.value(lambda: dict(session)) == KNOWN


def test_a_read_only_database(in_sqlite, database, make_site):
    """A database that may only be read is read, and writing is a 503."""
    url = f"sqlite:///file:{database}?mode=ro&uri=true"
    with closing(SQLStore(url)) as store:
        visitor = make_site(store).visitor(in_sqlite.token)

        assert visitor.value(lambda: dict(session)) == KNOWN
        assert visitor(lambda: session.update(name="Eve")).status == 503


def test_a_url_of_a_file_makes_no_folder(tmp_path, monkeypatch, make_site):
    """SQLite's `file:` spelling is its own affair: nothing else appears where the app runs."""
    monkeypatch.chdir(tmp_path)
    with closing(SQLStore(f"sqlite:///file:{tmp_path}/x.sqlite?uri=true")) as store:
        make_site(store).visitor()(lambda: session.update(a=1))

    assert {path.name.partition("-")[0] for path in tmp_path.iterdir()} == {"x.sqlite"}


def test_a_database_that_is_no_database(in_sqlite, database):
    """A file that is damaged as a whole is a 503, and is left as it is."""
    in_sqlite.site.app.extensions["sessionplus"].store.close()
    for path in database.parent.glob("sessions.sqlite*"):
        path.write_bytes(b"this is no database" * 100)

    assert in_sqlite(lambda: session["name"]).status == 503
    assert database.read_bytes().startswith(b"this is no database")


def test_a_database_that_is_gone(in_sqlite, database, make_site):
    """Where the database was removed under our feet nothing is said to be saved that is not."""
    for path in database.parent.glob("sessions.sqlite*"):
        path.unlink()

    answer = in_sqlite(lambda: session.update(name="Eve"))

    if answer.status == 200:
        with closing(SQLStore(f"sqlite:///{database}")) as store:
            token = answer.cookie.value if answer.cookie else in_sqlite.token
            assert make_site(store).visitor(token).value(lambda: session["name"]) == "Eve"
    else:
        assert answer.status == 503


def test_a_place_that_cannot_be_made(tmp_path):
    """An instance folder that cannot be made is a 503 where the session is used, not a 500."""
    (tmp_path / "file").write_text("not a folder")
    app = Flask("site", instance_path=str(tmp_path / "file" / "instance"))
    SessionPlus(app)
    visitor = Site(app).visitor()

    assert visitor(lambda: None).status == 200
    assert visitor(lambda: session.update(a=1)).status == 503


@pytest.mark.e2e
@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://127.0.0.1:1/x", "mysql+pymysql://127.0.0.1:1/x"]
)
def test_a_server_that_is_not_there(make_site, url):
    """A database server that does not answer is a 503 in no time, for who has a session."""
    visitor = make_site(url).visitor("A" * 43)

    assert visitor(lambda: session.get("a")).status == 503
    assert visitor(lambda: None).status == 200
    assert visitor.site.visitor()(lambda: session.update(a=1)).status == 503


def test_a_table_that_was_never_made(request, make_site, fresh_name, postgresql_url):
    """Without `flask session init` the answer is 503, and the log tells the command."""
    with closing(SQLStore(postgresql_url, table=fresh_name)) as store:
        visitor = make_site(store).visitor("A" * 43)
        errors = []
        visitor.site.app.register_error_handler(
            StoreUnavailable, lambda error: (errors.append(error), ("sorry", 503))[1]
        )

        assert visitor(lambda: session.get("a")).status == 503

    assert "flask session init" in str(errors[0])


def test_an_engine_in_memory_is_refused():
    """An app's SQLite in memory has one connection for all: a ConfigError in `init_app`."""
    engine = create_engine("sqlite://")

    with pytest.raises(ConfigError, match="memory"):
        SessionPlus(Flask("site"), store=engine)
