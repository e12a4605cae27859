"""The cookie: every setting of Flask's, when it is set and when it is deleted."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from flask import Flask, session
from flask.sessions import SecureCookieSessionInterface

from tests.web.visiting import SentCookie

SETTINGS = [
    {},
    {"SESSION_COOKIE_NAME": "sid"},
    {"SESSION_COOKIE_DOMAIN": "shop.example"},
    {"SESSION_COOKIE_PATH": "/shop"},
    {"APPLICATION_ROOT": "/root"},
    {"SESSION_COOKIE_SECURE": True},
    {"SESSION_COOKIE_HTTPONLY": False},
    {"SESSION_COOKIE_SAMESITE": "Lax"},
    {"SESSION_COOKIE_SAMESITE": "Strict"},
    {"SESSION_COOKIE_SAMESITE": "None", "SESSION_COOKIE_SECURE": True},
    {"SESSION_COOKIE_NAME": "__Host-sid", "SESSION_COOKIE_SECURE": True},
    {
        "SESSION_COOKIE_NAME": "__Secure-sid",
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_DOMAIN": "shop.example",
        "SESSION_COOKIE_PATH": "/shop",
        "SESSION_COOKIE_SAMESITE": "Strict",
    },
    pytest.param(
        {"SESSION_COOKIE_PARTITIONED": True, "SESSION_COOKIE_SECURE": True},
        marks=pytest.mark.skipif(
            "SESSION_COOKIE_PARTITIONED" not in Flask.default_config,
            reason="partitioned cookies need Flask 3.1",
        ),
    ),
]
ENDS = {"expires", "max-age"}
each_setting = pytest.mark.parametrize("settings", SETTINGS, ids=repr)


def look(header):
    """Return name and attributes of a Set-Cookie header, without its expiry."""
    cookie = SentCookie(header)
    return cookie.name, {k: v for k, v in cookie.attributes.items() if k not in ENDS}


def as_flask_does(site, act):
    """Return the Set-Cookie header that Flask's own sessions would send."""
    app = Flask("plain")
    app.config.update(site.app.config, SECRET_KEY="key")
    app.session_interface = SecureCookieSessionInterface()
    app.add_url_rule("/", "page", lambda: act() or "page")
    [header] = app.test_client().get("/").headers.getlist("Set-Cookie")
    return header


@each_setting
def test_setting_is_as_in_flask(make_site, settings):
    """Each setting of Flask gives the cookie exactly the attributes it has in Flask."""
    site = make_site(**settings)

    [header] = site.visitor()(lambda: session.update(a=1)).cookies

    assert look(header) == look(as_flask_does(site, lambda: session.update(a=1)))


@each_setting
def test_deletion_is_as_in_flask(make_site, settings):
    """The cookie is deleted with the attributes it was set with, or browsers would keep it."""
    site = make_site(**settings)
    set_it = site.visitor()(lambda: session.update(a=1))
    cookie = f"{set_it.cookie.name}={set_it.cookie.value}"

    deletion = site.visitor().send(cookie, lambda: session.clear())

    assert deletion.cookie.is_deletion
    assert deletion.cookie.attributes["expires"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert look(deletion.cookies[0]) == look(as_flask_does(site, lambda: session.clear()))
    assert look(deletion.cookies[0]) == look(set_it.cookies[0])


@pytest.mark.parametrize("act", ["update", "clear"])
def test_on_https_the_cookie_is_secure(known, act):
    """Over https the cookie is Secure without being told, when set and when deleted."""

    def page():
        session.clear() if act == "clear" else session.update(more=1)

    cookie = f"session={known.token}"
    [header] = known.send(cookie, page, base_url="https://localhost").cookies

    assert "; Secure" in header


def test_on_http_the_cookie_is_not_secure(visitor):
    """Over http it is not, or the browser would not send it back."""
    assert "Secure" not in visitor(lambda: session.update(a=1)).cookies[0]


def test_settings_are_read_when_answering(visitor):
    """A setting that is changed after `init_app`, as Flask-Talisman does, counts."""
    visitor.site.app.config.update(SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE="Strict")

    [header] = visitor(lambda: session.update(a=1)).cookies

    assert "; Secure" in header
    assert "; SameSite=Strict" in header


def test_a_name_that_is_changed_later(known):
    """The name of the cookie is read from the settings too, to set and to read."""
    known.site.app.config["SESSION_COOKIE_NAME"] = "sid"
    visitor = known.site.visitor()
    visitor(lambda: session.update(a=1))

    assert visitor.value(lambda: dict(session)) == {"a": 1}
    assert visitor.client.get_cookie("sid") is not None


@pytest.mark.parametrize("name", ["sid", "a.b", "a-b", "a+b", "a*", "__Host-sid", "$x", "(x"])
def test_any_cookie_name_works(make_site, name):
    """Characters that mean something in a pattern mean nothing in a name."""
    site = make_site(SESSION_COOKIE_NAME=name, SESSION_COOKIE_SECURE=True)
    cookie = site.visitor()(lambda: session.update(a=1)).cookies[0].partition(";")[0]

    assert site.visitor().send(cookie, lambda: dict(session)).value == {"a": 1}


def test_the_token_is_long_and_random(site):
    """The cookie holds 256 random bits and nothing else."""
    tokens = [site.visitor()(lambda: session.update(a=1)).cookie.value for _ in range(50)]

    assert {len(token) for token in tokens} == {43}
    assert len({token[:8] for token in tokens}) == 50


def test_a_browser_session_has_no_expiry(visitor):
    """Without `permanent` the cookie ends with the browser."""
    [header] = visitor(lambda: session.update(a=1)).cookies

    assert "Expires" not in header
    assert "Max-Age" not in header


def test_a_permanent_session_has_one(make_site, clock):
    """With `permanent` the cookie lasts as long as PERMANENT_SESSION_LIFETIME, as in Flask."""
    site = make_site(PERMANENT_SESSION_LIFETIME=timedelta(days=3))

    cookie = site.visitor()(make_permanent).cookie

    when = parsedate_to_datetime(cookie.attributes["expires"])
    assert when.timestamp() == clock.now() // 1000 + 3 * 86_400


def make_permanent():
    """Put something in, and make the session permanent."""
    session["a"] = 1
    session.permanent = True


def test_to_become_permanent_sends_the_cookie(known):
    """A browser session that becomes permanent has its cookie sent again, with an expiry."""

    def page():
        session.permanent = True

    answer = known(page)

    assert answer.cookie.value == known.token
    assert "expires" in answer.cookie.attributes


def test_to_be_permanent_no_more_sends_the_cookie(known):
    """A permanent session that becomes a browser session has its cookie sent without an expiry."""

    def page():
        session.permanent = False

    known(make_permanent)
    answer = known(page)

    assert answer.cookie.value == known.token
    assert "expires" not in answer.cookie.attributes


@pytest.mark.parametrize("refreshes", [True, False])
def test_a_permanent_cookie_is_refreshed_by_use(make_site, clock, refreshes):
    """A request that reads a permanent session sends its cookie again, if it is to refresh."""
    visitor = make_site(SESSION_REFRESH_EACH_REQUEST=refreshes).visitor()
    visitor(make_permanent)
    first = visitor(lambda: session.renew()).cookie
    clock.advance(timedelta(days=1))

    answer = visitor(lambda: session.get("a"))

    if refreshes:
        assert answer.cookie.value == first.value
        assert answer.cookie.attributes["expires"] != first.attributes["expires"]
    else:
        assert answer.cookies == []


def test_a_permanent_cookie_is_not_refreshed_without_use(make_site):
    """Who does not look at the session is sent no cookie, permanent or not."""
    visitor = make_site().visitor()
    visitor(make_permanent)

    assert visitor(lambda: None).cookies == []


def test_a_reader_is_sent_no_cookie(known):
    """A session that ends with the browser is never sent again to who only reads it."""
    assert known(lambda: dict(session)).cookies == []


def test_renew_sends_the_cookie(clock, known):
    """`renew` writes the cookie again and begins the idle time anew."""
    clock.advance(timedelta(seconds=1))
    before = known.value(lambda: session.expires_at)

    answer = known(lambda: session.renew())

    assert answer.cookie.value == known.token
    assert known.value(lambda: session.expires_at) == before + timedelta(seconds=1)


def test_renew_of_nothing_sends_nothing(visitor, store):
    """`renew` on an empty new session leaves nothing behind."""
    assert visitor(lambda: session.renew()).cookies == []
    assert store.new_calls() == []


def test_only_one_cookie_is_sent(known):
    """However often the session is saved in one request, one Set-Cookie tells of it."""

    def page():
        session.renew()
        session.save()
        session.regenerate()
        session.save()
        session["more"] = 1
        session.save()

    assert len(known(page).cookies) == 1
