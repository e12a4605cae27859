"""Flask-Login: its signals sign our sessions in and out.

What it keeps in the session stays where it keeps it, so all that works with it goes on as before.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import flask
from flask import Flask, has_request_context

from .owners import owner_key
from .services import State
from .session import Session

# What Flask-Login itself has put in before its signal, and reads after it.
_USER = "_user_id"
_KEYS = (_USER, "_fresh", "_id", "_remember", "_remember_seconds")


def connect(app: Flask) -> None:
    """Let the sessions of *app* follow Flask-Login, if that is installed."""
    if find_spec("flask_login") is None:
        return
    from flask_login import signals  # type: ignore[import-untyped]

    signals.user_logged_in.connect(_sign_in, app)
    signals.user_loaded_from_cookie.connect(_sign_in_from_cookie, app)
    signals.user_login_confirmed.connect(_confirm, app)
    signals.user_logged_out.connect(_sign_out, app)
    signals.session_protected.connect(_protect, app)


def _sign_in(app: Flask, **_: Any) -> None:
    session = _current(app)
    if session is None or _USER not in session:
        return
    kept = {key: session[key] for key in _KEYS if key in session}
    user_id = kept[_USER]
    if session._open().signed_in != owner_key(user_id):
        session.login(user_id)
        # If it was somebody else's it has been emptied.
        session.update(kept)
    if not kept.get("_fresh"):
        session.doubt()


def _sign_in_from_cookie(app: Flask, **_: Any) -> None:
    session = _current(app)
    if session is not None and session._open().state is not State.UNUSED:
        _sign_in(app)


def _confirm(app: Flask, **_: Any) -> None:
    session = _current(app)
    if session is not None and session.is_authenticated:
        session.confirm()


def _sign_out(app: Flask, user: Any = None, **_: Any) -> None:
    session = _current(app)
    if session is None:
        return
    if session.is_authenticated or getattr(user, "is_authenticated", False):
        _leave(session)


def _protect(app: Flask, **_: Any) -> None:
    """Follow Flask-Login, which has found the session at another address or browser."""
    session = _current(app)
    if session is None or not session.is_authenticated:
        return
    if _USER in session:
        session.doubt()
    else:
        _leave(session)


def _leave(session: Session) -> None:
    # With this it takes its own cookie from the browser, as the answer goes out.
    remember = session.get("_remember")
    session.logout()
    if remember is not None:
        session["_remember"] = remember


def _current(app: Flask) -> Session | None:
    if not has_request_context():
        return None
    found = flask.session._get_current_object()  # type: ignore[attr-defined]
    is_ours = isinstance(found, Session) and found._services.find_app() is app
    return found if is_ours else None
