"""Flask as it comes: without a session, and with its own signed cookie."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from ..scenarios import UNTOUCHED
from .base import Contestant
from .flask_views import add_views, nothing


class Bare(Contestant):
    """Flask and a view that answers: below this nothing can go."""

    name = "bare"
    is_yardstick = True
    scenarios = (UNTOUCHED,)

    def build(self, folder: Path) -> Flask:
        app = Flask("bare")
        app.get("/fill", endpoint="fill")(_ok)
        app.get("/untouched", endpoint="untouched")(_ok)
        return app


class SignedCookie(Contestant):
    """Flask's own session: the data in a signed cookie."""

    name = "flask:cookie"
    is_yardstick = True

    def build(self, folder: Path) -> Flask:
        app = Flask("signed_cookie")
        app.secret_key = "s" * 32
        add_views(app, renew_id=nothing)
        return app


def _ok() -> str:
    return "ok"
