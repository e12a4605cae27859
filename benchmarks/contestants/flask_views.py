"""The views, written once for everybody who keeps ``flask.session``."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count

from flask import Flask, session

from .. import payload
from ..payload import CSRF_TOKEN, SESSION_1K

#: How long a view of the races works on something else.
VIEW_SECONDS = 0.005


def nothing() -> None:
    """How sessions without an id renew it."""


def read_and_write(key: str) -> None:
    """How sessions that know nothing better count."""
    session[key] = session.get(key, 0) + 1


def add_views(
    app: Flask, renew_id: Callable[[], None], increment: Callable[[str], object] = read_and_write
) -> None:
    """Add the measured views.

    :param renew_id: gives the session a new id and keeps its data, as one does at a sign-in
    :param increment: adds 1 to the number under a key
    """
    numbers = count()
    _add_large_views(app)
    _add_race_views(app, increment)

    @app.get("/fill")
    def fill() -> str:
        session.update(SESSION_1K)
        return "ok"

    @app.get("/everyday")
    def everyday() -> str:
        session.update(payload.everyday_session(next(numbers)))
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


def _add_race_views(app: Flask, increment: Callable[[str], object]) -> None:
    @app.get("/race/<int:number>")
    def race(number: int) -> str:
        session.get("csrf_token")  # loaded, as in a view that first looks who is there
        time.sleep(VIEW_SECONDS)
        session[f"key_{number}"] = number
        increment("counter")
        return "ok"

    @app.get("/race-result")
    def race_result() -> dict[str, int]:
        keys = sum(key.startswith("key_") for key in session)
        return {"keys": keys, "counter": session.get("counter", 0)}


def _add_large_views(app: Flask) -> None:
    numbers = count()

    @app.get("/fill-large")
    def fill_large() -> str:
        session.update(payload.SESSION_256K)
        return "ok"

    @app.get("/fill-huge")
    def fill_huge() -> str:
        session.update(payload.SESSION_5M)
        return "ok"

    @app.get("/read-large")
    def read_large() -> str:
        part: str = session[payload.READ_PART]
        return part

    @app.get("/write-large")
    def write_large() -> str:
        session[payload.WRITTEN_PART] = payload.new_part(next(numbers))
        return "ok"

    @app.get("/read-one", endpoint="read-one")
    @app.get("/read-beside", endpoint="read-beside")
    def read_one() -> str:
        token: str = session["csrf_token"]
        return token
