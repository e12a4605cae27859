"""from-flask-session and from-flask: their blocks do what is said."""

from __future__ import annotations

import redis
from flask import Flask, session

from flask_sessionplus import SessionPlus
from flask_sessionplus.compat import Session
from flask_sessionplus.stores.redis import RedisStore
from flask_sessionplus.stores.sql import SQLStore
from tests.web.typing_in import Desk, runs


@runs("from-flask-session 1")
def test_the_import(desk: Desk) -> None:
    """from-flask-session: the one line that is changed."""
    desk.app.config["SESSION_TYPE"] = "filesystem"
    desk.type("from-flask-session 1")

    assert isinstance(desk.app.extensions["sessionplus"].extension, Session)


@runs("from-flask-session 2")
def test_a_store_that_is_named(desk: Desk) -> None:
    """from-flask-session: sessions come from Redis, and are in SQLite from then on."""
    desk.type("from-flask-session 2", Session=Session, redis=redis)

    assert isinstance(desk.app.extensions["sessionplus"].store, SQLStore)


@runs("from-flask-session 3")
def test_in_our_words(desk: Desk) -> None:
    """from-flask-session: the settings at the end find what compat has made with those before."""
    before = Flask("before")
    before.config["SESSION_TYPE"] = "redis"
    Session(before)
    desk.type("from-flask-session 3")
    ours, theirs = (app.extensions["sessionplus"] for app in (desk.app, before))

    assert isinstance(ours.store, RedisStore)
    assert ours.settings.key_prefix == theirs.settings.key_prefix
    assert ours.settings.permanent is theirs.settings.permanent is True


@runs("from-flask 1")
def test_the_cookie(desk: Desk) -> None:
    """from-flask: a signed cookie comes in."""
    former = Flask("before")
    former.secret_key = desk.app.secret_key = "s" * 40
    former.add_url_rule("/", view_func=lambda: session.update(name="Ada") or "ok")
    client = former.test_client()
    client.get("/")
    desk.type("from-flask 1", SessionPlus=SessionPlus)
    desk.app.add_url_rule("/name", view_func=lambda: session["name"])
    new = desk.app.test_client()
    new.set_cookie("session", client.get_cookie("session").value)

    assert new.get("/name").text == "Ada"
