"""Tokens and the user's data on stores that are made of others."""

from __future__ import annotations

import secrets

import pytest
from flask import Flask

from flask_sessionplus import InvalidToken, SessionPlus
from flask_sessionplus.proxies import global_session, session_claims
from tests.web.bearer.bearing import CONFIG, App, foreign
from tests.web.visiting import Site

KEYS = [secrets.token_hex()]

KINDS = {
    "layers": {"SESSION_STORE": ["memory://", "sqlite:///s.sqlite"], "SESSION_LAYER_LIFETIME": 60},
    "sealed": {"SESSION_STORE": "sqlite:///s.sqlite", "SESSION_ENCRYPTION_KEYS": KEYS},
    "fields": {"SESSION_FIELDS": {"cart*": "file:carts", "*": "sqlite:///s.sqlite"}},
    "moving": {"SESSION_STORE": "sqlite:///s.sqlite", "SESSION_STORE_FROM": "file:old"},
}


@pytest.fixture
def open_api(tmp_path, clock):
    """Return a function that opens an app on the same place, as another process would."""
    stores = []

    def make(config):
        app = Flask("site", instance_path=str(tmp_path / "instance"))
        app.config.update(CONFIG, TESTING=True, **config)
        SessionPlus(app)
        stores.append(app.extensions["sessionplus"].store)
        return App(Site(app))

    yield make
    for store in stores:
        store.close()


@pytest.fixture(params=KINDS)
def two(request, open_api):
    """Return two processes of the same app."""
    return open_api(KINDS[request.param]), open_api(KINDS[request.param])


def use():
    """Use the token."""
    return session_claims["sub"]


def test_the_data_are_the_same(two):
    """What one process puts in, the other finds, and counts are exact."""
    here, there = two
    here.client()(lambda: global_session.update(cart=["tea"], n=1, large=["x" * 20_000]))
    there.client()(lambda: (global_session.append("cart", "milk"), global_session.increment("n")))
    here.client()(lambda: global_session.append("cart", "salt"))

    found = here.client().value(lambda: dict(global_session))
    assert (found["cart"], found["n"]) == (["tea", "milk", "salt"], 2)
    assert len(found["large"][0]) == 20_000


def test_both_begin_at_the_same_time(two):
    """The second that begins joins the first, in another process too."""
    here, there = two

    def page():
        global_session["ours"] = 1
        there.client()(lambda: global_session.update(theirs=1))

    here.client()(page)

    assert here.client().value(lambda: dict(global_session)) == {"ours": 1, "theirs": 1}


@pytest.mark.parametrize("kind", ["own", "pair", "foreign"])
@pytest.mark.parametrize("how", ["jti", "user", "ext", "all"])
def test_revoked_at_once(two, kind, how):
    """What one process revokes is dead in the other with the next request, layers or not."""
    here, there = two
    token = {"own": here.issue, "pair": lambda: here.pair().access}.get(
        kind, lambda: foreign(sub="42")
    )()
    for each in two:
        assert each.client(token)(use).status == 200
    jti = there.client(token).value(lambda: session_claims.jti)
    with there.site.app.app_context():
        {
            "jti": lambda: there.ext.tokens.revoke(jti),
            "user": lambda: there.ext.tokens.revoke_user(42),
            "ext": lambda: there.ext.revoke_user(42),
            "all": lambda: there.ext.revoke_all(),
        }[how]()

    assert [each.client(token)(use).status for each in two] == [401, 401]


def test_refreshing_in_turns(two, clock):
    """Refresh tokens take turns in two processes, and one that is used twice ends all in both."""
    here, there = two
    first = here.pair()
    second = there.tokens(lambda tokens: tokens.refresh(first.refresh))
    third = here.tokens(lambda tokens: tokens.refresh(second.refresh))
    clock.advance(30)
    with pytest.raises(InvalidToken):
        there.tokens(lambda tokens: tokens.refresh(second.refresh))

    assert [each.client(third.access)(use).status for each in two] == [401, 401]


def test_removed_in_another_process(two):
    """Data that another process has removed are written to no more, and begin anew."""
    here, there = two
    here.client()(lambda: global_session.update(a=1))

    def page():
        global_session.get("a")
        there.client()(lambda: global_session.clear())
        there.client()(lambda: global_session.update(b=1))
        global_session["late"] = 1

    here.client()(page)

    assert there.client().value(lambda: dict(global_session)) == {"b": 1}
