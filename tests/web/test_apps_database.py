"""Sessions in the app's own database: beside its data, never in its transactions."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from flask import Flask, session
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import create_engine, inspect, select, text

from flask_sessionplus import ConfigError, SessionPlus
from tests.web.visiting import Site, remember


def dispose(app, db):
    """Close what the app's database has open."""
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


def test_a_factory_called_twice(tmp_path):
    """A factory with one `db` and one extension may be called as often as tests want it."""
    db = SQLAlchemy()
    extension = SessionPlus(store=db)

    def create_app():
        app = Flask("site", instance_path=str(tmp_path))
        app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'app.sqlite'}"
        db.init_app(app)
        extension.init_app(app)
        return app

    for app in [create_app() for _ in range(3)]:
        assert remember(app) == {"a": 1}
        dispose(app, db)


@pytest.fixture
def db(tmp_path):
    """Return Flask-SQLAlchemy's `db` for an app with a second database, and that app."""
    app = Flask("site", instance_path=str(tmp_path))
    app.testing = True
    app.config.update(
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'app.sqlite'}",
        SQLALCHEMY_BINDS={"sessions": f"sqlite:///{tmp_path / 'second.sqlite'}"},
    )
    db = SQLAlchemy()

    class Note(db.Model):
        id = db.Column(db.Integer, primary_key=True)
        text = db.Column(db.String)

    db.init_app(app)
    with app.app_context():
        db.create_all()
    db.Note = Note
    yield app, db
    dispose(app, db)


@pytest.mark.parametrize(
    ("bind_key", "name"), [(None, "app.sqlite"), ("sessions", "second.sqlite")]
)
def test_flask_sqlalchemy(db, tmp_path, bind_key, name):
    """`db` and a bind key name the database; the table is one of our own in it."""
    app, db = db
    app.config["SESSION_BIND_KEY"] = bind_key
    SessionPlus(app, store=db)

    assert remember(app) == {"a": 1}

    with closing(sqlite3.connect(tmp_path / name)) as connection:
        [(found,)] = connection.execute("SELECT count(*) FROM flask_sessions")
    assert found == 1
    assert "flask_sessions" not in db.metadata.tables


def test_flask_sqlalchemy_after_us(tmp_path):
    """`db.init_app` may come after ours."""
    app = Flask("site", instance_path=str(tmp_path))
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'app.sqlite'}"
    db = SQLAlchemy()
    SessionPlus(app, store=db)
    db.init_app(app)

    assert remember(app) == {"a": 1}
    dispose(app, db)


def test_an_unknown_bind_key(db):
    """A bind key that the `db` does not have is a ConfigError that names those it has."""
    app, db = db
    app.config["SESSION_BIND_KEY"] = "elsewhere"
    SessionPlus(app, store=db)

    with pytest.raises(ConfigError, match=r"SESSION_BIND_KEY is 'elsewhere'.*sessions"):
        remember(app)


def test_the_apps_transaction_is_its_own(db):
    """What the app has begun in `db.session` is neither committed, nor rolled back, nor expired."""
    app, db = db
    SessionPlus(app, store=db)
    visitor = Site(app).visitor()
    visitor(lambda: session.update(a=1))

    def page():
        note = db.Note(text="not committed")
        db.session.add(note)
        db.session.flush()
        session.get("a")
        assert note in db.session
        assert not inspect(note).expired_attributes
        db.session.rollback()
        session["a"] = 2

    visitor(page)

    assert visitor.value(lambda: session["a"]) == 2
    with app.app_context():
        assert db.session.scalar(select(db.func.count()).select_from(db.Note)) == 0


def test_a_view_that_fails_leaves_no_rows(db):
    """Our writes do not carry the app's unfinished work along."""
    app, db = db
    app.testing = False
    SessionPlus(app, store=db)
    visitor = Site(app).visitor()
    visitor(lambda: session.update(a=1))

    def page():
        session.increment("a")
        db.session.add(db.Note(text="unfinished"))
        raise RuntimeError

    assert visitor(page).status == 500
    assert visitor.value(lambda: session["a"]) == 2
    with app.app_context():
        assert db.session.scalar(select(db.func.count()).select_from(db.Note)) == 0


def test_an_engine_of_the_app_stays_as_it_is(app, tmp_path):
    """The app's engine has its own isolation and its own connections after us."""
    engine = create_engine(f"sqlite:///{tmp_path / 'app.sqlite'}")
    SessionPlus(app, store=engine)
    remember(app)

    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE t (x)"))
        connection.execute(text("INSERT INTO t VALUES (1)"))
        connection.rollback()
        assert connection.scalar(text("SELECT count(*) FROM t")) == 0
    assert engine.pool.checkedout() == 0
    engine.dispose()
