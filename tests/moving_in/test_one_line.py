"""The proof: an app in a file, a server, one line changed, the server again."""

from __future__ import annotations

import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

import pytest

from tests.moving_in.apps import file_place, redis_place, sql_place
from tests.support.gunicorn import gunicorn

BEFORE = "from flask_session import Session\n"
AFTER = "from flask_sessionplus.compat import Session\n"

APP = """
import redis
from flask import Flask, redirect, request, session
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
app.config.update({config})
db = SQLAlchemy()
if app.config["SESSION_TYPE"] == "sqlalchemy":
    app.config["SESSION_SQLALCHEMY"] = db
    db.init_app(app)
if app.config["SESSION_TYPE"] == "redis":
    app.config["SESSION_REDIS"] = redis.Redis.from_url(app.config["REDIS_URL"])
Session(app)
logins = LoginManager(app)
logins.session_protection = "strong"


@logins.user_loader
def load(user_id):
    user = UserMixin()
    user.id = user_id
    return user


@app.post("/sign-in")
def sign_in():
    login_user(load("ada"))
    return "in"


@app.post("/cart")
def add():
    session.setdefault("cart", []).append(request.form["what"])
    session.modified = True
    return "added"


@app.get("/")
@login_required
def show():
    return f"{{current_user.id}}: {{', '.join(session['cart'])}}"


@app.get("/name")
def name():
    return type(app.session_interface).__module__.partition(".")[0]
"""


class Browser:
    """Somebody at a keyboard, whose cookies stay when the server goes."""

    def __init__(self):
        jar = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)

    def get(self, url):
        """Return what a page says."""
        with self._opener.open(url, timeout=10) as answer:
            return answer.read().decode()

    def post(self, url, **form):
        """Send a form."""
        self._opener.open(url, urllib.parse.urlencode(form).encode(), timeout=10).close()


def places(kind, request, tmp_path, name):
    """Return where sessions are kept, and settings that can be written down."""
    if kind == "redis":
        url = request.getfixturevalue("redis_url")
        return redis_place(url, name), {"REDIS_URL": url}
    if kind == "files":
        return file_place(tmp_path / "flask_session"), {}
    if kind == "sqlite":
        return sql_place(f"sqlite:///{tmp_path / 'app.sqlite'}", name), {}
    return sql_place(request.getfixturevalue("postgresql_url"), name), {}


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["redis", "postgresql", "sqlite", "files"])
def test_one_line_is_changed(kind, request, tmp_path, fresh_name):
    """Sign in, fill the cart, stop, change the import, start: still signed in, the cart there."""
    manager, more = places(kind, request, tmp_path, fresh_name)
    with manager as place:
        config = {
            key: value
            for key, value in {**place.config, **more, "SECRET_KEY": "k" * 40}.items()
            if isinstance(value, str) and key != "SESSION_SQLALCHEMY"
        }
        module = tmp_path / f"shop_{fresh_name}.py"
        options = {"env": {"PYTHONWARNINGS": "ignore"}, "options": ["--chdir", str(tmp_path)]}
        target, ada = f"{module.stem}:app", Browser()

        module.write_text(BEFORE + APP.format(config=config))
        with gunicorn(target, **options) as server:
            assert ada.get(f"{server.url}/name") == "flask_session"
            ada.post(f"{server.url}/sign-in")
            ada.post(f"{server.url}/cart", what="tea")
            assert ada.get(server.url) == "ada: tea"

        text = module.read_text()
        module.write_text(text.replace(BEFORE, AFTER))
        with gunicorn(target, workers=2, **options) as server:
            assert ada.get(f"{server.url}/name") == "flask_sessionplus"
            assert ada.get(server.url) == "ada: tea"
            ada.post(f"{server.url}/cart", what="milk")
            assert ada.get(server.url) == "ada: tea, milk"
            stranger = Browser()
            with pytest.raises(urllib.error.HTTPError) as refused:
                stranger.get(server.url)
            assert refused.value.code == 401
            refused.value.close()
            assert "Traceback" not in server.output()
