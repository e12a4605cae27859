"""Another SECRET_KEY while sessions come in: those that the former one has opened stay open."""

from __future__ import annotations

import pytest
from flask import Flask, session
from flask.sessions import SecureCookieSessionInterface

from flask_sessionplus import SessionPlus
from flask_sessionplus.importingrecords import Found
from flask_sessionplus.importnotes import MARK
from flask_sessionplus.tokens import digest
from tests.moving_in.apps import MADE, after, before
from tests.moving_in.test_carried_over import ADA, NOBODY, moved, signed_in, store_of, token_of
from tests.moving_in.test_command import migrate

OLD, NEW = "k" * 40, "n" * 40
SIGNED = {"SESSION_USE_SIGNER": True}
ROTATED = {**SIGNED, "SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": [OLD]}


@pytest.mark.parametrize("way", ["command", "visit"])
def test_who_was_carried_over_under_the_former_key(table, way):
    """Who was moved by the command, or has lost the first answer, comes after the rotation."""
    browser = signed_in(before(table.config, SECRET_KEY=OLD, **SIGNED))
    app = after(table.config, SECRET_KEY=OLD, **SIGNED)
    if way == "command":
        assert migrate(app)[1] == 0
    else:
        assert moved(browser, app).get("/").json == ADA
    app = after(table.config, **ROTATED)
    new = moved(browser, app)

    assert new.get("/").json == ADA
    # With the cookie of ours too, and never after the sign-out.
    assert new.get("/").json == ADA
    new.post("/sign-out")
    assert moved(browser, app).get("/").json == NOBODY


def test_a_cookie_of_flask(tmp_path):
    """So it is with Flask's own cookie, whose first answer was lost."""

    def make(**config):
        app = Flask("site", instance_path=str(tmp_path))
        MADE.append(app)
        app.config.update(SESSION_IMPORT_COOKIE=True, **config)
        SessionPlus(app)
        app.add_url_rule("/", view_func=lambda: {"user": session.get("_user_id")})
        return app

    former = Flask("former")
    former.secret_key = OLD
    signer = SecureCookieSessionInterface().get_signing_serializer(former)
    cookie = f"session={signer.dumps({'_user_id': '7'})}"
    for config in ({"SECRET_KEY": OLD}, {"SECRET_KEY": NEW, "SECRET_KEY_FALLBACKS": [OLD]}):
        client = make(**config).test_client(use_cookies=False)
        assert client.get("/", headers={"Cookie": cookie}).json == {"user": "7"}


def test_half_carried_over_and_compat_gone(table, monkeypatch):
    """A record that is still on its way in is nobody's where nothing could finish it."""
    browser = signed_in(before(table.config))
    app = after(table.config)
    [importer] = app.extensions["sessionplus"].intake.importers
    monkeypatch.setattr(importer, "remove", _die)
    with pytest.raises(KeyboardInterrupt):
        moved(browser, app).get("/")
    record = store_of(app).load(digest(token_of(browser)))
    assert MARK in record.values
    ours = Flask("ours")
    MADE.append(ours)
    ours.config.update(SESSION_STORE=store_of(app), SECRET_KEY=OLD)
    SessionPlus(ours)
    ours.add_url_rule("/", view_func=lambda: {"user": session.get("_user_id"), "cart": None})

    assert moved(browser, ours).get("/").json == NOBODY
    ours.config["SESSION_STORE"] = None
    # Nor where only others take sessions in.
    assert app.extensions["sessionplus"].intake is not None
    monkeypatch.setattr(type(importer), "takes_tokens", False)
    importer.takes_tokens = False
    assert moved(browser, app).get("/").json == NOBODY


def _die(origin: str) -> Found:
    raise KeyboardInterrupt
