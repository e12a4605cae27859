"""The extension object: how it is made, what it accepts, and that it does nothing early."""

from __future__ import annotations

import gc
import os
import socket
import weakref
from datetime import timedelta

import pytest
from flask import Flask, session
from sqlalchemy import create_engine, event

from flask_sessionplus import ConfigError, SessionPlus
from tests.web.visiting import Site, remember

UNREACHABLE = [
    "postgresql+psycopg://nobody:secret@db.invalid:1/x",
    "mysql+pymysql://nobody:secret@db.invalid:1/x",
    "sqlite:////nowhere/at/all/sessions.sqlite",
    "file:///nowhere/at/all/sessions",
]


def test_with_the_app(app):
    """`SessionPlus(app)` is all there is to do."""
    SessionPlus(app, store="memory://")

    assert remember(app) == {"a": 1}


def test_with_init_app(app):
    """`SessionPlus().init_app(app)` is for app factories."""
    extension = SessionPlus(store="memory://")
    extension.init_app(app)

    assert remember(app) == {"a": 1}


def test_no_secret_key_is_needed(app):
    """Nothing is signed, so an app without SECRET_KEY has sessions."""
    assert app.secret_key is None
    SessionPlus(app, store="memory://")

    assert remember(app) == {"a": 1}


def test_twice_for_one_app(app):
    """A second `init_app` for the same app is a ConfigError: it would not be clear which counts."""
    extension = SessionPlus(app, store="memory://")

    with pytest.raises(ConfigError, match="already"):
        extension.init_app(app)
    with pytest.raises(ConfigError, match="already"):
        SessionPlus(app, store="memory://")
    assert remember(app) == {"a": 1}


def test_again_after_a_mistake(app):
    """An `init_app` that was refused leaves the app as it was: it can be tried again."""
    before = dict(app.config), app.session_interface
    with pytest.raises(ConfigError):
        SessionPlus(app, store="nonsense", cookie_name="sid")
    assert (dict(app.config), app.session_interface) == before

    SessionPlus(app, store="memory://")
    assert remember(app) == {"a": 1}


def test_several_apps_on_one_object(tmp_path):
    """One object serves several apps, each with its own settings and its own sessions."""
    extension = SessionPlus()
    sites = []
    for name in ("a", "b"):
        app = Flask(name, instance_path=str(tmp_path / name))
        app.config["SESSION_COOKIE_NAME"] = name
        extension.init_app(app)
        sites.append(Site(app))
    one, two = (site.visitor() for site in sites)
    one(lambda: session.update(app="one"))
    two(lambda: session.update(app="two"))

    assert one.value(lambda: session["app"]) == "one"
    assert two.value(lambda: session["app"]) == "two"
    assert sites[1].visitor(one.token).value(lambda: dict(session)) == {}
    assert one.client.get_cookie("a").value != two.client.get_cookie("b").value


def test_types_are_shared_by_the_apps_of_one_object():
    """What is registered with the object is known in all of its apps, before and after."""
    extension = SessionPlus(store="memory://")
    apps = [Flask("a"), Flask("b")]
    extension.init_app(apps[0])
    extension.register_type(complex, lambda c: (c.real, c.imag), lambda parts: complex(*parts))
    extension.init_app(apps[1])

    for app in apps:
        visitor = Site(app).visitor()
        visitor(lambda: session.update(z=1j))
        assert visitor.value(lambda: session["z"]) == 1j


def test_types_of_another_object_are_unknown():
    """Another object knows nothing of it."""
    extension = SessionPlus(store="memory://")
    extension.register_type(complex, lambda c: (c.real, c.imag), lambda parts: complex(*parts))
    app = Flask("b")
    app.testing = True
    SessionPlus(app, store="memory://")

    with pytest.raises(TypeError):
        Site(app).visitor()(lambda: session.update(z=1j))


def test_an_app_is_let_go():
    """The object keeps nothing of an app: one that is dropped is collected."""
    extension = SessionPlus(store="memory://")
    app = Flask("site")
    extension.init_app(app)
    assert remember(app) == {"a": 1}
    gone = weakref.ref(app)
    del app
    gc.collect()

    assert gone() is None


def test_a_type_may_be_registered_late(app):
    """`register_type` works after `init_app`, until somebody needs it."""
    extension = SessionPlus(app, store="memory://")
    extension.register_type(complex, lambda c: (c.real, c.imag), lambda parts: complex(*parts))
    visitor = Site(app).visitor()
    visitor(lambda: session.update(z=1j))

    assert visitor.value(lambda: session["z"]) == 1j


@pytest.mark.parametrize("url", UNREACHABLE)
def test_nothing_is_touched_in_init_app(app, monkeypatch, url):
    """`create_app` works though the store cannot be reached: nothing is connected or made."""

    def refuse(*arguments, **options):
        raise AssertionError("this is I/O")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(os, "mkdir", refuse)
    monkeypatch.setattr(os, "open", refuse)
    SessionPlus(app, store=url)

    answer = Site(app).visitor()(lambda: None)
    assert answer.status == 200


def test_no_table_is_made_in_init_app(app, tmp_path):
    """Neither for an engine of the app's nor for a `db` is anything sent to the database."""
    engine = create_engine(f"sqlite:///{tmp_path / 'app.sqlite'}")
    connected = []
    event.listen(engine, "connect", lambda *arguments: connected.append(True))
    SessionPlus(app, store=engine)

    assert connected == []
    assert not (tmp_path / "app.sqlite").exists()


def test_arguments_win(app):
    """What is given as an argument wins over the app's settings."""
    app.config.update(SESSION_STORE="file:///nowhere", SESSION_COOKIE_NAME="a")
    SessionPlus(app, store="memory://", cookie_name="b", lifetime=timedelta(hours=1))

    assert app.config["SESSION_COOKIE_NAME"] == "b"
    assert app.permanent_session_lifetime == timedelta(hours=1)
    assert Site(app).visitor()(lambda: session.update(a=1)).cookie.name == "b"


@pytest.mark.parametrize("name", ["app", "store", "cookie_name", "adapter"])
def test_arguments_are_named(name):
    """Only the app is given by position, and a name that does not exist is an error."""
    if name == "adapter":
        with pytest.raises(TypeError, match="adapter"):
            SessionPlus(adapter="memory://")
    elif name != "app":
        with pytest.raises(TypeError):
            SessionPlus(None, "memory://")


def test_no_routes_and_no_hooks(app):
    """The extension adds neither pages nor functions to requests of the app."""
    rules = list(app.url_map.iter_rules())
    SessionPlus(app, store="memory://")

    assert list(app.url_map.iter_rules()) == rules
    assert app.before_request_funcs == {}
    assert app.after_request_funcs == {}
    assert app.teardown_request_funcs == {}


def test_nothing_secret_is_shown(app):
    """The password of a database URL is in no repr."""
    SessionPlus(app, store="postgresql+psycopg://me:secret@db.invalid/x")

    assert "secret" not in repr(app.extensions["sessionplus"])
    assert "secret" not in repr(app.session_interface)
