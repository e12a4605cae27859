"""A small site with a dashboard, for the test client and for gunicorn."""

from __future__ import annotations

import os
import re
from typing import Any

from flask import Flask, redirect, request
from jinja2 import BytecodeCache

from flask_sessionplus import SessionPlus, clock, role_required, session
from flask_sessionplus.pages import dashboard
from flask_sessionplus.pages.csrf import FIELD
from flask_sessionplus.pages.dashboard import counts

PREFIX = "/admin/sessions"

# A page says how many there are also on a busy machine.
counts._PATIENCE = 10

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

#: What somebody may call himself, his browser or his keys, who wants to get into the page.
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "' autofocus onfocus=alert(1) x='",
    "</title><script>alert(1)</script>",
    "</textarea></pre><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "%(user)s %s %",
    "<!--",
    "&lt;b&gt;&#60;i&#62;",
    "\u202egpj.exe",
    "a\x00b\x1b[31m",
    "=cmd|' /C calc'!A0",
    "\r\nSet-Cookie: a=b",
]


class _Compiled(BytecodeCache):
    """Keeps compiled templates, so that not each test's app has to compile them anew."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Any) -> None:
        """Take what is known of a template."""
        if bucket.key in self._known:
            bucket.bytecode_from_string(self._known[bucket.key])

    def dump_bytecode(self, bucket: Any) -> None:
        """Remember a template."""
        self._known[bucket.key] = bucket.bytecode_to_string()


_compiled = _Compiled()


def create_app(config: dict[str, Any] | None = None, **options: Any) -> Flask:
    """Return the site; under gunicorn, its settings are in the environment as ``SITE_...``.

    :param options: for the blueprint; default: for who has the role admin.
    """
    app = Flask(__name__)
    app.jinja_env.bytecode_cache = _compiled
    app.config.update(SESSION_STORE="memory://", SESSION_HISTORY=10)
    given = {key[5:]: value for key, value in os.environ.items() if key.startswith("SITE_")}
    values = given.pop("VALUES", None)
    app.config.update(given)
    now = given.pop("NOW", None)
    if now is not None:
        clock.set_source(lambda: float(now))
    app.config["SESSION_STATISTICS"] = given.get("SESSION_STATISTICS") == "True"
    app.config.update(config or {})
    SessionPlus(app)

    @app.post("/sign-in/<path:name>")
    def sign_in(name: str) -> Any:
        session.login(request.args.get("id", name), role_id=request.args.get("role", "customer"))
        session["cart"] = {"tea": 2, "mug": 1}
        session["theme"] = "dark"
        return "Welcome."

    @app.post("/set/<path:name>")
    def set_value(name: str) -> str:
        session[name] = request.form["value"]
        return "Set."

    @app.get("/")
    def home() -> str:
        return f"Home, {session.get('theme', 'light')}"

    @app.get("/enter")
    def enter() -> Any:
        """Sign an admin in, for a browser that is driven."""
        session.login("ada", role_id="admin")
        return redirect(PREFIX)

    options = {"guard": role_required("admin"), **options}
    if values is not None:
        options["values"] = values == "1"
    app.register_blueprint(dashboard.create_blueprint(**options), url_prefix=PREFIX)
    return app


def sign_in(app: Flask, name: str, role: str = "customer", agent: str = FIREFOX) -> Any:
    """Return a browser with which somebody has signed in."""
    client = app.test_client()
    client.environ_base.update(HTTP_USER_AGENT=agent, REMOTE_ADDR="203.0.113.24")
    client.post("/sign-in/x", query_string={"id": name, "role": role})
    # Who never comes again has a session for a short time only.
    client.get("/")
    return client


def admin(app: Flask, name: str = "ada") -> Any:
    """Return the browser of an admin."""
    return sign_in(app, name, role="admin")


def handles(app: Flask, name: str) -> list[str]:
    """Return the handles of a user's sessions."""
    with app.app_context():
        return [info.handle for info in app.extensions["sessionplus"].extension.sessions_of(name)]


def token(browser: Any) -> str:
    """Return what a form of the dashboard is sent with."""
    page = browser.get(f"{PREFIX}/end-all").text
    return re.search(rf'name="{FIELD}" value="([^"]+)"', page)[1]


def send(browser: Any, path: str, **data: str) -> Any:
    """Press a button of the dashboard."""
    return browser.post(PREFIX + path, data={FIELD: token(browser), **data})


def told(browser: Any, answer: Any) -> str:
    """Follow a redirect; return what the next page tells."""
    assert answer.status_code == 303, answer.text
    page = browser.get(answer.location).text
    found = re.search(r'<p class="sp-message[^>]*>(.*?)</p>', page, re.S)
    return found[1] if found else ""
