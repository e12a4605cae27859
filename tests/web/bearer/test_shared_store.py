"""Apps that share a store, or a request: what is good for one is not for another one."""

from __future__ import annotations

import pytest

from flask_sessionplus import ConfigError, InvalidToken, token_reused
from flask_sessionplus.proxies import session_claims
from tests.core.bearer.keyhelp import pem, public_pem
from tests.core.bearer.minting import private_keys
from tests.web.bearer.bearing import bearer


def use():
    """Use the token."""
    return session_claims["sub"]


def refresh(api, token):
    """Return the next pair, or None if the token was refused."""
    try:
        return api.tokens(lambda tokens: tokens.refresh(token))
    except InvalidToken:
        return None


OTHERS = [
    {"SESSION_JWT_AUDIENCE": "https://other.example"},
    {"SESSION_JWT_ISSUER": "https://other.example"},
]


@pytest.mark.parametrize("other", OTHERS)
def test_another_apps_refresh_token(make_api, any_store, other):
    """A refresh token is good at the app that issued it, and at no other with its store."""
    here, there = make_api(any_store), make_api(any_store, **other)
    pair = here.pair()

    assert refresh(there, pair.refresh) is None
    assert refresh(here, pair.refresh) is not None


@pytest.mark.parametrize("other", OTHERS)
def test_another_app_ends_nothing(make_api, store, clock, other):
    """A used one that comes to another app does not end the family."""
    here, there = make_api(store), make_api(store, **other)
    first = here.pair()
    second = refresh(here, first.refresh)
    clock.advance(60)
    told = []

    def note(sender, owner):
        told.append(owner)

    with token_reused.connected_to(note):
        assert refresh(there, first.refresh) is None
    assert told == []
    assert refresh(here, second.refresh) is not None


def test_an_app_that_cannot_sign(make_api, store):
    """An app with a public key only says so, and does not use up the token."""
    key = private_keys()["ES256"]
    here = make_api(store, SESSION_JWT_KEY=pem(key), SESSION_JWT_ALGORITHMS=["ES256"])
    there = make_api(store, SESSION_JWT_KEY=public_pem(key), SESSION_JWT_ALGORITHMS=["ES256"])
    pair = here.pair()
    with pytest.raises(ConfigError, match="private key"):
        there.tokens(lambda tokens: tokens.refresh(pair.refresh))

    assert refresh(here, pair.refresh) is not None


def test_another_apps_context(make_api):
    """What was found in the context of another app does not count in that of this one."""
    here = make_api()
    there = make_api(SESSION_JWT_AUDIENCE="https://other.example")

    def page():
        with there.site.app.app_context():
            there_is = use()
        with pytest.raises(InvalidToken):
            use()
        return there_is

    headers = bearer(there.issue(42))
    assert here.site.visitor().value(page, headers=headers) == "42"
