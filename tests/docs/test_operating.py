"""settings, faults, encryption, moving and the stores' pages: their blocks do what is said."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import session

from flask_sessionplus import SessionPlus, StoreUnavailable
from tests.web.typing_in import Desk, runs


@runs("settings 1")
def test_settings_as_arguments(desk: Desk) -> None:
    """settings: the arguments are those there are."""
    desk.type("settings 1", SessionPlus=SessionPlus, my_generator=lambda: "a" * 43)

    assert desk.app.config["SESSION_COOKIE_NAME"] == "sid"


@runs("faults 1", "faults 2")
def test_faults(desk: Desk) -> None:
    """faults: a page for strangers, and one while the store does not answer."""
    SessionPlus(desk.app)
    desk.type("faults 1", session=session, render_template=lambda name, **_: name)
    desk.type("faults 2")

    @desk.app.get("/down")
    def down() -> None:
        raise StoreUnavailable()

    answer = desk.app.test_client().get("/down")
    assert desk.app.test_client().get("/").text == "index.html"
    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (
        *(503, "sorry.html", "5"),
    )


@runs("encryption 1", "moving 1", "moving 2", "stores/cookie 1", "stores/fields 1")
@runs("stores/layered 1", "stores/redis 1")
@pytest.mark.parametrize(
    "name",
    [
        *("encryption 1", "moving 1", "moving 2", "stores/cookie 1", "stores/fields 1"),
        *("stores/layered 1", "stores/redis 1"),
    ],
)
def test_configuration(desk: Desk, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """encryption, moving, stores: an app with these settings can be set up."""
    desk.app.config["SESSION_STORE"] = None
    desk.app.config["SECRET_KEY"] = "s" * 64
    monkeypatch.setenv("SHOP_SESSION_KEYS", f"{'ab' * 32} {'cd' * 32}")
    exec("import os", desk.names)
    desk.type(name)
    desk.app.config["SECRET_KEY"] = "s" * 64
    if desk.app.config["SESSION_STORE"] is None and name == "encryption 1":
        desk.app.config["SESSION_STORE"] = "sqlite:///sessions.sqlite3"

    SessionPlus(desk.app)


@runs("operating 1")
def test_behind_a_proxy(desk: Desk) -> None:
    """operating: behind a proxy that speaks https the cookie is secure."""
    desk.type("operating 1")
    SessionPlus(desk.app)
    desk.app.add_url_rule("/", view_func=lambda: str(session.increment("visits")))

    answer = desk.app.test_client().get("/", headers={"X-Forwarded-Proto": "https"})
    assert "; Secure" in answer.headers["Set-Cookie"]


@runs("stores/postgresql 1")
def test_tables(desk: Desk) -> None:
    """stores/postgresql: the tables are in the app's metadata."""
    sqlalchemy = pytest.importorskip("sqlalchemy")
    metadata = sqlalchemy.MetaData()
    desk.type("stores/postgresql 1", db=SimpleNamespace(metadata=metadata))

    assert "flask_sessions" in metadata.tables
