"""The views, written once for everybody who keeps ``flask.session``."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from flask import Flask, session

from ..payload import CSRF_TOKEN, SESSION_1K, everyday_session


def add_views(app: Flask, renew_id: Callable[[], None]) -> None:
    """Add the measured views.

    :param renew_id: gives the session a new id and keeps its data, as one does at a sign-in
    """
    numbers = count()

    @app.get("/fill")
    def fill() -> str:
        session.update(SESSION_1K)
        return "ok"

    @app.get("/everyday")
    def everyday() -> str:
        session.update(everyday_session(next(numbers)))
        return "ok"

    @app.get("/untouched")
    def untouched() -> str:
        return "ok"

    @app.get("/read")
    def read() -> str:
        return f"{session['user_id']} {session['csrf_token']} {len(session['cart'])}"

    @app.get("/write")
    def write() -> str:
        # A new value each time, or the write would be none.
        session["last_page"] = f"/item/{next(numbers):06d}"
        return "ok"

    @app.get("/first")
    def first() -> str:
        session["csrf_token"] = CSRF_TOKEN
        return "ok"

    @app.get("/sign-in")
    def sign_in() -> str:
        renew_id()
        session["user_id"] = SESSION_1K["user_id"]
        return "ok"


def nothing() -> None:
    """How sessions without an id renew it."""
