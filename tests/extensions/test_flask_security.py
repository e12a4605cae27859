"""Flask-Security: its sign-ins, freshness and forms, with its own views."""

from __future__ import annotations

import re
import time

import pytest
from flask import session
from flask_security import Security, SQLAlchemyUserDatastore, auth_required
from flask_security.models import fsqla_v3
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect

from tests.extensions.conftest import tab_of

# Flask-Login 0.6.3 asks for the time in a way that newer Pythons warn of.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")

ADA = {"email": "ada@example.com", "password": "correct horse"}
FIREFOX = {"User-Agent": "Firefox"}
CURL = {"User-Agent": "curl"}


@pytest.fixture
def make_site(make_app, tmp_path):
    """Return a function that makes an app with Flask-Security."""
    used = []

    def make(store=None, says_its_id=True, **config):
        app = make_app(
            store,
            SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'app.sqlite'}",
            SECURITY_PASSWORD_SALT="salt",
            SECURITY_PASSWORD_HASH="plaintext",
            SECURITY_REGISTERABLE=True,
            SECURITY_SEND_REGISTER_EMAIL=False,
            SECURITY_CHANGEABLE=True,
            SECURITY_LOGOUT_METHODS=["GET"],
            SECURITY_SEND_PASSWORD_CHANGE_EMAIL=False,
            SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False},
            **config,
        )
        CSRFProtect(app)
        db = SQLAlchemy(app)
        fsqla_v3.FsModels.set_db_info(db)

        class Role(db.Model, fsqla_v3.FsRoleMixin):
            pass

        class User(db.Model, fsqla_v3.FsUserMixin):
            pass

        if says_its_id:
            User.session_user_id = property(lambda user: real_id(db, user))
        Security(app, SQLAlchemyUserDatastore(db, User, Role))
        with app.app_context():
            db.create_all()
        used.append((app, db))
        _add_views(app)
        return app

    yield make
    for app, db in used:
        with app.app_context():
            db.engine.dispose()


def real_id(db, user):
    """Return the id that never changes; who is just being registered gets it now."""
    if user.id is None:
        db.session.flush()
    return user.id


def _add_views(app):
    @app.get("/who")
    def who():
        kept = {key: session[key] for key in ("fs_paa",) if key in session}
        return [session.user_id, session.is_fresh(), kept]

    app.add_url_rule("/mine", "mine", auth_required("session")(lambda: "mine"))
    app.add_url_rule(
        "/fresh", "fresh", auth_required("session", within=10, grace=0)(lambda: "fresh")
    )
    app.add_url_rule("/cart", "cart", lambda: str(session.append("cart", "tea")))
    app.add_url_rule("/see", "see", lambda: session.get("cart", []))


@pytest.fixture
def app(make_site):
    """Return an app with Flask-Security."""
    return make_site()


@pytest.fixture
def client(app):
    """Return somebody new."""
    return app.test_client()


def open_form(client, path):
    """Open the page with a form; return the token in it."""
    answer = client.get(path)
    assert answer.status_code == 200
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', answer.text)[1]


def send(client, path, headers=None, **fields):
    """Open a form and send it; return the answer."""
    token = open_form(client, path)
    return client.post(path, data={"csrf_token": token, **fields}, headers=headers)


def register(client, **fields):
    """Register as Ada, which signs in too."""
    answer = send(client, "/register", password_confirm=ADA["password"], **{**ADA, **fields})
    assert answer.status_code == 302, answer.text


def sign_in(client, **fields):
    """Sign in as Ada."""
    answer = send(client, "/login", **{**ADA, **fields})
    assert answer.status_code == 302, answer.text


def test_register_and_sign_out(client, memory):
    """Who registers is signed in, under a new token and with what he had, until he leaves."""
    client.get("/cart")
    before = client.get_cookie("session").value
    register(client)

    assert client.get("/mine").text == "mine"
    assert client.get("/who").json[:2] == [1, True]
    assert client.get("/see").json == ["tea"]
    assert client.get_cookie("session").value != before
    assert len(memory.owned("1")) == 1
    assert client.get("/logout").status_code == 302
    assert client.get("/mine", headers={"Accept": "application/json"}).status_code == 401
    assert client.get("/who").json[0] is None
    assert client.get("/see").json == []
    assert memory.count() == 0


def test_a_revoked_user(app, client):
    """Who is revoked is signed out of Flask-Security too."""
    register(client)
    with app.app_context():
        assert app.extensions["sessionplus"].extension.revoke_user(1) == 1

    assert client.get("/mine", headers={"Accept": "application/json"}).status_code == 401


def test_without_the_real_id(make_site, memory):
    """Without `session_user_id` the owner is its `fs_uniquifier`, by which nobody would look."""
    client = make_site(says_its_id=False).test_client()
    register(client)

    assert memory.owned("1") == []
    assert len(client.get("/who").json[0]) == 32
    assert client.get("/mine").text == "mine"


def test_a_new_password(app, client, memory):
    """A new password gives a new token and its own session goes on; the others are signed out."""
    register(client)
    other = app.test_client()
    sign_in(other)
    before = client.get_cookie("session").value
    fields = {"new_password": "battery staple", "new_password_confirm": "battery staple"}
    answer = send(client, "/change", password=ADA["password"], **fields)
    assert answer.status_code == 302, answer.text

    assert client.get("/mine").text == "mine"
    assert client.get_cookie("session").value != before
    assert client.get("/see").json == []
    assert other.get("/mine", headers={"Accept": "application/json"}).status_code == 401


def test_freshness(client):
    """Its time of the last sign-in comes back to the last digit, and grows old."""
    register(client)
    noted = client.get("/who").json[2]["fs_paa"]
    with client.session_transaction() as stored:
        assert isinstance(stored["fs_paa"], float)
        assert stored["fs_paa"] == noted
        assert abs(noted - time.time()) < 60
    assert client.get("/fresh").text == "fresh"

    with client.session_transaction() as stored:
        stored["fs_paa"] = noted - 3600.25
    headers = {"Accept": "application/json"}
    assert client.get("/fresh", headers=headers).json["response"]["reauth_required"] is True
    assert send(client, "/verify", password=ADA["password"]).status_code == 302
    assert client.get("/fresh").text == "fresh"


@pytest.mark.parametrize("protection", ["strong", "basic"])
def test_session_protection(make_site, protection, memory):
    """`strong` ends the session in another browser, `basic` does not."""
    app = make_site(SESSION_PROTECTION=protection)
    client = app.test_client()
    register(client)
    token = client.get_cookie("session").value
    thief = app.test_client()
    thief.set_cookie("session", token)
    is_in = thief.get("/mine", headers={**CURL, "Accept": "application/json"}).status_code == 200

    assert is_in is (protection == "basic")
    assert len(memory.owned("1")) == int(protection == "basic")


def test_two_tabs_with_a_form(make_site, pausing):
    """Of two tabs that open the form to sign in at the same moment, both can send it."""
    client = make_site(pausing).test_client()
    register(client)
    client.get("/logout")
    client.get("/cart")
    tab = tab_of(client)
    one, two = pausing.run(lambda: open_form(client, "/login"), lambda: open_form(tab, "/login"))
    assert client.post("/login", data={"csrf_token": two, "email": "x"}).status_code == 200
    answer = client.post("/login", data={"csrf_token": one, **ADA})

    assert answer.status_code == 302


def test_its_cookie_for_scripts(make_site):
    """The token in its own cookie is the one of the session, before and after a sign-in."""
    app = make_site(SECURITY_CSRF_COOKIE_NAME="XSRF-TOKEN", WTF_CSRF_CHECK_DEFAULT=True)
    client = app.test_client()
    register(client)
    headers = {"X-CSRFToken": client.get_cookie("XSRF-TOKEN").value, "Accept": "application/json"}
    answer = client.post("/verify", json={"password": ADA["password"]}, headers=headers)

    assert answer.status_code == 200, answer.text


def test_remember_me(client):
    """Who is remembered comes back without the session, stale for it and for us."""
    register(client)
    client.get("/logout")
    sign_in(client, remember="y")
    client.delete_cookie("session")

    assert client.get("/mine").text == "mine"
    assert client.get("/who").json[:2] == [1, False]
