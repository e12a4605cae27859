"""Owners where the store is made of several: encrypted, layered, by fields, moving house."""

from __future__ import annotations

import secrets

import pytest
from flask import Flask

from flask_sessionplus import SessionPlus, StoreError, session
from flask_sessionplus.stores.base import Browsable
from tests.web.signin.conftest import extension
from tests.web.visiting import Site

KEY = secrets.token_hex(32)
SETTINGS = {
    "sealed": {"SESSION_STORE": "sqlite:///s.sqlite", "SESSION_ENCRYPTION_KEYS": KEY},
    "layered": {"SESSION_STORE": ["memory://", "sqlite:///s.sqlite"]},
    "fields": {"SESSION_FIELDS": {"*": "sqlite:///s.sqlite", "cart": "file:///folder"}},
    "moving": {"SESSION_STORE": "sqlite:///s.sqlite", "SESSION_STORE_FROM": "sqlite:///f.sqlite"},
}


@pytest.fixture(params=SETTINGS)
def composed(request, tmp_path, clock):
    """Return an app on each kind of store that is made of others, with a limit of three."""
    app = Flask("site", instance_path=str(tmp_path / "instance"))
    settings = dict(SETTINGS[request.param])
    if "SESSION_FIELDS" in settings:
        fields = settings["SESSION_FIELDS"]
        settings["SESSION_FIELDS"] = {**fields, "cart": f"file://{tmp_path / 'fields'}"}
    app.config.update(TESTING=True, SESSION_MAX_PER_USER=3, **settings)
    SessionPlus(app)
    yield Site(app)
    app.extensions["sessionplus"].store.close()


def sign_in(site, clock, count):
    """Let *count* browsers sign in, one a second."""
    visitors = [site.visitor() for _ in range(count)]
    for visitor in visitors:
        clock.advance(1)
        visitor.value(lambda: session.login(42, "Ada", cart=["tea"]))
    return visitors


def alive(visitors):
    """Tell of each whether it is signed in, with all its data."""
    found = [visitor.value(lambda: (session.user_id, session.get("cart"))) for visitor in visitors]
    assert set(found and map(str, found)) <= {str((42, ["tea"])), str((None, None))}
    return [user_id == 42 for user_id, _ in found]


def test_lists_and_limits(composed, clock):
    """The oldest goes, and the list has what is left with its address and times."""
    visitors = sign_in(composed, clock, 4)
    found = visitors[3].value(lambda: extension(composed).sessions_of("42"))

    assert alive(visitors) == [False, True, True, True]
    assert [each.is_current for each in found] == [True, False, False]
    assert {each.address for each in found} == {"127.0.0.1"}
    assert all(each.signed_in_at == each.created_at for each in found)


def test_one(composed, clock):
    """One session is found by its handle and ended."""
    visitors = sign_in(composed, clock, 3)
    name = visitors[1].value(lambda: session.identifier)
    ext = extension(composed)
    with composed.app.app_context():
        assert (ext.revoke(name), ext.revoke(name)) == (True, False)

    assert alive(visitors) == [True, False, True]


def test_the_others_and_all_of_a_user(composed, clock):
    """The others end, and then the own one."""
    visitors, ext = sign_in(composed, clock, 3), extension(composed)

    assert visitors[0].value(lambda: ext.revoke_user(42, except_current=True)) == 2
    assert alive(visitors) == [True, False, False]
    assert visitors[0].value(lambda: (ext.revoke_user("42"), session.user_id)) == (1, None)
    assert alive(visitors) == [False] * 3


def test_everybody(composed, clock):
    """All end, or it is said that the store cannot do it."""
    visitors, ext = sign_in(composed, clock, 3), extension(composed)
    with composed.app.app_context():
        if not isinstance(composed.app.extensions["sessionplus"].store, Browsable):
            with pytest.raises(StoreError, match="SESSION_KEY_PREFIX"):
                ext.revoke_all()
            return
        assert ext.revoke_all() == 3

    assert alive(visitors) == [False] * 3
