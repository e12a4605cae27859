"""A wrong setting is a ConfigError in `init_app`: key, what was given, what is allowed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from flask_sessionplus import ConfigError, SessionPlus, SessionPlusError

WRONG = [
    ("SESSION_STORE", 7, "URL"),
    ("SESSION_STORE", "", "URL"),
    ("SESSION_STORE", "nonsense", "URL"),
    ("SESSION_STORE", "nosuch://x", "URL"),
    ("SESSION_STORE", "postgres://x", "postgresql"),
    ("SESSION_STORE", "file://", "folder"),
    ("SESSION_STORE", "file:///", "folder"),
    ("SESSION_STORE", "file:///x?fsync=yes", "fsync=1"),
    ("SESSION_STORE", "file:///x?mode=1", "fsync=1"),
    ("SESSION_STORE", "sqlite://", "memory://"),
    ("SESSION_STORE", "sqlite:///:memory:", "memory://"),
    ("SESSION_STORE", object, "URL"),
    ("SESSION_TABLE", "", "not empty"),
    ("SESSION_TABLE", "a b", "letters"),
    ("SESSION_TABLE", "x; DROP TABLE y", "letters"),
    ("SESSION_TABLE", "x" * 49, "48"),
    ("SESSION_TABLE", None, "text"),
    ("SESSION_TABLE_SCHEMA", "a.b", "letters"),
    ("SESSION_BIND_KEY", 5, "text"),
    ("SESSION_IDLE_LIFETIME", "30 minz", "seconds"),
    ("SESSION_IDLE_LIFETIME", "1800", "seconds"),
    ("SESSION_IDLE_LIFETIME", 0, "seconds"),
    ("SESSION_IDLE_LIFETIME", -5, "seconds"),
    ("SESSION_IDLE_LIFETIME", True, "seconds"),
    ("SESSION_IDLE_LIFETIME", float("nan"), "seconds"),
    ("SESSION_IDLE_LIFETIME", float("inf"), "100 years"),
    ("SESSION_IDLE_LIFETIME", timedelta(0), "seconds"),
    ("SESSION_IDLE_LIFETIME", timedelta(days=50_000), "100 years"),
    ("SESSION_ABSOLUTE_LIFETIME", "8h", "seconds"),
    ("SESSION_ABSOLUTE_LIFETIME", timedelta(-1), "seconds"),
    ("SESSION_PROVISIONAL_LIFETIME", None, "seconds"),
    ("SESSION_PROVISIONAL_LIFETIME", [], "seconds"),
    ("SESSION_TOUCH_INTERVAL", -1, "seconds"),
    ("SESSION_TOUCH_INTERVAL", "1", "seconds"),
    ("SESSION_IDENTIFIER_GENERATOR", "abc", "function"),
    ("SESSION_IDENTIFIER_GENERATOR", None, "function"),
    ("SESSION_MAX_BYTES", 0, "above 0"),
    ("SESSION_MAX_BYTES", 1.5, "whole number"),
    ("SESSION_MAX_BYTES", "1000", "whole number"),
    ("SESSION_MAX_BYTES", True, "whole number"),
    ("SESSION_NO_STORE", "yes", "True or False"),
    ("SESSION_NO_STORE", None, "True or False"),
    ("SESSION_PROFILE", "relaxed", "'strict'"),
    ("SESSION_PROFILE", True, "'strict'"),
    ("SESSION_COOKIE_NAME", "", "name"),
    ("SESSION_COOKIE_NAME", "a b", "name"),
    ("SESSION_COOKIE_NAME", "a=b", "name"),
    ("SESSION_COOKIE_NAME", "a;b", "name"),
    ("SESSION_COOKIE_NAME", "a\nb", "name"),
    ("SESSION_COOKIE_NAME", "é", "name"),
    ("SESSION_COOKIE_NAME", "a\x00", "name"),
    ("SESSION_COOKIE_NAME", None, "name"),
    ("SESSION_COOKIE_NAME", "__Host-sid", "True"),
    ("SESSION_COOKIE_NAME", "__Secure-sid", "True"),
    ("SESSION_COOKIE_SAMESITE", "lose", "'Lax'"),
    ("SESSION_COOKIE_SAMESITE", True, "'Lax'"),
    ("SESSION_COOKIE_SECURE", "yes", "True or False"),
    ("SESSION_COOKIE_HTTPONLY", "no", "True or False"),
    ("SESSION_COOKIE_DOMAIN", 5, "domain"),
    ("SESSION_COOKIE_PATH", 5, "path"),
    ("PERMANENT_SESSION_LIFETIME", "soon", "seconds"),
    ("PERMANENT_SESSION_LIFETIME", None, "seconds"),
    ("PERMANENT_SESSION_LIFETIME", -5, "seconds"),
    ("PERMANENT_SESSION_LIFETIME", timedelta(days=10**6), "100 years"),
]


@pytest.mark.parametrize(("key", "value", "allowed"), WRONG, ids=lambda each: f"{each!r:.40}")
def test_a_wrong_value(key, value, allowed):
    """The message names the key (or the one that would have to change) and what is allowed."""
    app = Flask("site")
    app.config.update({"SESSION_STORE": "memory://", key: value})
    before = dict(app.config)

    with pytest.raises(ConfigError) as caught:
        SessionPlus(app)

    message = str(caught.value)
    assert allowed in message
    assert message.startswith("SESSION_") or message.startswith("PERMANENT_SESSION_LIFETIME")
    if not str(value).startswith("__"):
        assert message.startswith(key)
        assert f"{value}" in message or f"{value!r}" in message or "%" in message
    assert "sessionplus" not in app.extensions
    assert dict(app.config) == before


@pytest.mark.parametrize(
    ("argument", "value", "key"),
    [
        ("store", "nonsense", "SESSION_STORE"),
        ("cookie_name", "a b", "SESSION_COOKIE_NAME"),
        ("samesite", "lose", "SESSION_COOKIE_SAMESITE"),
        ("identifier_generator", "abc", "SESSION_IDENTIFIER_GENERATOR"),
        ("lifetime", "soon", "PERMANENT_SESSION_LIFETIME"),
        ("lifetime", -1, "PERMANENT_SESSION_LIFETIME"),
        ("secure", "yes", "SESSION_COOKIE_SECURE"),
    ],
)
def test_a_wrong_argument(argument, value, key):
    """Arguments are checked like settings, and named by the setting that they stand for."""
    with pytest.raises(ConfigError, match=key):
        SessionPlus(Flask("site"), **{"store": "memory://", argument: value})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("SESSION_STORES", "SESSION_STORE"),
        ("SESSION_IDLE_LIFETIMES", "SESSION_IDLE_LIFETIME"),
        ("SESSION_COOKIE_SAME_SITE", "SESSION_COOKIE_SAMESITE"),
        ("SESSION_ABSOLUT_LIFETIME", "SESSION_ABSOLUTE_LIFETIME"),
        ("SESSION_MAX_BYTE", "SESSION_MAX_BYTES"),
    ],
)
def test_a_misspelled_key(written, meant):
    """A key that is nearly one of ours is a ConfigError: it would do nothing, silently."""
    app = Flask("site")
    app.config[written] = 1

    with pytest.raises(ConfigError, match=f"{written}.*{meant}"):
        SessionPlus(app, store="memory://")


@pytest.mark.parametrize("key", ["SESSION_PROTECTION", "SESSIONS"])
def test_keys_of_others(key):
    """Keys of other extensions that begin like ours are none of our business."""
    app = Flask("site")
    app.config[key] = "whatever"

    SessionPlus(app, store="memory://")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("SESSION_IDLE_LIFETIME", 1800),
        ("SESSION_IDLE_LIFETIME", 0.5),
        ("SESSION_IDLE_LIFETIME", timedelta(minutes=30)),
        ("SESSION_IDLE_LIFETIME", None),
        ("SESSION_ABSOLUTE_LIFETIME", None),
        ("SESSION_TOUCH_INTERVAL", 0),
        ("SESSION_PROFILE", None),
        ("SESSION_TABLE_SCHEMA", None),
        ("SESSION_BIND_KEY", None),
        ("SESSION_STORE", "memory://"),
        ("SESSION_COOKIE_SAMESITE", None),
        ("SESSION_COOKIE_SAMESITE", "lax"),
        ("PERMANENT_SESSION_LIFETIME", 60),
        ("SESSION_COOKIE_DOMAIN", False),
    ],
    ids=repr,
)
def test_a_right_value(key, value):
    """What is allowed is accepted."""
    app = Flask("site")
    app.config.update({"SESSION_STORE": "memory://", key: value})

    SessionPlus(app)


def test_errors_are_value_errors():
    """A ConfigError is one of ours, and a ValueError."""
    assert issubclass(ConfigError, SessionPlusError)
    assert issubclass(ConfigError, ValueError)


def test_no_password_is_shown():
    """The message about a wrong URL does not show the password in it."""
    with pytest.raises(ConfigError) as caught:
        SessionPlus(Flask("site"), store="nosuch://me:s3cret@host/x")

    assert "s3cret" not in str(caught.value)
