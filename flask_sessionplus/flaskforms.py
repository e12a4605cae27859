"""Flask-WTF: what it has noted about the session's form token goes when that token goes."""

from __future__ import annotations

from typing import Any

import flask
from flask import Flask, g, has_request_context

from .following import token_replaced
from .session import Session


def connect(app: Flask) -> None:
    """Let the forms of *app* follow its sessions."""
    token_replaced.connect(_forget, app)


def _forget(app: Flask, session: Session, **_: Any) -> None:
    """Take the noted token out of ``g``, or the answer's forms would carry one that is dead.

    Flask-WTF keeps it there, under the session's own key, for as long as a request takes.
    """
    current: Any = flask.session
    if has_request_context() and current._get_current_object() is session:
        for key in session._services.settings.signin.form_tokens:
            g.pop(key, None)
