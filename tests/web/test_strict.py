"""`SESSION_PROFILE = "strict"`: the hardened set in one word."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask, session

from flask_sessionplus import ConfigError, SessionPlus, SessionTooLarge


@pytest.fixture
def strict(make_site):
    """Return somebody at a strict app, on https."""
    visitor = make_site(SESSION_PROFILE="strict").visitor()
    visitor.client.environ_base["wsgi.url_scheme"] = "https"
    return visitor


def test_the_cookie_is_hardened(strict):
    """The cookie has the __Host- prefix and everything that goes with it."""
    cookie = strict(lambda: session.update(a=1)).cookie

    assert cookie.name == "__Host-session"
    assert cookie.attributes == {
        "secure": True,
        "httponly": True,
        "path": "/",
        "samesite": "Lax",
    }


def test_the_deletion_is_hardened(strict):
    """The cookie is deleted with the same attributes, or a browser would refuse it."""
    strict(lambda: session.update(a=1))

    cookie = strict(lambda: session.clear()).cookie

    assert cookie.name == "__Host-session"
    assert cookie.is_deletion
    assert {"secure": True, "path": "/", "samesite": "Lax"}.items() <= cookie.attributes.items()
    assert "domain" not in cookie.attributes


def test_it_is_secure_on_http_too(make_site):
    """The cookie is Secure even if the request seems to be plain http, as behind a proxy."""
    cookie = make_site(SESSION_PROFILE="strict").visitor()(lambda: session.update(a=1)).cookie

    assert cookie.attributes["secure"] is True


def test_nothing_is_stored_by_browsers(strict):
    """Pages that used the session are not even kept for the back button."""
    assert strict(lambda: session.update(a=1)).headers["Cache-Control"] == "no-store"
    assert strict(lambda: session.get("a")).headers["Cache-Control"] == "no-store"


def test_it_ends_after_30_minutes_without_use(strict, clock):
    """A session that is not used for 30 minutes has ended."""
    strict(lambda: session.update(a=1))
    strict(lambda: session.get("a"))
    clock.advance(timedelta(minutes=29))
    assert strict.value(lambda: session.exists) is True
    clock.advance(timedelta(minutes=30))

    assert strict.value(lambda: session.exists) is False


def test_it_ends_after_8_hours(strict, clock):
    """A session ends after 8 hours, however much it is used."""
    strict(lambda: session.update(a=1))
    for _ in range(32):
        clock.advance(timedelta(minutes=14, seconds=59))
        assert strict.value(lambda: session.exists) is True
    clock.advance(timedelta(minutes=1))

    assert strict.value(lambda: session.exists) is False


def test_records_are_limited(strict):
    """A session that would grow beyond 64 KB is refused, and stays as it was."""
    strict(lambda: session.update(a=1))
    with pytest.raises(SessionTooLarge, match="65536"):
        strict(lambda: session.update(big="x" * 66_000))

    assert strict.value(lambda: dict(session)) == {"a": 1}


def test_single_settings_win(make_site):
    """What is set beside the profile is taken instead of the profile's."""
    site = make_site(
        SESSION_PROFILE="strict",
        SESSION_COOKIE_NAME="sid",
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_NO_STORE=False,
    )

    answer = site.visitor()(lambda: session.update(a=1))

    assert answer.cookie.name == "__Host-sid"
    assert answer.cookie.attributes["samesite"] == "Strict"
    assert answer.headers["Cache-Control"] == "private"


@pytest.mark.parametrize(
    ("key", "value"),
    [("SESSION_COOKIE_DOMAIN", "shop.example"), ("SESSION_COOKIE_PATH", "/shop")],
)
def test_what_contradicts_the_prefix_is_refused(key, value):
    """A domain or a path that a __Host- cookie cannot have is a ConfigError, not a lost cookie."""
    app = Flask("site")
    app.config.update({key: value, "SESSION_PROFILE": "strict"})

    with pytest.raises(ConfigError, match=key):
        SessionPlus(app, store="memory://")


def test_another_profile_is_refused():
    """There is one profile; another word is a ConfigError that names it."""
    app = Flask("site")
    app.config["SESSION_PROFILE"] = "relaxed"

    with pytest.raises(ConfigError, match=r"SESSION_PROFILE is 'relaxed'.*'strict'"):
        SessionPlus(app, store="memory://")


def test_under_a_prefix():
    """`__Host-` takes no path: the message says what to set, and either works."""
    given = {"SESSION_STORE": "memory://", "SESSION_PROFILE": "strict", "APPLICATION_ROOT": "/app"}

    def name(**config):
        app = Flask("site")
        app.config.update(given, **config)
        SessionPlus(app)
        return app.config["SESSION_COOKIE_NAME"]

    with pytest.raises(ConfigError, match=r"SESSION_COOKIE_PATH.*'/app'.*'__Secure-session'"):
        name()
    assert name(SESSION_COOKIE_PATH="/") == "__Host-session"
    assert name(SESSION_COOKIE_NAME="__Secure-session") == "__Secure-session"
