"""A small site whose users have devices, for the test client and for gunicorn."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask, redirect, request

from flask_sessionplus import SessionPlus, clock, login_required, safe_next, session
from flask_sessionplus.pages import Look, devices
from flask_sessionplus.testing import FakeClock

#: When it is, where the time stands still.
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=timezone.utc)

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
IPAD = (
    "Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.5 Mobile/15E148 Safari/604.1"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
)
APP = "CornerShop/4.2"

#: What a user has besides: signed in how long ago, seen how long ago, with what, from where.
OTHERS = (
    (timedelta(days=12, hours=3), timedelta(days=9), EDGE, "192.0.2.81"),
    (timedelta(days=6, hours=5), timedelta(days=2), IPAD, "2001:db8:3fe4:10::7"),
    (timedelta(days=1, hours=6), timedelta(hours=4), IPHONE, "203.0.113.24"),
)

FORM = (
    "<!doctype html><html lang=en><title>{title}</title><link rel=icon href=data:,><main>"
    "<h1>{title}</h1><form method=post><label>{field} <input name={field}></label>"
    "<button>Go</button></form></main>"
)


def make_key() -> str:
    """Return a key to sign tokens with."""
    key = Ed25519PrivateKey.generate()
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(*form, serialization.NoEncryption()).decode()


def create_app(
    config: Mapping[str, Any] | None = None,
    look: Look | None = None,
    prefix: str = "/account/devices",
    **options: Any,
) -> Flask:
    """Return the site; under gunicorn, its settings are in the environment as ``SITE_...``.

    :param options: for the blueprint.
    """
    app = Flask(__name__)
    app.config.update(
        SESSION_STORE="memory://",
        SESSION_LOGIN_VIEW="sign_in_form",
        SESSION_CONFIRM_VIEW="confirm_form",
    )
    given = {k[5:]: v for k, v in os.environ.items() if k.startswith("SITE_")}
    now = given.pop("NOW", None)
    if now is not None:
        clock.set_source(lambda: float(now))
    app.config.update(given)
    app.config.update(config or {})
    SessionPlus(app)

    @app.get("/")
    def home() -> str:
        return FORM.format(title="Home", field="search")

    @app.get("/sign-in")
    def sign_in_form() -> str:
        return FORM.format(title="Sign in", field="user")

    @app.post("/sign-in")
    def sign_in() -> Any:
        session.login(request.form["user"])
        return redirect(safe_next())

    @app.get("/confirm")
    @login_required
    def confirm_form() -> str:
        return FORM.format(title="Is it you?", field="password")

    @app.post("/confirm")
    @login_required
    def confirm() -> Any:
        session.confirm()
        return redirect(safe_next())

    app.register_blueprint(devices.create_blueprint(look=look, **options), url_prefix=prefix)
    return app


def sign_in(app: Flask, user: str, agent: str = FIREFOX, address: str = "203.0.113.24") -> Any:
    """Return somebody's browser, in which *user* has just signed in."""
    client = app.test_client()
    client.environ_base.update(HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    client.post("/sign-in", data={"user": user})
    # Who never comes again has a session for a short time only.
    client.get("/confirm")
    return client


def fields(browser: Any, path: str = "/account/devices", **more: str) -> dict[str, str]:
    """Return what the first form of our page sends, but for what its button says."""
    form = browser.get(path).text.partition('<div class="sp')[2].partition("</form>")[0]
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {name: value for name, value in found if name != "handle"} | more


def issue(app: Flask, user: str, agent: str = APP, address: str = "198.51.100.6") -> Any:
    """Return the tokens with which an app on *user*'s phone has signed in."""
    with app.test_request_context(
        headers={"User-Agent": agent}, environ_base={"REMOTE_ADDR": address}
    ):
        return app.extensions["sessionplus"].extension.tokens.issue_pair(user)


def furnish(app: Flask, user: str) -> str:
    """Sign *user* in at several places, and return the cookie of the last one."""
    for since, seen, agent, address in OTHERS:
        with FakeClock(NOON - since) as now:
            browser = sign_in(app, user, agent, address)
            now.advance(since - seen)
            browser.get("/confirm")
    if app.config.get("SESSION_JWT_KEY"):
        with FakeClock(NOON - timedelta(minutes=40)):
            issue(app, user)
    with FakeClock(NOON - timedelta(minutes=8)):
        found = sign_in(app, user).get_cookie(app.config["SESSION_COOKIE_NAME"])
    return str(found.value)


def arabic() -> Flask:
    """Return the site as somebody sees it who writes from right to left."""
    return create_app(look=Look(translate=_in_arabic, language=lambda: "ar"))


def _in_arabic(text: str) -> str:
    known = {"Your devices": "أجهزتك", "Sign out": "تسجيل الخروج", "Last seen": "آخر ظهور"}
    return known.get(text, text)
