"""Flask-Login: its signals sign our sessions in and out, and it follows when ours are.

What it keeps in the session stays where it keeps it, so all that works with it goes on as before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import flask
from flask import Flask, g, has_request_context

from .errors import SessionReadOnly, TooManySessions, WriteRefused
from .following import owner_changed
from .owners import owner_key
from .services import State
from .session import Session
from .signals import session_destroyed

# What Flask-Login itself has put in before its signal, and reads after it.
_USER = "_user_id"
_REMEMBER = "_remember"
_PLACE = "_id"
_KEYS = (_USER, "_fresh", _PLACE, _REMEMBER, "_remember_seconds")

# Where it keeps who is signed in, for one request.
_SHOWN = "_login_user"

# What a user may have besides an alternative id: the id that never changes.
_REAL_ID = "session_user_id"


def connect(app: Flask) -> None:
    """Let the sessions of *app* follow Flask-Login, if that is installed."""
    try:
        from flask_login import signals  # type: ignore[import-untyped]
    except ImportError:
        return
    signals.user_accessed.connect(_watch, app)
    signals.user_logged_in.connect(_sign_in, app)
    signals.user_loaded_from_cookie.connect(_sign_in_from_cookie, app)
    signals.user_login_confirmed.connect(_confirm, app)
    signals.user_logged_out.connect(_sign_out, app)
    signals.session_protected.connect(_protect, app)
    owner_changed.connect(_follow, app)
    session_destroyed.connect(_forget_user, app)


def remember(session: Session) -> None:
    """Let Flask-Login, if the app has it, sign in whom it remembers by a cookie of its own.

    It does so by itself only when somebody looks at its ``current_user``.
    """
    app = session._services.find_app()
    name = app.config.get("REMEMBER_COOKIE_NAME", "remember_token")
    # Who comes late, with the old token, must not get a session in the place of the new one.
    is_late = session._open().state is State.DETACHED
    if hasattr(app, "login_manager") and name in session._request.cookies and not is_late:
        from flask_login import current_user

        current_user._get_current_object()


def _sign_in(app: Flask, user: Any = None, **_: Any) -> None:
    session = _current(app)
    if session is None or _USER not in session:
        return
    kept = {key: session[key] for key in _KEYS if key in session}
    shown = g.get(_SHOWN)
    try:
        is_new = _login(session, kept[_USER], user)
    except BaseException:
        # Or it would be signed in for Flask-Login, and for nobody else.
        for key in kept:
            session.remove(key)
        _show_nobody(app)
        raise
    # If it was somebody else's it has been emptied, and Flask-Login has followed.
    session.update(kept)
    if _REMEMBER in session and _REMEMBER not in kept:
        session.remove(_REMEMBER)
    if shown is not None:
        setattr(g, _SHOWN, shown)
    if is_new and not kept.get("_fresh"):
        session.doubt()


def _login(session: Session, user_id: str, user: Any) -> bool:
    """Sign the user in, unless the app has done so itself in this request; return which."""
    real_id = getattr(user, _REAL_ID, None)
    user_id = user_id if real_id is None else real_id
    owner, signed_in = owner_key(user_id), session._open().signed_in
    # The app knows the user by his id, also if Flask-Login knows him by another one.
    if signed_in and (signed_in == owner or _is_of(getattr(user, "id", None), signed_in)):
        return False
    if session.is_authenticated and owner_key(session.user_id) == owner:
        # Flask-Login has ids as texts only, and knows nothing of the rest.
        session.login(session.user_id, session.username, session.role_id)
    else:
        session.login(user_id)
    return True


def _sign_in_from_cookie(app: Flask, user: Any = None, **_: Any) -> None:
    session = _current(app)
    if session is not None and session._open().state is not State.UNUSED:
        _sign_in(app, user)


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
    elif "_fresh" not in session and _came_with(session, _PLACE):
        # It has taken out all that it keeps: that is "strong".
        _leave(session)


def _came_with(session: Session, key: str) -> bool:
    """Tell whether the stored session has *key*: if not, it is none of Flask-Login's."""
    record = session._open().record
    return record is not None and (key in record.values or key in record.beside)


def _leave(session: Session) -> None:
    remember = session.get(_REMEMBER)
    session.logout()
    if remember is not None:
        session[_REMEMBER] = remember


def _follow(app: Flask, session: Session, owner: str, former: str, **_: Any) -> None:
    """Let Flask-Login know that our session is another user's now, or nobody's."""
    if not hasattr(app, "login_manager"):
        return
    is_left = _USER in session and not _is_of(session[_USER], owner)
    for key in _KEYS if is_left else ():
        session.remove(key)
    name = app.config.get("REMEMBER_COOKIE_NAME", "remember_token")
    if (former or is_left or not owner) and name in session._request.cookies:
        # Or the next request would be signed in again.
        session[_REMEMBER] = "clear"
    # In a test's own session there is no request under way.
    shown = g.get(_SHOWN) if _current(app) is session else None
    if shown is not None and not _is_of(shown.get_id(), owner):
        _show_nobody(app)


def _forget_user(app: Flask, session: Session, **_: Any) -> None:
    """Let Flask-Login know that the session is gone, such as one that was revoked."""
    if _current(app) is session and _USER not in session and not session.is_authenticated:
        _show_nobody(app)


def _is_of(user_id: Any, owner: str) -> bool:
    try:
        return owner_key(user_id) == owner
    except (TypeError, ValueError):
        return False


def _show_nobody(app: Flask) -> None:
    if g.get(_SHOWN) is not None:
        # It has no public way to say so that leaves the session alone.
        setattr(g, _SHOWN, app.login_manager.anonymous_user())  # type: ignore[attr-defined]


def _watch(app: Flask, **_: Any) -> None:
    """See to it that Flask-Login, which is about to look who is there, may fail to write."""
    manager: Any = getattr(app, "login_manager", None)
    if manager is None or hasattr(manager, "_is_watched"):
        return
    manager._is_watched = True
    load, protect = manager._load_user_from_remember_cookie, manager._session_protection_failed
    manager._load_user_from_remember_cookie = partial(_load_remembered, manager, load)
    manager._session_protection_failed = partial(_is_from_elsewhere, protect)


def _load_remembered(manager: Any, load: Callable[[str], Any], cookie: str) -> Any:
    """Return the user of a remember cookie, or None; where nothing is written, for now only."""
    from flask_login import decode_cookie

    try:
        return load(cookie)
    except (TooManySessions, SessionReadOnly):
        # To be remembered is no reason for an error on each page.
        return None
    except WriteRefused:
        find = manager._user_callback
        return None if find is None else find(decode_cookie(cookie))


def _is_from_elsewhere(has_failed: Callable[[], bool]) -> bool:
    try:
        return has_failed()
    except WriteRefused:
        # It cannot be noted that nothing is fresh now: then nobody is signed in, for now.
        return True


def _current(app: Flask) -> Session | None:
    if not has_request_context():
        return None
    found = flask.session._get_current_object()  # type: ignore[attr-defined]
    is_ours = isinstance(found, Session) and found._services.find_app() is app
    return found if is_ours else None
