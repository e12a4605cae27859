"""Flask-Login beyond tests/web/test_flask_login.py: permanent sessions, and its test client."""

from __future__ import annotations

import flask_login
import pytest
from flask_login import FlaskLoginClient, LoginManager, UserMixin, current_user, login_required

from flask_sessionplus import session
from flask_sessionplus.testing import make_client

# Flask-Login 0.6.3 asks for the time in a way that newer Pythons warn of.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

FIREFOX = {"User-Agent": "Firefox"}
CURL = {"User-Agent": "curl"}


class User(UserMixin):
    def __init__(self, user_id):
        self.id = user_id


@pytest.fixture
def make_site(make_app, clock):
    """Return a function that makes an app with Flask-Login."""

    def make(protection="strong", **config):
        app = make_app(**config)
        manager = LoginManager(app)
        manager.session_protection = protection
        manager.user_loader(User)

        @app.post("/sign-in")
        def sign_in():
            session.permanent = True
            return str(flask_login.login_user(User("7")))

        @app.get("/who")
        def who():
            name = current_user.get_id()
            return [name, session.user_id, flask_login.login_fresh(), session.is_fresh()]

        app.add_url_rule("/mine", "mine", login_required(lambda: "mine"))
        return app

    return make


def test_strong_protection_of_permanent_sessions(make_site):
    """As it documents, a permanent session is not ended by `strong`, but nothing is fresh then."""
    client = make_site().test_client()
    client.post("/sign-in", headers=FIREFOX)
    assert client.get("/who", headers=FIREFOX).json == ["7", "7", True, True]

    assert client.get("/who", headers=CURL).json == ["7", "7", False, False]
    assert client.get("/who", headers=FIREFOX).json == ["7", "7", False, False]


def test_bound_permanent_sessions(make_site, memory):
    """With `SESSION_BIND` a permanent session is good in its own browser only."""
    client = make_site(SESSION_BIND="user_agent").test_client()
    client.post("/sign-in", headers=FIREFOX)

    assert client.get("/who", headers=CURL).json[:2] == [None, None]
    assert client.get("/who", headers=FIREFOX).json == ["7", "7", True, True]
    assert len(memory.owned("7")) == 1


def test_its_client_under_strong_protection(make_site):
    """FlaskLoginClient names no browser, so that `strong` signs it out; `signed_in` goes on."""
    app = make_site()
    app.test_client_class = FlaskLoginClient
    assert app.test_client(user=User("7")).get("/mine").status_code == 401

    client = make_client(app)
    client.sign_in(User("7"))
    assert client.get("/mine").text == "mine"
    assert client.get("/who").json == ["7", "7", True, True]
    assert isinstance(client, FlaskLoginClient)


def test_its_client_under_basic_protection(make_site):
    """FlaskLoginClient is signed in for Flask-Login, on any page, but not for us."""
    app = make_site("basic")
    app.test_client_class = FlaskLoginClient
    client = app.test_client(user=User("7"))

    assert client.get("/mine").text == "mine"
    assert client.get("/who").json == ["7", None, False, False]
