"""Sessions in a database that the app uses itself, by Flask-SQLAlchemy or an engine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import create_engine, inspect, text

from flask_sessionplus import ConfigError, SessionPlus, sessions_table
from flask_sessionplus.record import Changes
from flask_sessionplus.stores.base import Miss
from flask_sessionplus.stores.sql import SQLStore
from tests.stores.records import load, new_sid, put, save
from tests.support.probe import execute
from tests.support.processes import ROOT


def new_app(tmp_path, **config):
    """Return an app with a database and a model, and sessions in that database."""
    app = Flask("shop", instance_path=str(tmp_path / "instance"))
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{tmp_path / 'shop.sqlite'}"
    app.config.update(config)
    db = SQLAlchemy()

    class Product(db.Model):
        id = db.Column(db.Integer, primary_key=True)
        name = db.Column(db.String(50))

    app.product = Product
    db.init_app(app)
    app.config.setdefault("SESSION_STORE", db)
    SessionPlus(app)
    return app, db, app.extensions["sessionplus"].store


@pytest.fixture
def app_db_store(tmp_path):
    """Return an app on SQLite, its `db`, and the store of its sessions."""
    app, db, store = new_app(tmp_path)
    with app.app_context():
        db.create_all()
        yield app, db, store
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


def use(store):
    """Do everything to a session that a request does."""
    sid = put(store, {"a": b"1"})
    target = new_sid()
    save(store, sid, load(store, sid), Changes({"a": b"2"}))
    save(store, sid, load(store, sid), Changes(move_to=target))
    assert store.load(sid) is Miss.MOVED
    assert store.delete(sid)
    store.purge(10)


def test_what_is_pending_stays_pending(app_db_store):
    """What the app has added but not flushed is neither flushed nor committed by us."""
    app, db, store = app_db_store
    product = app.product(name="tea")
    db.session.add(product)
    use(store)

    assert product in db.session.new
    assert product.id is None
    db.session.rollback()
    assert db.session.query(app.product).count() == 0


def test_what_is_loaded_is_not_expired(app_db_store):
    """Objects of the app keep their values, and its transaction goes on."""
    app, db, store = app_db_store
    product = app.product(name="tea")
    db.session.add(product)
    db.session.commit()
    assert product.name == "tea"
    transaction = db.session().get_transaction()
    product.name = "coffee"
    use(store)

    assert db.session().get_transaction() is transaction
    assert "name" not in inspect(product).expired_attributes
    assert product in db.session.dirty
    db.session.rollback()
    assert product.name == "tea"


def test_a_rollback_of_the_app_takes_nothing_of_ours_back(app_db_store):
    """A session that is saved is saved, whatever becomes of the app's transaction."""
    app, db, store = app_db_store
    db.session.add(app.product(name="tea"))
    sid = put(store, {"a": b"1"})
    db.session.rollback()

    assert load(store, sid).values == {"a": b"1"}


def test_connections_of_the_app_stay_as_they_are(app_db_store):
    """A connection that we had from the app's pool has the app's isolation again."""
    _, db, store = app_db_store
    for _ in range(20):
        use(store)
    for _ in range(20):
        with db.engine.connect() as connection:
            connection.execute(text("INSERT INTO product (name) VALUES ('tea')"))
            connection.rollback()
            count = connection.execute(text("SELECT count(*) FROM product")).scalar()
            assert count == 0
            assert connection.get_isolation_level() != "AUTOCOMMIT"

    assert db.engine.pool.checkedout() == 0


@pytest.mark.slow
@pytest.mark.parametrize("server", ["postgresql_url", "mariadb_url"])
def test_what_is_flushed_is_not_committed(tmp_path, request, fresh_name, server):
    """What the app has flushed stays invisible to all others until the app commits."""
    url = request.getfixturevalue(server)
    app, db, store = new_app(tmp_path, SQLALCHEMY_DATABASE_URI=url, SESSION_TABLE=fresh_name)
    app.product.__table__.name = f"{fresh_name}_product"
    with app.app_context():
        db.create_all()
        store.prepare()
        try:
            product = app.product(name="tea")
            db.session.add(product)
            db.session.flush()
            transaction = db.session().get_transaction()
            use(store)

            assert db.session().get_transaction() is transaction
            count = text(f"SELECT count(*) FROM {fresh_name}_product")
            with db.engine.connect() as other:
                assert other.execute(count).scalar() == 0
            db.session.commit()
            with db.engine.connect() as other:
                assert other.execute(count).scalar() == 1
        finally:
            db.session.remove()
            db.drop_all()
            for table in (store.table, store.values):
                table.drop(store.engine)
            db.engine.dispose()


def test_sessions_may_have_a_bind_of_their_own(tmp_path):
    """With SESSION_BIND_KEY the sessions lie in another database than the app's data."""
    binds = {"sessions": f"sqlite:///{tmp_path / 'sessions.sqlite'}"}
    app, db, store = new_app(tmp_path, SQLALCHEMY_BINDS=binds, SESSION_BIND_KEY="sessions")
    with app.app_context():
        db.create_all()
        put(store)

        assert not inspect(db.engine).has_table("flask_sessions")
        assert inspect(db.engines["sessions"]).has_table("flask_sessions")
        for engine in db.engines.values():
            engine.dispose()


def test_an_unknown_bind_is_named(tmp_path):
    """A bind that the app does not have is a ConfigError that says which there are."""
    app, db, store = new_app(tmp_path, SESSION_BIND_KEY="elsewhere")
    with pytest.raises(ConfigError, match="SESSION_BIND_KEY is 'elsewhere'"):
        store.load(new_sid())

    with app.app_context():
        db.engine.dispose()


def test_the_store_needs_no_app_context(tmp_path):
    """Outside of a request, as in a thread or at exit, the app's engine is found as well."""
    app, db, store = new_app(tmp_path)
    use(store)

    with app.app_context():
        assert inspect(db.engine).has_table("flask_sessions")
        db.engine.dispose()


def test_an_engine_of_the_apps_is_not_closed(tmp_path):
    """A given engine is used, and closing the store leaves the app's connections alone."""
    engine = create_engine(f"sqlite:///{tmp_path / 'app.sqlite'}")
    store = SQLStore(engine)
    with engine.connect() as connection:
        use(store)
        store.close()

        assert engine.pool.checkedout() == 1
        assert connection.execute(text("SELECT count(*) FROM flask_sessions")).scalar() == 1
    engine.dispose()


# Migrations.


def test_the_table_can_be_put_into_the_apps_metadata(tmp_path):
    """`create_all` makes the sessions table with the app's own, and the store uses that."""
    app, db, store = new_app(tmp_path)
    sessions_table(db.metadata)
    with app.app_context():
        db.create_all()
        assert inspect(db.engine).has_table("flask_sessions")
        use(store)

        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, db.metadata) == []
        db.engine.dispose()


def test_a_migration_sees_that_the_table_is_missing(tmp_path):
    """Autogeneration proposes the tables and their indexes, once they are in the metadata."""
    app, db, _ = new_app(tmp_path)
    with app.app_context():
        db.create_all()
        sessions_table(db.metadata)
        with db.engine.connect() as connection:
            context = MigrationContext.configure(connection)
            proposed = compare_metadata(context, db.metadata)
        db.engine.dispose()

    assert sorted(kind for kind, _ in proposed) == [
        "add_index",
        "add_index",
        "add_table",
        "add_table",
    ]


_APP_WITH_MIGRATIONS = """
from flask import Flask, session
from flask_migrate import Migrate
from flask_sessionplus import SessionPlus, sessions_table
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "{url}"
db = SQLAlchemy(app)
sessions_table(db.metadata, "{table}")
Migrate(app, db)
SessionPlus(app, store=db)
app.config["SESSION_TABLE"] = "{table}"
"""


@pytest.mark.slow
def test_flask_migrate_makes_the_table(tmp_path):
    """`flask db migrate` writes a migration with the table, and `flask db upgrade` makes it."""
    url = f"sqlite:///{tmp_path / 'app.sqlite'}"
    (tmp_path / "shop.py").write_text(_APP_WITH_MIGRATIONS.format(url=url, table="flask_sessions"))
    for command in ("init", "migrate", "upgrade", "check"):
        _flask(tmp_path, "db", command)

    (migration,) = (tmp_path / "migrations" / "versions").glob("*.py")
    assert "flask_sessions" in migration.read_text()
    store = SQLStore(url)
    use(store)
    store.close()


@pytest.mark.slow
@pytest.mark.parametrize("server", ["postgresql_url", "mariadb_url"])
def test_flask_migrate_makes_the_table_on_servers(tmp_path, request, fresh_name, server):
    """The migration that is written works on a server too, where the types are its own."""
    url = request.getfixturevalue(server)
    (tmp_path / "shop.py").write_text(_APP_WITH_MIGRATIONS.format(url=url, table=fresh_name))
    _flask(tmp_path, "db", "init")
    _ignore_strangers(tmp_path / "migrations" / "env.py", fresh_name)
    try:
        for command in ("migrate", "upgrade", "check"):
            _flask(tmp_path, "db", command)
        store = SQLStore(url, fresh_name)
        use(store)
        store.close()
    finally:
        for table in (fresh_name, f"{fresh_name}_values", f"{fresh_name}_version"):
            execute(url, f"DROP TABLE IF EXISTS {table}")


def _flask(folder: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "shop", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _ignore_strangers(env: Path, name: str) -> None:
    """Let Alembic look at our tables only, and keep its own book under another name."""
    names = (name, f"{name}_values")
    options = (
        f"version_table={name!r} + '_version',"
        f" include_name=lambda each, kind, _: kind != 'table' or each in {names!r},"
    )
    first = "connection=connection,"
    env.write_text(env.read_text().replace(first, first + options))
