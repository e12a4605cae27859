"""Flask as it comes: without a session, and with its own signed cookie."""

from __future__ import annotations

from flask import Flask

from ..scenarios import UNTOUCHED
from .flask_views import add_views, nothing
from .places import Nowhere


class Bare(Nowhere):
    """Flask and a view that answers: below this nothing can go."""

    name = "bare"
    is_yardstick = True
    scenarios = (UNTOUCHED,)

    def open(self, place: str) -> Flask:
        app = Flask("bare")
        app.get("/fill", endpoint="fill")(_ok)
        app.get("/untouched", endpoint="untouched")(_ok)
        return app


class SignedCookie(Nowhere):
    """Flask's own session: the data in a signed cookie."""

    name = "flask:cookie"
    is_yardstick = True
    is_raced = True

    def open(self, place: str) -> Flask:
        app = Flask("signed_cookie")
        app.secret_key = "s" * 32
        add_views(app, renew_id=nothing)
        return app


def _ok() -> str:
    return "ok"
