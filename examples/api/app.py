"""The application: settings, the extension, and the parts of the API."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, Response

from . import admin, cart, catalog, checkout, health, keys, orders, problems, sessions, sign_in
from .extensions import ext
from .parameters import PARAMETERS

PARTS = (health, sign_in, catalog, cart, checkout, orders, sessions, admin)


def create_app(test_config: Mapping[str, Any] | None = None) -> Flask:
    """Build the API; ``flask --app examples/api/app.py run`` finds this by itself.

    Sessions are kept in the SQLite file of the instance folder, unless the environment variable
    ``SESSION_STORE`` names another store. The key that signs tokens lies in that folder, too.
    """
    given = dict(test_config or {})
    folder = Path(given.pop("INSTANCE", Path(__file__).parent / "instance"))
    app = Flask(__name__, instance_path=str(folder))
    app.config.update(
        SESSION_PARAMETERS=PARAMETERS,
        SESSION_UNKNOWN_PARAMETERS="refuse",
        SESSION_COOKIE_NAME="checkout",  # what a client is about to order, and nothing else
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_JWT_ISSUER="https://shop.example",
        SESSION_JWT_AUDIENCE="https://shop.example/api",
        SESSION_JWT_KEY=keys.signing_key(folder),
    )
    if "SESSION_STORE" in os.environ:
        app.config["SESSION_STORE"] = os.environ["SESSION_STORE"]
    app.config.update(given)

    ext.init_app(app)
    problems.init_app(app)
    app.after_request(keep_private)
    for part in PARTS:
        app.register_blueprint(part.blueprint)
    return app


def keep_private(response: Response) -> Response:
    """Let nobody on the way keep an answer: there are tokens and carts in them (ASVS 14.3.2)."""
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
