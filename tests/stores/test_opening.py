"""From `SESSION_STORE` to a store."""

from __future__ import annotations

import os

import pytest
from flask import Flask
from sqlalchemy import create_engine, make_url

from flask_sessionplus import ConfigError, SessionPlus
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.stores.sql import SQLStore
from tests.stores.records import load, new_record, new_sid, put


@pytest.fixture
def opened(tmp_path):
    """Return a function that makes an app and returns its store."""

    def open_with(**config):
        app = Flask("shop", instance_path=str(tmp_path / "instance"))
        app.config.update(config)
        SessionPlus(app)
        return app.extensions["sessionplus"].store

    return open_with


def test_the_default_is_sqlite_in_the_instance_folder(opened, tmp_path):
    """Without any setting the sessions lie in the instance folder."""
    store = opened()
    assert isinstance(store, SQLStore)
    assert not (tmp_path / "instance").exists()
    put(store)
    store.close()

    assert (tmp_path / "instance" / "sessions.sqlite3").exists()


@pytest.mark.parametrize("url", ["memory://", "memory:"])
def test_memory(opened, url):
    """memory:// is the memory store."""
    assert isinstance(opened(SESSION_STORE=url), MemoryStore)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///{tmp}/kept", "kept"),
        ("file:///{tmp}/kept%20here", "kept here"),
        ("file://kept", "instance/kept"),
        ("file:kept/here", "instance/kept/here"),
        ("file:///{tmp}/kept?fsync=1", "kept"),
        ("file:///{tmp}/kept?fsync=0", "kept"),
    ],
)
def test_files(opened, tmp_path, monkeypatch, url, path):
    """file:///... is the file store; a relative path begins in the instance folder."""
    synced = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(descriptor))
    store = opened(SESSION_STORE=url.format(tmp=str(tmp_path).lstrip("/")))
    assert isinstance(store, FileStore)
    put(store)

    assert (tmp_path / path / "locks").is_dir()
    assert bool(synced) == url.endswith("fsync=1")


@pytest.mark.parametrize(
    ("url", "path"),
    [("sqlite:///{tmp}/a.sqlite", "a.sqlite"), ("sqlite:///a.sqlite", "instance/a.sqlite")],
)
def test_sqlite(opened, tmp_path, url, path):
    """sqlite:///... is an SQL store; a relative path begins in the instance folder."""
    store = opened(SESSION_STORE=url.format(tmp=str(tmp_path)))
    put(store)
    store.close()

    assert (tmp_path / path).exists()


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://me@127.0.0.1/shop", "mysql+pymysql://me@127.0.0.1/shop"]
)
def test_servers_are_not_asked_before_they_are_needed(opened, url):
    """The URL of a server gives an SQL store, whether or not the server is there."""
    assert isinstance(opened(SESSION_STORE=url), SQLStore)


def test_url_objects(opened, tmp_path):
    """SQLAlchemy's URL objects are taken as well as text."""
    store = opened(SESSION_STORE=make_url(f"sqlite:///{tmp_path / 'a.sqlite'}"))
    put(store)
    store.close()

    assert (tmp_path / "a.sqlite").exists()


def test_engines(opened, tmp_path):
    """A ready engine is used as it is."""
    engine = create_engine(f"sqlite:///{tmp_path / 'a.sqlite'}")
    store = opened(SESSION_STORE=engine)
    sid = put(store, {"a": b"1"})

    assert load(SQLStore(engine), sid).values == {"a": b"1"}
    engine.dispose()


def test_stores(opened):
    """A ready store is used as it is, the same one."""
    store = MemoryStore()

    assert opened(SESSION_STORE=store) is store


def test_the_table_is_named_by_the_settings(opened, tmp_path):
    """SESSION_TABLE and SESSION_TABLE_SCHEMA reach the store."""
    store = opened(SESSION_TABLE="visits", SESSION_TABLE_SCHEMA="main")

    assert (store.table.name, store.table.schema) == ("visits", "main")
    assert store.create(new_sid(), new_record())
    store.close()


@pytest.mark.parametrize(
    "wrong",
    [
        *("nonsense", "", "http://example.org", "sqlite://", "sqlite:///:memory:"),
        *("file:", "file:///", "file:///a?fsync=2", "file:///a?sync=1"),
        *("nosuchdatabase://host/name", 5, b"sqlite:///a", object(), {"host": "a"}),
    ],
)
def test_what_is_wrong_is_named(opened, wrong):
    """Anything else is a ConfigError in `init_app` that names the setting and what is allowed."""
    with pytest.raises(ConfigError, match="SESSION_STORE") as caught:
        opened(SESSION_STORE=wrong)

    assert any(allowed in str(caught.value) for allowed in ("memory://", "file:///", "URL"))


def test_a_missing_driver_is_named(opened):
    """A URL whose driver is not installed says so, in `init_app`, not at the first request."""
    with pytest.raises(ConfigError, match=r"asyncpg|oracledb|cx_Oracle|pyodbc"):
        opened(SESSION_STORE="mssql+pyodbc://host/name")


def test_a_password_is_not_shown(opened):
    """A wrong URL is shown without its password."""
    with pytest.raises(ConfigError) as caught:
        opened(SESSION_STORE="nosuchdatabase://me:hunter2@host/name")

    assert "hunter2" not in str(caught.value)
