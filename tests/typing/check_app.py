"""An app as people write it, with every public name in use: read by mypy, never run."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import flask
from flask import Flask
from flask.sessions import SessionMixin
from sqlalchemy import MetaData, Table
from typing_extensions import assert_type

import flask_sessionplus
from flask_sessionplus import (
    ConfigError,
    Session,
    SessionPlus,
    SessionTooLarge,
    StoreUnavailable,
    session,
    session_created,
    sessions_table,
)


class Money:
    """A class of the app."""

    def __init__(self, amount: Decimal) -> None:
        self.amount = amount


def create_app(extension: SessionPlus) -> Flask:
    """Make an app with all arguments, a type of its own, a handler and a receiver."""
    app = Flask(__name__)
    extension.init_app(app)
    extension.register_type(Money, lambda money: money.amount, Money)
    extension.register_type(Money, lambda money: money.amount, Money, name="money")
    extension.register_type(Money, lambda money: money.price, Money)  # type: ignore[attr-defined]
    extension.register_type(Money, lambda money: 1, Decimal)  # type: ignore[arg-type]
    app.register_error_handler(StoreUnavailable, sorry)
    session_created.connect(greet, app)
    return app


def make_extension() -> SessionPlus:
    """Give each argument, and some that are wrong."""
    SessionPlus(cookie_nam="sid")  # type: ignore[call-arg]
    SessionPlus(secure="yes")  # type: ignore[arg-type]
    SessionPlus(None, "memory://")  # type: ignore[call-arg]
    return SessionPlus(
        store="memory://",
        cookie_name="sid",
        domain="example.com",
        path="/",
        secure=True,
        httponly=True,
        samesite="Lax",
        identifier_generator=lambda: "token",
        lifetime=timedelta(hours=1),
    )


def greet(sender: Flask, session: Session, **details: Any) -> None:
    """Receive a signal."""
    session["greeted"] = True


def sorry(error: StoreUnavailable) -> tuple[str, int]:
    """Handle an error."""
    assert_type(str(error), str)
    return f"{error.description} {error.retry_after}", 503


def what_it_is() -> tuple[MutableMapping[str, Any], SessionMixin, Session]:
    """The typed session goes wherever Flask's goes."""
    assert_type(session(), Session)
    plain: SessionMixin = flask.session
    plain.permanent = True
    return session, session, session


def mapping() -> Iterator[str]:
    """Read and write it as a mapping."""
    session["a"] = 1
    session.update({"b": 2}, c=3)
    del session["a"]
    assert_type("a" in session, bool)
    assert_type(len(session), int)
    assert_type(session == {}, bool)
    assert_type(session.pop("a"), Any)
    assert_type(session.pop("a", None), Any)
    assert_type(session.setdefault("a", []), Any)
    assert_type(session | {"a": 1}, dict[str, Any])
    assert_type(dict(session), dict[str, Any])
    session[1] = 2  # type: ignore[index]
    yield from session


def words() -> None:
    """Use the words of other session systems."""
    session.set("page", "7")
    assert_type(session.get("page"), Any)
    assert_type(session.get("page", 1, type=int), int)
    assert_type(session.get("page", type=int), int | None)
    session.get("page", type="int")  # type: ignore[call-overload]
    session.remove("page")
    session.destroy("page")
    session.reset(flash_only=True)
    session.append("log", "x")
    session.increment("visits", by=2)
    assert_type(session.atomic("name", lambda old: f"{old}!", ""), str)
    session.increment(1)  # type: ignore[arg-type]


def messages() -> None:
    """Flash, keep and read messages."""
    session.flash("note", "hi")
    session.now("note", "hi")
    session.keep("note", "other")
    session.reflash()
    session.flash_map("errors", {"name": ["is missing"]})
    session.flash_map("errors", ["no mapping"])  # type: ignore[arg-type]
    assert_type(session.get_flash("note", ""), Any)
    assert_type(session.get_flash_map("errors").get("name"), Any | None)


def life() -> None:
    """Begin, move, lengthen and end it."""
    session.set_lifetime(timedelta(minutes=5))
    session.set_lifetime(300)
    session.set_lifetime(None)
    session.set_lifetime("5m")  # type: ignore[arg-type]
    session.renew()
    session.regenerate()
    session.save()
    session.destroy()
    session.clear()
    session.new = True  # type: ignore[misc]
    session.created_at = None  # type: ignore[misc]
    session.exists = True  # type: ignore[misc]


def errors_and_tables(metadata: MetaData) -> Table:
    """Catch what is raised, and put the table into one's migrations."""
    try:
        session["a"] = 1
    except (SessionTooLarge, ConfigError, flask_sessionplus.UnsupportedType) as error:
        assert_type(error, SessionTooLarge | ConfigError | flask_sessionplus.UnsupportedType)
    return sessions_table(metadata, schema="web")
