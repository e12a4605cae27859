"""Every setting of Flask-Session 0.8 is understood, or refused with what it is called here."""

from __future__ import annotations

import re
from types import SimpleNamespace

import mongomock
import pytest
import redis
from cachelib.redis import RedisCache
from cachelib.simple import SimpleCache
from flask import Flask, session
from flask_session.defaults import Defaults
from flask_sqlalchemy import SQLAlchemy

from flask_sessionplus import ConfigError, SessionPlus
from flask_sessionplus.compat import ServerSideSession, Session
from flask_sessionplus.formerkeys import FORMER_KEYS
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.stores.redis import RedisStore
from flask_sessionplus.stores.sql import SQLStore
from tests.moving_in.apps import MADE, after

KEYS = [key for key in vars(Defaults) if key.startswith("SESSION_")]
# Of what comes after 0.8, and of its documentation.
LATER = [
    "SESSION_POSTGRESQL",
    "SESSION_POSTGRESQL_TABLE",
    "SESSION_POSTGRESQL_SCHEMA",
    "SESSION_DYNAMODB_TABLE_EXISTS",
    "SESSION_DYNAMODB_TABLE_NAME",
]
DYNAMODB = {"SESSION_TYPE": "dynamodb", "SESSION_DYNAMODB": SimpleNamespace(Table=None)}
KEPT = {"SESSION_PERMANENT", "SESSION_KEY_PREFIX"}


def make(**config):
    """Return an app with these settings."""
    app = Flask("site")
    MADE.append(app)
    app.config.update(SECRET_KEY="k" * 40, **config)
    Session(app)
    return app


def settings_of(app):
    """Return our settings."""
    return app.extensions["sessionplus"].settings


def store_of(app):
    """Return where sessions are kept."""
    return app.extensions["sessionplus"].store


@pytest.mark.parametrize("key", [*KEYS, *LATER])
def test_none_is_ignored_silently(key):
    """With SessionPlus itself, each setting that means nothing to it is refused by name."""
    app = Flask("site")
    app.config[key] = "x" if key not in KEPT else getattr(Defaults, key)

    if key in KEPT:
        SessionPlus(app)
        return
    with pytest.raises(ConfigError, match=rf"^{key} .*flask_sessionplus.compat") as refused:
        SessionPlus(app)
    assert FORMER_KEYS[key] in str(refused.value)


def test_a_setting_that_is_none_says_nothing():
    """None is what Flask-Session has for what was not given."""
    app = Flask("site")
    app.config["SESSION_REDIS"] = None

    SessionPlus(app)


def test_redis():
    """The client that is given is used, under keys of its own."""
    client = redis.Redis()
    app = make(SESSION_TYPE="Redis", SESSION_REDIS=client, SESSION_KEY_PREFIX="shop{1} :")

    assert isinstance(store_of(app), RedisStore)
    assert settings_of(app).key_prefix == "sp:shop1:"
    assert isinstance(store_of(make(SESSION_TYPE="redis")), RedisStore)


def test_files(tmp_path):
    """New sessions lie in a folder beside."""
    folder = tmp_path / "my sessions"
    more = {"SESSION_FILE_THRESHOLD": 10, "SESSION_FILE_MODE": 0o640}
    app = make(SESSION_TYPE="filesystem", SESSION_FILE_DIR=str(folder), **more)
    app.add_url_rule("/", view_func=lambda: session.update(a=1) or "ok")
    app.test_client().get("/")

    assert isinstance(store_of(app), FileStore)
    assert not folder.exists()
    assert (tmp_path / "my sessions_plus").is_dir()


def test_cachelib(tmp_path, monkeypatch):
    """A cache in files or in Redis is understood; of any other the sessions cannot be read."""
    monkeypatch.chdir(tmp_path)

    assert isinstance(store_of(make(SESSION_TYPE="cachelib")), FileStore)
    cache = RedisCache(redis.Redis())
    assert isinstance(store_of(make(SESSION_TYPE="cachelib", SESSION_CACHELIB=cache)), RedisStore)
    with pytest.raises(ConfigError, match=r"SimpleCache.*SESSION_STORE"):
        make(SESSION_TYPE="cachelib", SESSION_CACHELIB=SimpleCache())


def test_sqlalchemy(tmp_path):
    """The app's own database, with a table of our own, in the schema and bind that it names."""
    app = Flask("site")
    MADE.append(app)
    url = f"sqlite:///{tmp_path / 'other.sqlite'}"
    app.config.update(
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'main.sqlite'}",
        SQLALCHEMY_BINDS={"other": url},
        SESSION_TYPE="sqlalchemy",
        SESSION_SQLALCHEMY_TABLE="flask_sessions",
        SESSION_SQLALCHEMY_SEQUENCE="ids",
        SESSION_SQLALCHEMY_BIND_KEY="other",
    )
    db = SQLAlchemy(app)
    Session(app)
    app.add_url_rule("/", view_func=lambda: session.update(a=1) or "ok")

    assert app.test_client().get("/").status_code == 200
    assert isinstance(store_of(app), SQLStore)
    assert settings_of(app).table == "flask_sessions_plus"
    with app.app_context():
        assert store_of(app).engine.url == db.engines["other"].url
        db.engines["other"].dispose()


def test_a_schema():
    """The schema of the former table is that of ours."""
    app = make(
        SESSION_TYPE="sqlalchemy", SESSION_SQLALCHEMY=SQLAlchemy(), SESSION_SQLALCHEMY_SCHEMA="auth"
    )

    assert store_of(app).table.fullname == "auth.flask_sessions"


def test_no_store_of_that_kind(tmp_path):
    """Where there is no store like it, the app has to say where new sessions are kept."""
    config = {"SESSION_TYPE": "mongodb", "SESSION_MONGODB": mongomock.MongoClient()}

    with pytest.raises(ConfigError, match=r"no store here.*SESSION_STORE.*carried over"):
        make(**config)
    assert isinstance(store_of(make(**config, SESSION_STORE=f"file://{tmp_path}")), FileStore)


def test_our_own_setting_wins(files):
    """SESSION_STORE says where sessions are kept; the rest only where they come from."""
    app = after(files.config, SESSION_STORE="sqlite:///elsewhere.sqlite3")

    assert isinstance(store_of(app), SQLStore)
    assert app.extensions["sessionplus"].intake is not None


def test_nothing_to_come_from(tmp_path):
    """Without SESSION_TYPE, but with SESSION_STORE, it is SessionPlus with the other settings."""
    app = make(SESSION_STORE=f"file://{tmp_path}")

    assert app.extensions["sessionplus"].intake is None
    assert settings_of(app).permanent


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "SESSION_TYPE.*'redis', 'memcached'"),
        ({"SESSION_TYPE": "null"}, "SESSION_TYPE.*'redis'"),
        ({"SESSION_TYPE": "postgresql"}, "SESSION_TYPE 'postgresql'.*SESSION_STORE.*old rows stay"),
        ({"SESSION_TYPE": "redis", "SESSION_POSTGRESQL": 1}, "SESSION_POSTGRESQL out"),
        ({"SESSION_TYPE": "postgres"}, "SESSION_TYPE.*'postgres'.*'sqlalchemy'"),
        ({"SESSION_TYPE": 7}, "SESSION_TYPE is an object of int.*SESSION_STORE.*old records stay"),
        (
            {**DYNAMODB, "SESSION_DYNAMODB_TABLE_NAME": "x"},
            "SESSION_DYNAMODB_TABLE_NAME has no effect.*SESSION_DYNAMODB_TABLE so",
        ),
        ({"SESSION_TYPE": "redis", "SESSION_REDIS": "localhost"}, "SESSION_REDIS.*redis-py"),
        ({"SESSION_TYPE": "redis", "SESSION_KEY_PREFIX": None}, "SESSION_KEY_PREFIX"),
        ({"SESSION_TYPE": "redis", "SESSION_PERMANENT": "yes"}, "SESSION_PERMANENT"),
        ({"SESSION_TYPE": "redis", "SESSION_USE_SIGNER": 1}, "SESSION_USE_SIGNER"),
        ({"SESSION_TYPE": "redis", "SESSION_ID_LENGTH": 8}, "SESSION_ID_LENGTH.*16 to 96"),
        ({"SESSION_TYPE": "redis", "SESSION_ID_LENGTH": 97}, "SESSION_ID_LENGTH"),
        ({"SESSION_TYPE": "redis", "SESSION_SERIALIZATION_FORMAT": "yaml"}, "'msgpack' or 'json'"),
        ({"SESSION_TYPE": "redis", "SESSION_CLEANUP_N_REQUESTS": -1}, "SESSION_CLEANUP_N_REQ"),
        ({"SESSION_TYPE": "memcached", "SESSION_MEMCACHED": 1}, "SESSION_MEMCACHED"),
        ({"SESSION_TYPE": "sqlalchemy"}, "SESSION_SQLALCHEMY.*db"),
        ({"SESSION_TYPE": "dynamodb"}, r"SESSION_DYNAMODB.*boto3\.resource"),
        ({"SESSION_TYPE": "redis", "SESSION_STORE": "memory://"}, "SESSION_STORE.*memory"),
        ({"SESSION_TYPE": "redis", "SESSION_STORE": "cookie://"}, "SESSION_STORE.*cookie"),
    ],
)
def test_wrong_values(config, message):
    """A wrong value is refused with its key, and what is allowed."""
    with pytest.raises(ConfigError, match=message):
        make(**config)


def test_a_signer_needs_a_key():
    """Signed cookies cannot be checked without the key."""
    app = Flask("site")
    app.config.update(SESSION_TYPE="redis", SESSION_USE_SIGNER=True)

    with pytest.raises(ConfigError, match=r"SESSION_USE_SIGNER.*SECRET_KEY"):
        Session(app)


@pytest.mark.parametrize("length", [16, 32, 64])
def test_the_length_of_ids(files, length):
    """New ids are as long as before."""
    new = after(files.config, SESSION_ID_LENGTH=length).test_client()
    new.post("/sign-in")

    assert len(new.get_cookie("session").value) == -(-length * 8 // 6)


@pytest.mark.parametrize("given", [True, False])
def test_new_sessions_are_permanent(files, given):
    """A new session is permanent from the beginning, as there, and may be made another."""
    app = after(files.config, SESSION_PERMANENT=given)
    seen = []

    @app.get("/look")
    def look():
        seen.append((session.permanent, session.modified, bool(session)))
        return "ok"

    @app.get("/briefly")
    def briefly():
        session.permanent = False
        session["a"] = 1
        return str(session.permanent)

    new = app.test_client()
    assert new.get("/look").headers.getlist("Set-Cookie") == []
    assert seen == [(given, False, False)]
    cookie = new.post("/sign-in").headers["Set-Cookie"]
    assert ("Expires" in cookie) is given
    new.get("/look")
    assert seen[-1] == (given, False, True)
    assert "Expires" not in app.test_client().get("/briefly").headers["Set-Cookie"]


def test_what_apps_ask_of_it(files):
    """`session.sid` is a public name, and `session_interface.regenerate(session)` works."""
    app = after(files.config)

    @app.get("/sid")
    def sid():
        return session.sid

    @app.get("/regenerate")
    def regenerate():
        app.session_interface.regenerate(session)
        return "ok"

    new = app.test_client()
    new.post("/sign-in")
    token, name = new.get_cookie("session").value, new.get("/sid").text
    new.get("/regenerate")

    assert re.fullmatch(r"[\w-]{22}", name)
    assert name not in token
    assert new.get_cookie("session").value != token
    assert new.get("/").json["user"] == "7"


def test_the_name_of_what_a_session_is(files):
    """Flask-Session's name for `flask.session` is ours, for annotations and isinstance()."""
    app = after(files.config)
    app.add_url_rule("/kind", view_func=lambda: str(isinstance(session, ServerSideSession)))

    assert app.test_client().get("/kind").text == "True"


def test_an_interface_of_ones_own(files):
    """A subclass that puts its own interface in would be without effect: it is refused."""

    class Own(Session):
        def _get_interface(self, app):
            """Return what is never asked for."""

    app = Flask("site")
    app.config.update(files.config)
    with pytest.raises(ConfigError, match=r"Own\._get_interface\(\) has no effect.*SESSION_STORE"):
        Own(app)


def test_both_ways_to_begin(tmp_path):
    """`Session(app)` and `Session().init_app(app)` do the same."""
    for begin in (Session, lambda app: Session().init_app(app)):
        app = Flask("site")
        app.config.update(SESSION_TYPE="filesystem", SESSION_FILE_DIR=str(tmp_path / "f"))
        begin(app)

        assert isinstance(store_of(app), FileStore)


def test_expired_sessions_are_removed(clock, table):
    """SESSION_CLEANUP_N_REQUESTS and `flask session_cleanup` do what they did."""
    app = after(table.config, SESSION_CLEANUP_N_REQUESTS=3)
    for _ in range(2):
        app.test_client().post("/sign-in")
    clock.advance(40 * 24 * 3_600)
    assert store_of(app).count_expired() == 2
    app.test_client().get("/")
    assert store_of(app).count_expired() == 0

    app.test_client().post("/sign-in")
    clock.advance(40 * 24 * 3_600)
    found = app.test_cli_runner().invoke(args=["session_cleanup"])
    assert found.output == "1 expired sessions removed.\n"
