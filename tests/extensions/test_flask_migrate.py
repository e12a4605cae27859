"""Flask-SQLAlchemy and Flask-Migrate: our tables are neither dropped nor made again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import closing
from sqlite3 import connect

import pytest
from flask import Flask, session
from flask_sqlalchemy import SQLAlchemy

from flask_sessionplus import SessionPlus
from tests.support.processes import ROOT
from tests.web.visiting import Site

pytestmark = pytest.mark.slow

# What an app looks like whose sessions are in its database, and whose tables are in migrations.
APP = """
from flask import Flask
from flask_migrate import Migrate
from flask_sessionplus import SessionPlus, sessions_table
from flask_sqlalchemy import SQLAlchemy

def include_name(name, type_, parent_names):
    return type_ != "table" or not name.startswith("flask_sessions")

app = Flask(__name__, instance_path={folder!r})
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///{folder}/app.sqlite"
db = SQLAlchemy(app)

class Note(db.Model):
    id = db.Column(db.Integer, primary_key=True)

{more}
SessionPlus(app, store=db)
"""

WAYS = {
    "in the metadata": "sessions_table(db.metadata)\nMigrate(app, db)",
    "left alone": "Migrate(app, db, include_name=include_name)",
    "unknown": "Migrate(app, db)",
}


@pytest.fixture
def folder(tmp_path):
    """Return a folder with an app of which somebody has a session, and no migrations yet."""
    app = Flask("site", instance_path=str(tmp_path))
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'app.sqlite'}"
    db = SQLAlchemy(app)
    SessionPlus(app, store=db)
    Site(app).visitor()(lambda: session.update(a=1))
    with app.app_context():
        db.engine.dispose()
    return tmp_path


def flask(folder, *commands):
    """Call `flask db` with each of *commands*; return what was said."""
    said = []
    for command in commands:
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "shop", "db", command],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said.append(done.stdout + done.stderr)
    return said


def tables(folder):
    """Return the names of the tables there are, and how many sessions."""
    with closing(connect(folder / "app.sqlite")) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        count = "SELECT count(*) FROM flask_sessions"
        return names, connection.execute(count).fetchone()[0]


@pytest.mark.parametrize("way", ["in the metadata", "left alone"])
def test_migrations_leave_sessions_alone(folder, way):
    """Whoever begins with migrations when sessions are there already loses none of them."""
    (folder / "shop.py").write_text(APP.format(folder=str(folder), more=WAYS[way]))
    flask(folder, "init", "migrate", "upgrade", "check")

    (migration,) = (folder / "migrations" / "versions").glob("*.py")
    assert "flask_sessions" not in migration.read_text()
    names, count = tables(folder)
    assert {"note", "flask_sessions", "flask_sessions_values"} <= names
    assert count == 1


def test_migrations_that_know_nothing_of_us(folder):
    """Without either, Alembic takes our tables for those of a model that was removed."""
    (folder / "shop.py").write_text(APP.format(folder=str(folder), more=WAYS["unknown"]))
    flask(folder, "init", "migrate")

    (migration,) = (folder / "migrations" / "versions").glob("*.py")
    assert re.search(r"drop_table\('flask_sessions'\)", migration.read_text())
