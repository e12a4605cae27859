"""What type checkers make of the public names: read by mypy, never run."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from typing_extensions import assert_type

from flask_sessionplus import Session, SessionPlus, session


def make_app() -> Flask:
    """Construct the extension in both ways."""
    app = Flask(__name__)
    SessionPlus(app, store="memory://", lifetime=timedelta(hours=1))
    SessionPlus(cookie_name="sid", secure=True).init_app(app)
    return app


def a_session_is_a_mapping() -> dict[str, Any]:
    """Everything of a mutable mapping, and our own names beside it."""
    session["cart"] = ["tea"]
    session.update(theme="dark", language="en")
    assert_type(session, Session)
    assert_type(session["cart"], Any)
    assert_type(session.has("cart"), bool)
    assert_type(session.all(), dict[str, Any])
    assert_type(session.copy(), dict[str, Any])
    assert_type(session.pull("theme"), Any)
    return session | {"more": 1}


def what_it_knows_of_itself() -> None:
    """Names and times are typed, and what is read-only can't be set."""
    assert_type(session.identifier, str)
    assert_type(session.sid, str)
    assert_type(session.exists, bool)
    assert_type(session.new, bool)
    assert_type(session.created_at, datetime | None)
    assert_type(session.expires_at, datetime | None)
    session.permanent = True
    session.modified = True
    session.identifier = "mine"  # type: ignore[misc]
    session.sid = "mine"  # type: ignore[misc]


def messages_and_exact_changes() -> None:
    """Flash maps are mappings, and `atomic` returns what its function returns."""
    session.flash_map("form", {"name": "Ada"})
    assert_type(session.get_flash_map("form"), Mapping[Any, Any])
    assert_type(session.atomic("visits", _add_one, 0), int)


def _add_one(visits: int) -> int:
    return visits + 1
