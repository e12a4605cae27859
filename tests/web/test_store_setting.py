"""`SESSION_STORE`: everything that it may be, and what it is by default."""

from __future__ import annotations

import os
import stat

import pytest
from sqlalchemy import URL, create_engine, inspect

from flask_sessionplus import SessionPlus
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.stores.sql import SQLStore
from tests.web.visiting import remember


def test_the_default_store(app, tmp_path):
    """Without a setting the sessions are in SQLite, in the instance folder, made on first use."""
    SessionPlus(app)
    assert not (tmp_path / "instance").exists()

    assert remember(app) == {"a": 1}

    files = sorted((tmp_path / "instance").iterdir())
    assert files[0].name == "sessions.sqlite3"
    app.extensions["sessionplus"].store.close()


def test_the_default_store_is_private(app, tmp_path):
    """Only the owner can read it, whatever the umask, and what SQLite puts beside it."""
    SessionPlus(app)
    old = os.umask(0)
    try:
        remember(app)
        for path in (tmp_path / "instance").iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert stat.S_IMODE((tmp_path / "instance").stat().st_mode) == 0o700
    finally:
        os.umask(old)
        app.extensions["sessionplus"].store.close()


def engine_of(tmp_path):
    """Return an app's engine."""
    return create_engine(f"sqlite:///{tmp_path / 'sessions.sqlite'}")


STORES = {
    "memory URL": (lambda path: "memory://", MemoryStore),
    "file URL": (lambda path: f"file://{path / 'sessions'}", FileStore),
    "relative file URL": (lambda path: "file:sessions", FileStore),
    "fsync": (lambda path: f"file://{path / 'sessions'}?fsync=1", FileStore),
    "SQLite URL": (lambda path: f"sqlite:///{path / 'sessions.sqlite'}", SQLStore),
    "relative SQLite URL": (lambda path: "sqlite:///mine.sqlite", SQLStore),
    "URL object": (lambda path: URL.create("sqlite", database=str(path / "x.sqlite")), SQLStore),
    "engine": (engine_of, SQLStore),
    "memory store": (lambda path: MemoryStore(), MemoryStore),
    "file store": (lambda path: FileStore(path / "sessions"), FileStore),
    "SQL store": (lambda path: SQLStore(f"sqlite:///{path / 'sessions.sqlite'}"), SQLStore),
}


@pytest.mark.parametrize(("store", "kind"), STORES.values(), ids=STORES)
@pytest.mark.parametrize("how", ["argument", "setting"])
def test_what_a_store_can_be(app, tmp_path, store, kind, how):
    """A URL, an engine or a store, as an argument or as SESSION_STORE."""
    source = store(tmp_path)
    if how == "setting":
        app.config["SESSION_STORE"] = source
        SessionPlus(app)
    else:
        SessionPlus(app, store=source)

    found = app.extensions["sessionplus"].store
    assert isinstance(found, kind)
    assert remember(app) == {"a": 1}
    if isinstance(found, SQLStore):
        found.close()
        found.engine.dispose()


def test_relative_paths_begin_in_the_instance_folder(app, tmp_path):
    """A relative path means the instance folder, as with Flask-SQLAlchemy."""
    SessionPlus(app, store="sqlite:///mine.sqlite")
    remember(app)

    assert (tmp_path / "instance" / "mine.sqlite").exists()
    app.extensions["sessionplus"].store.close()


def test_a_table_of_another_name(app, tmp_path):
    """SESSION_TABLE names the table."""
    app.config["SESSION_TABLE"] = "my_sessions"
    SessionPlus(app, store=f"sqlite:///{tmp_path / 'x.sqlite'}")
    remember(app)

    store = app.extensions["sessionplus"].store
    assert all(name.startswith("my_") for name in inspect(store.engine).get_table_names())
    store.close()
