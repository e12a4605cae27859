"""Flask-Talisman: what it says about cookies, it says late, and our cookie follows."""

from __future__ import annotations

import pytest
from flask_talisman import Talisman

from flask_sessionplus import session
from tests.web.visiting import SentCookie


@pytest.fixture
def app(make_app):
    """Return an app that keeps something in each request."""
    app = make_app(SESSION_COOKIE_HTTPONLY=False)
    app.add_url_rule("/", "page", lambda: str(session.increment("n")))
    app.add_url_rule("/out", "out", lambda: str(session.clear()))
    return app


def cookie_of(answer):
    """Return the cookie that the answer sets, taken apart."""
    [header] = answer.headers.getlist("Set-Cookie")
    return SentCookie(header)


def test_the_cookie_follows(app):
    """After `SessionPlus(app)`, Talisman makes the cookie Secure, HttpOnly and SameSite=Strict."""
    Talisman(app, session_cookie_samesite="Strict")
    cookie = cookie_of(app.test_client().get("/", base_url="https://localhost"))

    assert cookie.attributes["samesite"] == "Strict"
    assert {"secure", "httponly"} <= set(cookie.attributes)


def test_it_is_taken_away_in_the_same_way(app):
    """The cookie is deleted with the attributes it was set with, or browsers keep it."""
    Talisman(app)
    client = app.test_client()
    first = cookie_of(client.get("/", base_url="https://localhost"))
    last = cookie_of(client.get("/out", base_url="https://localhost"))

    assert last.is_deletion
    names = {"secure", "httponly", "samesite", "path"}
    assert {n: first.attributes[n] for n in names} == {n: last.attributes[n] for n in names}


def test_http_is_sent_to_https(app):
    """A redirect to https sets no cookie, and stores nothing."""
    Talisman(app)
    answer = app.test_client().get("/")

    assert (answer.status_code, answer.location) == (302, "https://localhost/")
    assert answer.headers.getlist("Set-Cookie") == []


def test_a_nonce_is_not_kept(app, memory):
    """Its nonce for scripts lives with the request, and makes no session."""
    Talisman(app, content_security_policy_nonce_in=["default-src"])
    app.add_url_rule("/plain", "plain", lambda: "plain")
    answer = app.test_client().get("/plain", base_url="https://localhost")

    assert "nonce-" in answer.headers["Content-Security-Policy"]
    assert memory.count() == 0
