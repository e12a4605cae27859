"""`flask session init --sql`: the statements, for whoever may not run them from the app."""

from __future__ import annotations

import sqlite3
import subprocess

import pytest
from flask import session
from sqlalchemy import make_url

from flask_sessionplus.stores.sql import SQLStore
from tests.cli.commands import output, run


def test_sqlite_takes_it(tmp_path, make_site):
    """SQLite makes the tables from it, with which the app then works; the command made none."""
    site = make_site(f"sqlite:///{tmp_path}/folder/s.sqlite3")
    script = output(site, "init", "--sql")

    assert not (tmp_path / "folder").exists()
    (tmp_path / "folder").mkdir()
    with sqlite3.connect(tmp_path / "folder/s.sqlite3") as database:
        database.executescript(script)
    visitor = site.visitor()
    visitor(lambda: session.update(a="x" * 20_000))
    assert visitor.value(lambda: session["a"]) == "x" * 20_000


def test_it_is_the_same_each_time(make_site):
    """The text does not change from run to run: it may lie in version control."""
    site = make_site("postgresql+psycopg://127.0.0.1:1/x")

    assert len({output(site, "init", "--sql") for _ in range(5)}) == 1


def test_the_settings_are_in_it(make_site):
    """SESSION_TABLE and SESSION_TABLE_SCHEMA are what the tables are called there."""
    names = {"SESSION_TABLE": "visits", "SESSION_TABLE_SCHEMA": "web"}
    script = output(make_site("postgresql+psycopg://127.0.0.1:1/x", **names), "init", "--sql")

    assert "CREATE TABLE web.visits (" in script
    assert "CREATE TABLE web.visits_values (" in script
    assert "CREATE INDEX visits_expires_at ON web.visits (expires_at);" in script
    assert "ALTER TABLE web.visits ALTER COLUMN data SET STORAGE EXTERNAL;" in script


@pytest.mark.parametrize("store", ["memory://", "cookie://"])
def test_no_tables(make_site, store):
    """Where there is nothing to make, nothing is on stdout, and the exit code is 1."""
    result = run(
        make_site(store, SECRET_KEY="k" * 32, SESSION_COOKIE_REVOCATIONS=None), "init", "--sql"
    )

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "This store has no tables.\n"


def _client(url):
    """Return the command of the server's own client."""
    place = make_url(url)
    if place.get_backend_name() == "postgresql":
        plain = place.set(drivername="postgresql").render_as_string(hide_password=False)
        return ["psql", "-qX", "-v", "ON_ERROR_STOP=1", plain]
    user = [f"-u{place.username}", *([f"-p{place.password}"] if place.password else [])]
    where = [f"-h{place.host}", f"-P{place.port or 3306}", "--protocol=tcp", place.database]
    return ["mariadb", *user, *where]


@pytest.mark.e2e
@pytest.mark.parametrize("server", ["postgresql_url", "mariadb_url"])
def test_servers_take_it(request, fresh_name, make_site, server):
    """From it psql and mariadb make the same tables as `init` does, and the app works."""
    url = request.getfixturevalue(server)
    site = make_site(url, SESSION_TABLE=fresh_name)
    store = site.app.extensions["sessionplus"].store
    script = output(site, "init", "--sql")
    try:
        done = subprocess.run(_client(url), input=script, text=True, capture_output=True)
        assert (done.returncode, done.stderr) == (0, "")
        visitor = site.visitor()
        visitor(lambda: session.update(a="x" * 20_000))

        assert visitor.value(lambda: session["a"]) == "x" * 20_000
        assert store.diagnose() == []
        assert output(site, "init") == "The store is ready.\n"
    finally:
        for table in (store.table, store.values):
            table.drop(store.engine, checkfirst=True)
        store.close()


def test_an_engine_of_the_app(tmp_path):
    """A store by the app's own engine, or by a function that returns one, has its script too."""
    own = SQLStore(f"sqlite:///{tmp_path}/s.sqlite3")
    store = SQLStore(lambda: own.engine)

    assert store.script() == SQLStore(own.engine).script() == own.script()
    own.close()
