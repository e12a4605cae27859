"""Apps that the plugin is tried on, as people have them in their conftest.py."""

from __future__ import annotations

APP = """
import pytest
from flask import Flask
from flask_sessionplus import SessionPlus, session


@pytest.fixture
def app(tmp_path):
    app = Flask(__name__, instance_path=str(tmp_path))
    app.config.update(TESTING=True, SECRET_KEY="k", SESSION_STORE="memory://")
    SessionPlus(app)

    @app.post("/cart/<item>")
    def put(item):
        session.append("cart", item)
        return str(len(session["cart"]))

    @app.get("/me")
    @app.get("/cart/me")
    def me():
        return [session.user_id, session.username, session.role_id, session.is_fresh()]

    return app
"""

LOGIN = (
    APP
    + """
import flask_login


class User(flask_login.UserMixin):
    def __init__(self, id):
        self.id = id


@pytest.fixture(autouse=True)
def manager(app):
    manager = flask_login.LoginManager(app)
    manager.session_protection = "strong"
    manager.user_loader(User)
    app.get("/who")(flask_login.login_required(lambda: flask_login.current_user.get_id()))
    app.add_url_rule("/fresh", "fresh", lambda: str(flask_login.login_fresh()))
    app.add_url_rule("/out", "out", lambda: str(flask_login.logout_user()))
    return manager
"""
)
