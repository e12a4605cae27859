"""`SESSION_IMPORT_COOKIE`: a signed cookie of Flask's own sessions is taken in once."""

from __future__ import annotations

import hashlib
import threading
from datetime import datetime, timezone
from uuid import UUID

import pytest
from flask import Flask, flash, get_flashed_messages, session
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from markupsafe import Markup

from flask_sessionplus import ConfigError, SessionPlus, read_only
from tests.moving_in.apps import MADE

KEY = "k" * 40
VALUES = {
    "tuple": (1, "a"),
    "bytes": b"\x00",
    "moment": datetime(2020, 1, 2, tzinfo=timezone.utc),
    "uuid": UUID(int=7),
    "markup": Markup("<b>"),
    "nested": {"list": [1.5, None, True]},
}


def views(app):
    """Give *app* what the tests visit."""
    MADE.append(app)

    @app.post("/sign-in")
    def sign_in():
        session.permanent = True
        session["_user_id"] = "7"
        session.update(VALUES)
        flash("Welcome", "info")
        return "in"

    @app.get("/")
    def show():
        return {"user": session.get("_user_id"), "permanent": session.permanent}

    @app.post("/sign-out")
    def sign_out():
        session.clear()
        return "out"

    return app


def before(**config):
    """Return an app with Flask's sessions."""
    app = Flask("site")
    app.config.update(SECRET_KEY=KEY, **config)
    return views(app)


@pytest.fixture
def after(tmp_path):
    """Return a function that makes an app with ours."""

    def make(**config):
        app = Flask("site", instance_path=str(tmp_path))
        app.config.update({"SECRET_KEY": KEY, "SESSION_IMPORT_COOKIE": True, **config})
        SessionPlus(app)
        return views(app)

    return make


@pytest.fixture
def signed():
    """Return the cookie of somebody who is signed in by Flask's sessions."""
    client = before().test_client()
    client.post("/sign-in")
    return client.get_cookie("session").value


def visitor(app, cookie):
    """Return a browser with this cookie."""
    client = app.test_client()
    client.set_cookie("session", cookie)
    return client


ADA = {"user": "7", "permanent": True}
NOBODY = {"user": None, "permanent": False}


def test_it_comes_in(after, signed):
    """All values come with their types, the messages and permanence too; the cookie is replaced."""
    app = after()
    seen = []

    @app.get("/all")
    def all_of_it():
        seen.append(({key: session[key] for key in VALUES}, session.user_id))
        seen.append(get_flashed_messages(with_categories=True))
        return "ok"

    client = visitor(app, signed)
    header = client.get("/all").headers["Set-Cookie"]

    assert seen == [(VALUES, "7"), [("info", "Welcome")]]
    assert "Expires" in header
    assert client.get_cookie("session").value != signed
    assert client.get("/").json == ADA


def test_it_is_off_by_default(after, signed):
    """Without the setting such a cookie is no cookie of ours."""
    assert visitor(after(SESSION_IMPORT_COOKIE=False), signed).get("/").json == NOBODY


def test_it_comes_in_once(clock, after, signed):
    """After signing out the signed cookie is good for nothing, now and when traces are gone."""
    app = after()
    client = visitor(app, signed)
    client.get("/")
    assert visitor(app, signed).get("/").json == ADA
    client.post("/sign-out")

    assert visitor(app, signed).get("/").json == NOBODY
    clock.advance(60)
    assert visitor(app, signed).get("/").json == NOBODY
    clock.advance(30 * 24 * 3_600)
    assert visitor(after(), signed).get("/").json == NOBODY


def spellings(cookie):
    """Return the cookie with its signature spelled in other ways that mean the same bytes."""
    signed_part, _, signature = cookie.rpartition(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(signature[-1])
    for other in range(last - last % 4, last - last % 4 + 4):
        yield f"{signed_part}.{signature[:-1]}{alphabet[other]}"
    yield f"{cookie}="
    yield f"{cookie}=="


def test_no_other_spelling_comes_in(after, signed):
    """The bits of the signature that mean nothing do not make it another session."""
    app = after()
    visitor(app, signed).post("/sign-out")

    for spelling in spellings(signed):
        assert visitor(app, spelling).get("/").json == NOBODY, spelling


def test_changed_cookies_are_refused(after, signed):
    """With any character changed that means something, nobody is let in."""
    app = after()
    same = set(spellings(signed))
    for at in range(0, len(signed), 3):
        changed = signed[:at] + ("A" if signed[at] != "A" else "B") + signed[at + 1 :]
        assert changed in same or visitor(app, changed).get("/").json == NOBODY
    assert visitor(after(SECRET_KEY="n" * 40), signed).get("/").json == NOBODY


def test_parallel_requests(after, signed):
    """Requests that come at the same time with the signed cookie meet at one session."""
    app = after()
    tokens, start = [], threading.Barrier(8)

    def visit():
        client = visitor(app, signed)
        start.wait()
        assert client.get("/").json == ADA
        tokens.append(client.get_cookie("session").value)

    threads = [threading.Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(tokens) == 8
    assert len(set(tokens)) == 1


def test_an_old_cookie(clock, after):
    """What Flask would not take because of its age is not taken here, to the second."""
    app, cookies = after(PERMANENT_SESSION_LIFETIME=600), []
    for _ in range(2):
        client = before().test_client()
        client.post("/sign-in")
        cookies.append(client.get_cookie("session").value)
        # Its age is counted in whole seconds.
        clock.advance(1)
    clock.advance(596)

    assert visitor(app, cookies[0]).get("/").json == ADA
    clock.advance(5)
    assert visitor(app, cookies[1]).get("/").json == NOBODY


def test_a_cookie_of_the_future(after, monkeypatch):
    """What was signed at a time that has not come yet is not taken, as in Flask."""
    client, hour = before().test_client(), 3_600
    now = TimestampSigner.get_timestamp
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: now(self) + hour)
    client.post("/sign-in")

    assert visitor(after(), client.get_cookie("session").value).get("/").json == NOBODY


def test_a_secret_key_that_was_replaced(after, signed):
    """A cookie that was signed with one of SECRET_KEY_FALLBACKS comes in, once."""
    app = after(SECRET_KEY="n" * 40, SECRET_KEY_FALLBACKS=["x" * 40, KEY])
    client = visitor(app, signed)

    assert client.get("/").json == ADA
    client.post("/sign-out")
    assert visitor(app, signed).get("/").json == NOBODY


def test_an_interface_with_another_salt(tmp_path):
    """If the app has made its own of Flask's interface, its cookies are read as that does."""

    class Own(SecureCookieSessionInterface):
        salt = "our salt"
        digest_method = staticmethod(hashlib.sha256)

    def make():
        app = Flask("site", instance_path=str(tmp_path))
        app.config.update(SECRET_KEY=KEY)
        app.session_interface = Own()
        return views(app)

    client = make().test_client()
    client.post("/sign-in")
    app = make()
    app.config["SESSION_IMPORT_COOKIE"] = True
    SessionPlus(app)

    assert visitor(app, client.get_cookie("session").value).get("/").json == ADA


@pytest.mark.parametrize("payload", [[1], "x", {"\x03user": "admin"}, None])
def test_what_is_no_session(after, payload):
    """What is signed, but no session, or would be who it likes, does not come in."""
    serializer = URLSafeTimedSerializer(
        KEY,
        salt="cookie-session",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha1},
    )

    assert visitor(after(), serializer.dumps(payload)).get("/").json == NOBODY


def test_what_was_revoked_stays_out(after, signed):
    """Revoking a user's sessions ends what is still in a signed cookie, too."""
    app = after()
    with app.app_context():
        app.extensions["sessionplus"].extension.revoke_user(7)

    assert visitor(app, signed).get("/").json == NOBODY


def test_it_belongs_to_one_browser(after, signed):
    """With SESSION_BIND it is bound to who brings it first; another one with a copy is nobody."""
    app = after(SESSION_BIND="user_agent")
    ours = {"User-Agent": "ours"}

    assert visitor(app, signed).get("/", headers=ours).json == ADA
    answer = visitor(app, signed).get("/", headers={"User-Agent": "theirs"})
    assert answer.json == NOBODY
    assert answer.headers.getlist("Set-Cookie") == []
    assert visitor(app, signed).get("/", headers=ours).json == ADA


def test_views_that_only_read(after, signed):
    """A view that is read_only takes it in, and replaces the cookie."""
    app = after()
    app.add_url_rule("/look", "look", read_only(lambda: session["_user_id"]))
    client = visitor(app, signed)

    assert client.get("/look").text == "7"
    assert client.get_cookie("session").value != signed


def test_it_may_be_over_by_our_rules(clock, after, signed):
    """What has not been used for longer than SESSION_IDLE_LIFETIME ends as it comes in."""
    clock.advance(3_600)

    assert visitor(after(SESSION_IDLE_LIFETIME=60), signed).get("/").json == NOBODY


def test_an_unused_session_changes_nothing(after, signed):
    """A request that does not look at the session neither takes it in nor replaces the cookie."""
    app = after()
    app.add_url_rule("/static-page", view_func=lambda: "ok", endpoint="static_page")
    client = visitor(app, signed)

    assert client.get("/static-page").headers.getlist("Set-Cookie") == []
    assert client.get("/").json == ADA


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"SECRET_KEY": None}, "SESSION_IMPORT_COOKIE needs the key.*SECRET_KEY"),
        ({"SESSION_STORE": "cookie://"}, "SESSION_STORE is 'cookie://'.*SESSION_IMPORT_COOKIE"),
        ({"SESSION_IMPORT_COOKIE": "yes"}, "SESSION_IMPORT_COOKIE.*True or False"),
    ],
)
def test_where_it_makes_no_sense(after, config, message):
    """It is refused at once, with what to do."""
    with pytest.raises(ConfigError, match=message):
        after(**config)
