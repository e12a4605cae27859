"""The customer's own examples, line by line: seeds 002 (Masonite), 003 (Spry), 004 (Lucid)."""

from __future__ import annotations

import pytest
from flask import Flask, redirect, render_template_string, request
from flask import session as flask_session

from flask_sessionplus import SessionPlus
from flask_sessionplus import session as Session  # noqa: N812  (as the seed spells it)
from flask_sessionplus.stores.memory import MemoryStore


@pytest.fixture
def show(visitor):
    """Let somebody visit a controller."""
    return lambda do: visitor.value(do)


def test_masonite_setting_and_getting(show):
    """Seed 002: `set`, `get`, `has`, `all`."""
    show(lambda: Session.set("key", "value"))

    assert show(lambda: Session.get("key")) == "value"
    assert show(lambda: Session.has("key")) is True
    assert show(lambda: Session.all()) == {"key": "value"}


def test_masonite_printing(show):
    """Seed 002: `print(Session)` shows the session, not its secrets."""
    show(lambda: Session.set("key", "value"))

    assert show(lambda: f"{Session}").startswith("<Session")


def test_masonite_reset(show):
    """Seed 002: "You can reset the session data anytime you want"."""
    show(lambda: Session.set("key", "value"))
    show(lambda: Session.reset())

    assert show(lambda: Session.all()) == {}


def test_masonite_flash(visitor):
    """Seed 002: flash, redirect, and the template's alert shows once."""

    def store():
        Session.flash("success", "Your action is successful")
        return redirect("/")

    def page():
        # As in the seed, with its missing braces put in.
        return render_template_string(
            """{% if session().has('success') %}
    <div class="alert alert-success">
        {{ session().get('success') }}
    </div>
{% endif %}"""
        )

    visitor(store, method="POST")

    assert "Your action is successful" in visitor.value(page)
    assert "alert" not in visitor.value(page)


def test_spry_manager():
    """Seed 003: a manager, made with the settings of its table."""
    app = Flask("spry")
    tokens = iter(f"token-of-the-app-{number:08}" for number in range(99))
    SessionPlus(
        app,
        store=MemoryStore(),
        cookie_name="SPRY_SESSION_ID",
        domain="example.com",
        path="/app",
        secure=True,
        httponly=True,
        samesite="Lax",
        identifier_generator=lambda: next(tokens),
        lifetime=3600,
    )
    app.add_url_rule("/app/", "page", lambda: flask_session.update(a=1) or "page")

    header = app.test_client().get("/app/").headers["Set-Cookie"]

    assert header.split("; ") == [
        "SPRY_SESSION_ID=token-of-the-app-00000000",
        "Domain=example.com",
        "Secure",
        "HttpOnly",
        "Path=/app",
        "SameSite=Lax",
    ]


def test_spry_reading_and_writing(show):
    """Seed 003: `identifier`, `has`, `get`, `set`, `remove`; a key that is missing gives null."""
    assert show(lambda: Session.get("key")) is None
    show(lambda: Session.set("key", "value"))

    assert show(lambda: Session.has("key")) is True
    assert show(lambda: Session.get("key")) == "value"
    assert isinstance(show(lambda: Session.identifier), str)

    show(lambda: Session.remove("key"))
    assert show(lambda: Session.has("key")) is False


def test_spry_renew(visitor):
    """Seed 003: `renew` writes the session into the response's headers again."""
    visitor(lambda: Session.set("key", "value"))

    assert visitor(lambda: Session.renew()).cookie.value == visitor.token


def test_spry_destroy(visitor):
    """Seed 003: `destroy` destroys the session, and regenerates a new session."""
    visitor(lambda: Session.set("key", "value"))
    before = visitor.token, visitor.value(lambda: Session.identifier)

    def page():
        Session.destroy()
        return Session.all(), Session.identifier

    everything, name = visitor.value(page)

    assert everything == {}
    assert name != before[1]
    assert visitor.token is None


def test_lucid_login(visitor):
    """Seed 004: LoginAttempt sets "authenticated", User gets it, `Destroy` removes that key."""
    record = {"ID": 100}

    def login_attempt():
        ses = flask_session
        ses.set("authenticated", record["ID"])
        ses.regenerate()

    visitor(login_attempt, method="POST")
    assert visitor.value(lambda: Session.get("authenticated")) == 100

    visitor(lambda: Session.destroy("authenticated"))
    assert visitor.value(lambda: Session.get("authenticated")) is None


def test_lucid_flash(visitor):
    """Seed 004: SetFlash and GetFlash."""
    visitor(lambda: Session.flash("message", "Hello Jane!"))

    assert visitor.value(lambda: Session.get_flash("message")) == "Hello Jane!"
    assert visitor.value(lambda: Session.get_flash("message")) is None


def test_lucid_flash_map(visitor):
    """Seed 004: SetFlashMap and GetFlashMap."""
    messages = {"john": "Hello Jane!", "jane": "Hi John!"}
    visitor(lambda: Session.flash_map("messages", messages))

    assert visitor.value(lambda: Session.get_flash_map("messages")) == messages
    assert visitor.value(lambda: Session.get_flash_map("messages")) == {}


def test_the_proxy_is_flasks(visitor):
    """`from flask_sessionplus import session` and `from flask import session` are the same."""
    assert Session is flask_session
    visitor(lambda: flask_session.set("key", request.path))

    assert visitor.value(lambda: Session["key"]) == "/"
