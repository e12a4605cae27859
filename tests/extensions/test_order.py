"""All extensions in one app, and ours last."""

from __future__ import annotations

import pytest
from flask import Flask
from flask_admin import Admin
from flask_debugtoolbar import DebugToolbarExtension
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_principal import Principal
from flask_socketio import SocketIO
from flask_talisman import Talisman
from flask_wtf import CSRFProtect
from flask_wtf.csrf import generate_csrf

from flask_sessionplus import SessionPlus, session
from tests.web.visiting import SentCookie


class User(UserMixin):
    def __init__(self, user_id):
        self.id = user_id


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_ours_may_come_last():
    """It does not matter who was there first: a sign-in is one, with a token and a good cookie."""
    app = Flask(__name__)
    app.config.update(SECRET_KEY="for what they sign", SESSION_STORE="memory://", DEBUG=True)
    LoginManager(app).user_loader(User)
    for extension in (CSRFProtect, Principal, Admin, Talisman, DebugToolbarExtension):
        extension(app)
    SocketIO(app, async_mode="threading")
    SessionPlus(app)
    app.add_url_rule("/in", "in", lambda: f"<body>{login_user(User('7'))} {generate_csrf()}</body>")
    app.add_url_rule("/who", "who", lambda: [current_user.get_id(), session.user_id])
    client = app.test_client()
    answer = client.get("/in", base_url="https://localhost")
    cookies = [SentCookie(header) for header in answer.headers.getlist("Set-Cookie")]
    [ours] = [cookie for cookie in cookies if cookie.name == "session"]

    assert {"secure", "httponly", "samesite"} <= set(ours.attributes)
    assert client.get("/who", base_url="https://localhost").json == ["7", "7"]
