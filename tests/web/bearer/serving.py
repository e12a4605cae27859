"""An app for real servers: it uses the token, and the data of who comes with it."""

from __future__ import annotations

import json
import logging
import os

from flask import Flask, jsonify

from flask_sessionplus import SessionPlus
from flask_sessionplus.proxies import global_session, session_claims

#: Holds the settings, in JSON.
VARIABLE = "TEST_BEARER_CONFIG"


def create_app() -> Flask:
    """Return the app."""
    logging.basicConfig(level=logging.DEBUG)
    app = Flask("bearer")
    config = json.loads(os.environ[VARIABLE])
    app.config.update(config)
    ext = SessionPlus(app)

    @app.get("/use")
    def use():
        return jsonify(sub=session_claims["sub"], data=dict(global_session))

    @app.post("/token/<user>")
    def token(user):
        return jsonify(ext.tokens.issue_pair(user).as_dict())

    @app.post("/cart/<item>")
    def add(item):
        global_session.append("cart", item)
        global_session.increment("n")
        return jsonify(global_session["cart"])

    return app
