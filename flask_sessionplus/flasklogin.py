"""Flask-Login: its signals sign our sessions in and out.

What it keeps in the session stays where it keeps it, so all that works with it goes on as before.
"""

from __future__ import annotations

from typing import Any

import flask
from flask import Flask, has_request_context

from .owners import owner_key
from .services import State
from .session import Session
from .signals import user_signed_out

# What Flask-Login itself has put in before its signal, and reads after it.
_USER = "_user_id"
_REMEMBER = "_remember"
_KEYS = (_USER, "_fresh", "_id", _REMEMBER, "_remember_seconds")


def connect(app: Flask) -> None:
    """Let the sessions of *app* follow Flask-Login, if that is installed."""
    try:
        from flask_login import signals  # type: ignore[import-untyped]
    except ImportError:
        return
    signals.user_logged_in.connect(_sign_in, app)
    signals.user_loaded_from_cookie.connect(_sign_in_from_cookie, app)
    signals.user_login_confirmed.connect(_confirm, app)
    signals.user_logged_out.connect(_sign_out, app)
    signals.session_protected.connect(_protect, app)
    user_signed_out.connect(_forget_cookie, app)


def _sign_in(app: Flask, **_: Any) -> None:
    session = _current(app)
    if session is None or _USER not in session:
        return
    kept = {key: session[key] for key in _KEYS if key in session}
    try:
        is_new = _login(session, kept[_USER])
    except BaseException:
        # Or it would be signed in for Flask-Login, and for nobody else.
        for key in kept:
            session.remove(key)
        raise
    # If it was somebody else's it has been emptied.
    session.update(kept)
    if is_new and not kept.get("_fresh"):
        session.doubt()


def _login(session: Session, user_id: str) -> bool:
    """Sign the user in, unless the app has done so itself in this request; return which."""
    owner = owner_key(user_id)
    if session._open().signed_in == owner:
        return False
    if session.is_authenticated and owner_key(session.user_id) == owner:
        # Flask-Login has ids as texts only, and knows nothing of the rest.
        session.login(session.user_id, session.username, session.role_id)
    else:
        session.login(user_id)
    return True


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
    # A visitor who presses the button twice keeps what he has put in.
    if session is None or not (
        session.is_authenticated or getattr(user, "is_authenticated", False)
    ):
        return
    _leave(session)


def _protect(app: Flask, **_: Any) -> None:
    """Follow Flask-Login, which has met the session at another address, or in another browser."""
    session = _current(app)
    if session is None or not session.is_authenticated:
        return
    if _USER in session:
        session.doubt()
    else:
        _leave(session)


def _leave(session: Session) -> None:
    remember = session.get(_REMEMBER)
    session.logout()
    if remember is not None:
        session[_REMEMBER] = remember


def _forget_cookie(app: Flask, session: Session, **_: Any) -> None:
    """Let Flask-Login take its cookie away: or the next request would be signed in again."""
    name = app.config.get("REMEMBER_COOKIE_NAME", "remember_token")
    if hasattr(app, "login_manager") and name in session._request.cookies:
        session[_REMEMBER] = "clear"


def _current(app: Flask) -> Session | None:
    if not has_request_context():
        return None
    found = flask.session._get_current_object()  # type: ignore[attr-defined]
    is_ours = isinstance(found, Session) and found._services.find_app() is app
    return found if is_ours else None
