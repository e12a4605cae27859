"""The application: settings, the extension, and the parts of the shop."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, render_template
from werkzeug.exceptions import HTTPException

from flask_sessionplus import RoleRequired

from . import (
    accounts,
    admin,
    cart,
    checkout,
    csrf,
    devices,
    headers,
    orders,
    preferences,
    products,
    texts,
    users,
)
from .extensions import ext


def create_app(test_config: Mapping[str, Any] | None = None) -> Flask:
    """Build the shop; ``flask --app examples/shop/app.py run`` finds this by itself.

    Sessions are kept in the SQLite file of the instance folder, unless the environment variable
    ``SESSION_STORE`` names another store.
    """
    app = Flask(__name__, instance_path=str(Path(__file__).parent / "instance"))
    app.config.update(
        SESSION_COOKIE_NAME="shop",
        SESSION_COOKIE_SAMESITE="Lax",  # other sites' forms come without it: half of csrf.py
        SESSION_LOGIN_VIEW="accounts.sign_in_form",
        SESSION_CONFIRM_VIEW="accounts.confirm_form",
        SESSION_ROLE_LOADER=users.role_of,
        SESSION_HISTORY=20,  # for the dashboard
    )
    for name in ("SECRET_KEY", "SESSION_STORE"):
        if name in os.environ:
            app.config[name] = os.environ[name]
    app.config.update(test_config or {})
    # What is counted has to lie somewhere: not in the browsers.
    has_place = not str(app.config.get("SESSION_STORE", "")).startswith("cookie:")
    app.config.setdefault("SESSION_STATISTICS", has_place)

    ext.init_app(app)
    orders.init_app(app)
    app.before_request(csrf.protect)
    app.after_request(headers.add)
    for part in (products, accounts, checkout, preferences, admin):
        app.register_blueprint(part.blueprint)
    app.register_blueprint(devices.blueprint, url_prefix="/account/devices")
    app.register_blueprint(admin.dashboard_pages, url_prefix="/admin/dashboard")
    # As globals, and not by a context processor, they are also known to imported macros.
    app.jinja_env.globals.update(
        t=texts.text,
        money=texts.money,
        languages=texts.LANGUAGES,
        themes=preferences.THEMES,
        current_language=texts.language,
        current_theme=preferences.theme,
        current_user=users.current,
        csrf_token=csrf.token,
        cart_count=cart.count,
    )
    for code in (400, 403, 404):
        app.register_error_handler(code, error_page)
    return app


def error_page(error: HTTPException) -> tuple[str, int]:
    """Say what went wrong in the visitor's language, within the shop's own page."""
    code = error.code or 500
    reason = "role" if isinstance(error, RoleRequired) else code
    return render_template("error.html", code=code, reason=reason), code
