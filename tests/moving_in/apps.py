"""An app as people write one for Flask-Session, on each place it keeps sessions in."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import flask_session
import mongomock
import redis
from cachelib.redis import RedisCache
from flask import Flask, flash, request, session
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import create_engine, text

from flask_sessionplus import compat

KEY = "a secret key of more than 32 bytes."

Config = dict[str, Any]

#: The apps of the test that runs.
MADE: list[Flask] = []


def make_app(Session: Any, config: Config, **more: Any) -> Flask:  # noqa: N803
    """Return the app; `Session` is the only thing that differs between before and after."""
    app = Flask("shop")
    MADE.append(app)
    app.config.update({"SECRET_KEY": KEY, **config, **more})
    db = app.config.get("SESSION_SQLALCHEMY")
    if db is not None:
        app.config["SESSION_SQLALCHEMY"] = db = SQLAlchemy()
        db.init_app(app)
    with warnings.catch_warnings():
        # Flask-Session warns of what it deprecates.
        warnings.simplefilter("ignore")
        Session(app)

    @app.post("/sign-in")
    def sign_in() -> str:
        session["_user_id"] = "7"
        session["cart"] = ["tea"]
        flash("Welcome", "info")
        return "in"

    @app.post("/cart")
    def add() -> str:
        session["cart"] = [*session.get("cart", []), request.form["what"]]
        return "added"

    @app.get("/")
    def show() -> dict[str, Any]:
        return {"user": session.get("_user_id"), "cart": session.get("cart")}

    @app.post("/sign-out")
    def sign_out() -> str:
        session.clear()
        return "out"

    return app


def before(config: Config, **more: Any) -> Flask:
    """Return the app as it was, with Flask-Session."""
    return make_app(flask_session.Session, config, **more)


def after(config: Config, **more: Any) -> Flask:
    """Return the app after the change of one import."""
    return make_app(compat.Session, config, **more)


def close_all() -> None:
    """Close what the apps of the test have open."""
    while MADE:
        app = MADE.pop()
        if "sessionplus" in app.extensions:
            app.extensions["sessionplus"].store.close()
        if "sqlalchemy" in app.extensions:
            with app.app_context():
                app.extensions["sqlalchemy"].engine.dispose()


@dataclass
class Place:
    """Where Flask-Session keeps the sessions of a test.

    :param config: the settings of the app, before and after.
    :param keys: returns under what there are records.
    :param can_list: whether they can be listed.
    """

    config: Config
    keys: Callable[[], set[str]]
    can_list: bool = True


@contextmanager
def redis_place(url: str, name: str) -> Iterator[Place]:
    """Strings in Redis."""
    client = redis.Redis.from_url(url)
    prefix = f"{name}:"

    def keys() -> set[str]:
        return {key.decode() for key in client.scan_iter(match=f"{prefix}*")}

    config = {"SESSION_TYPE": "redis", "SESSION_REDIS": client, "SESSION_KEY_PREFIX": prefix}
    try:
        yield Place(config, keys)
    finally:
        for key in client.scan_iter(match=f"*{name}*"):
            client.delete(key)
        client.close()


@contextmanager
def cache_place(url: str, name: str) -> Iterator[Place]:
    """Pickles in Redis, by cachelib."""
    with redis_place(url, name) as place:
        cache = RedisCache(place.config["SESSION_REDIS"], key_prefix=f"{name}:cache:")
        config = {"SESSION_TYPE": "cachelib", "SESSION_CACHELIB": cache}
        yield Place({**config, "SESSION_KEY_PREFIX": "app:"}, place.keys)


@contextmanager
def sql_place(url: str, name: str) -> Iterator[Place]:
    """Rows in an SQL database."""
    config = {
        "SESSION_TYPE": "sqlalchemy",
        "SESSION_SQLALCHEMY": True,
        "SQLALCHEMY_DATABASE_URI": url,
        "SESSION_SQLALCHEMY_TABLE": name,
        "SESSION_TABLE": f"{name}_plus",
    }
    engine = create_engine(url)

    def keys() -> set[str]:
        with engine.connect() as link:
            return set(link.scalars(text(f"SELECT session_id FROM {name}")))

    try:
        yield Place(config, keys)
    finally:
        with engine.begin() as link:
            for table in (name, f"{name}_plus", f"{name}_plus_values"):
                link.execute(text(f"DROP TABLE IF EXISTS {table}"))
        engine.dispose()


@contextmanager
def file_place(folder: Any) -> Iterator[Place]:
    """Pickles in files."""

    def keys() -> set[str]:
        return {path.name for path in folder.iterdir() if path.stat().st_size > 60}

    config = {"SESSION_TYPE": "filesystem", "SESSION_FILE_DIR": str(folder)}
    yield Place(config, keys, can_list=False)


@contextmanager
def mongo_place(store: str) -> Iterator[Place]:
    """Documents in MongoDB, or what behaves like it."""
    client: Any = mongomock.MongoClient()

    def keys() -> set[str]:
        return {found["id"] for found in client["flask_session"]["sessions"].find()}

    config = {"SESSION_TYPE": "mongodb", "SESSION_MONGODB": client, "SESSION_STORE": store}
    yield Place(config, keys)
