"""`flask session migrate`: what it goes by, and what it refuses."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from flask import session

from tests.cli.commands import as_json, run


@pytest.mark.parametrize("kind", ["sqlite", "file"])
def test_from_nowhere(tmp_path, make_site, kind):
    """A slip of the pen in FROM is an error that says where to look, and makes nothing anywhere."""
    site = make_site()
    result = run(site, "migrate", f"{kind}:///{tmp_path}/sesions", f"file:///{tmp_path}/new")

    assert result.exit_code == 1
    assert "FROM names a place that is not there" in result.stderr
    assert not {"sesions", "new"} & {path.name for path in tmp_path.iterdir()}


def test_from_another_database(tmp_path, make_site):
    """A database without our table is no place of sessions, and gets none."""
    with closing(sqlite3.connect(tmp_path / "app.sqlite3")) as database:
        database.execute("CREATE TABLE theirs (a)")
    names = f"sqlite:///{tmp_path}/app.sqlite3", f"file:///{tmp_path}/new"

    assert run(make_site(), "migrate", *names).exit_code == 1
    with closing(sqlite3.connect(tmp_path / "app.sqlite3")) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_as_set(tmp_path, make_site):
    """Without arguments it goes by the settings: a password there is in no list of processes."""
    old, new = f"sqlite:///{tmp_path}/old.sqlite3", f"file:///{tmp_path}/new"
    visitor = make_site(old).visitor()
    visitor(lambda: session.update(a=1))
    site = make_site(new, SESSION_STORE_FROM=old)

    assert as_json(site, "migrate") == {"seen": 1, "carried": 1, "damaged": 0}
    alone = make_site(new)
    assert alone.visitor(visitor.token).value(lambda: session["a"]) == 1
    assert run(alone, "migrate").exit_code == 2
    assert run(site, "migrate", old).exit_code == 2
