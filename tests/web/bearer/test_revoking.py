"""Tokens that were revoked: dead with the next request, on every store (ASVS 7.4.1, 7.4.2)."""

from __future__ import annotations

import pytest

from flask_sessionplus.proxies import global_session, session_claims
from flask_sessionplus.stores.memory import MemoryStore
from tests.core.bearer import minting
from tests.web.bearer.bearing import Reasons, bearer, foreign


def use():
    """Use the token."""
    return session_claims["sub"]


def claims_in(api, token):
    """Return the claims of a good token."""
    return api.client(token).value(lambda: dict(session_claims))


def test_one_token(any_api):
    """A token that is revoked by its name is dead; others of the same user are not."""
    token, other = any_api.issue(), any_api.issue()
    jti = claims_in(any_api, token)["jti"]
    any_api.tokens(lambda tokens: tokens.revoke(jti))

    assert any_api.client(token)(use).status == 401
    assert any_api.client(other)(use).status == 200


def test_one_token_of_a_pair(any_api):
    """The refresh token beside an access token that was revoked is good for the next one."""
    pair = any_api.pair()
    jti = claims_in(any_api, pair.access)["jti"]
    any_api.tokens(lambda tokens: tokens.revoke(jti))
    assert any_api.client(pair.access)(use).status == 401
    renewed = any_api.tokens(lambda tokens: tokens.refresh(pair.refresh))

    assert any_api.client(renewed.access)(use).status == 200
    assert any_api.client(pair.access)(use).status == 401


def test_a_token_issued_elsewhere(any_api):
    """A token that was not issued here is revoked by its name as well."""
    token, other = foreign(jti="one"), foreign(jti="two")
    assert any_api.client(token)(use).status == 200
    any_api.tokens(lambda tokens: tokens.revoke("one"))

    assert any_api.client(token)(use).status == 401
    assert any_api.client(other)(use).status == 200


def _spellings(token):
    text, _, made = token.rpartition(".")
    head, body = text.split(".")
    return {
        "as it is": f"Bearer {token}",
        "small letters": f"bearer {token}",
        "padded": f"Bearer {token}=",
        "padded twice": f"Bearer {token}==",
        "another scheme's case": f"BEARER {token}",
        "other bits": f"Bearer {token[:-1]}{chr(ord(token[-1]) ^ 1)}",
        "standard alphabet": f"Bearer {text}.{made.replace('-', '+').replace('_', '/')}",
        "no signature": f"Bearer {text}.",
        "claims twice": f"Bearer {head}.{body}.{body}.{made}",
    }


@pytest.mark.parametrize("spelling", _spellings("a.b.c"))
@pytest.mark.parametrize("kind", ["own", "foreign"])
def test_in_other_spellings(api, kind, spelling):
    """A token that was revoked is so in whatever way it is spelled."""
    token = api.issue() if kind == "own" else foreign(jti="one")
    jti = claims_in(api, token)["jti"]
    api.tokens(lambda tokens: tokens.revoke(jti))
    headers = {"Authorization": _spellings(token)[spelling]}

    assert api.site.visitor()(use, headers=headers).status == 401


def test_signed_anew(make_api):
    """The second signature that ECDSA has for the same token does not bring it back."""
    api = make_api(
        SESSION_JWT_KEY=minting.jwk_of(minting.private_keys()["ES256"], kid="es256"),
        SESSION_JWT_ALGORITHMS=["ES256"],
    )
    token = minting.mint()
    assert api.client(token)(use).status == 200
    api.tokens(lambda tokens: tokens.revoke("j1"))
    again = minting.mint()

    assert again != token
    assert api.client(again)(use).status == 401


def test_an_app_that_only_verifies(make_api):
    """An app with the public key alone, on the same store, knows what the other has revoked."""
    store, private = MemoryStore(), minting.private_keys()["ES256"]
    algorithms = {"SESSION_JWT_ALGORITHMS": ["ES256"]}
    public = minting.jwk_of(private.public_key())
    public.pop("key_ops", None)
    signing = make_api(store, SESSION_JWT_KEY=minting.jwk_of(private), **algorithms)
    verifying = make_api(store, SESSION_JWT_KEY=public, **algorithms)
    token, other = signing.issue(), signing.issue()
    assert verifying.client(token)(use).status == 200
    jti = claims_in(signing, token)["jti"]
    verifying.tokens(lambda tokens: tokens.revoke(jti))
    assert signing.client(token)(use).status == 401
    signing.tokens(lambda tokens: tokens.revoke_user(42))

    assert verifying.client(other)(use).status == 401


@pytest.mark.parametrize("kind", ["own", "pair"])
def test_by_handle(any_api, kind):
    """A sign-in is listed, and ended by its handle, which the claim `sid` is."""
    pair = any_api.pair()
    token = pair.access if kind == "pair" else any_api.issue()
    name = claims_in(any_api, token)["sid"]
    with any_api.site.app.app_context():
        assert name in [each.handle for each in any_api.ext.sessions_of(42)]
        assert any_api.ext.revoke(name) is True
        assert any_api.ext.revoke(name) is False

    assert any_api.client(token)(use).status == 401


def test_the_data_by_handle(any_api):
    """The user's data are ended by their handle, and begin anew."""
    client = any_api.client()
    client(lambda: global_session.update(a=1))
    name = client.value(lambda: global_session.handle)
    with any_api.site.app.app_context():
        assert any_api.ext.revoke(name) is True

    assert client.value(lambda: dict(global_session)) == {}


def test_notes_are_nobodys_sessions(any_api):
    """What is noted of tokens is in no list, and cannot be ended by a handle."""
    any_api.tokens(lambda tokens: (tokens.revoke_user(42), tokens.revoke("x")))
    with any_api.site.app.app_context():
        assert any_api.ext.sessions_of(42) == []


def test_a_note_lasts_as_long_as_it_matters(make_api, clock):
    """A note is there until the token is too old anyway, and then goes."""
    api = make_api(SESSION_JWT_MAX_AGE=3600)
    store = api.site.app.extensions["sessionplus"].store
    token = foreign(jti="one", exp=clock.now() // 1000 + 7200)
    api.tokens(lambda tokens: tokens.revoke("one"))
    with Reasons() as reasons:
        for _ in range(40):
            assert api.client(token)(use).status == 401
            clock.advance(100)

    assert {"revoked", "age"} == set(reasons)
    assert store.count() == 0


def test_what_is_revoked_is_named(api):
    """A token without a name cannot be revoked by it."""
    with pytest.raises(ValueError, match="jti"):
        api.tokens(lambda tokens: tokens.revoke(""))


ROUNDS = [30, pytest.param(1000, marks=pytest.mark.torture)]


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("kind", ["own", "pair", "foreign"])
def test_none_of_many(any_api, kind, rounds):
    """Of many tokens that were revoked, not one is accepted."""
    accepted = 0
    for number in range(rounds):
        token = {
            "own": lambda: any_api.issue(),
            "pair": lambda: any_api.pair().access,
            "foreign": lambda number=number: foreign(jti=f"j{number}", sub="42"),
        }[kind]()
        if number % 3 == 0:
            with any_api.site.app.app_context():
                any_api.ext.revoke_user(42)
        else:
            jti = claims_in(any_api, token)["jti"] if number % 2 else None
            any_api.tokens(
                lambda tokens, jti=jti: tokens.revoke(jti) if jti else tokens.revoke_user("42")
            )
        accepted += any_api.client(token)(use).status != 401
        if kind == "foreign":
            any_api.site.app.extensions["sessionplus"].store.delete_all()

    assert accepted == 0


def test_ten_megabytes(api, store):
    """A huge token asks the store for nothing."""
    store.new_calls()
    answer = api.site.visitor()(use, headers=bearer("a" * 10_000_000))

    assert answer.status == 401
    assert store.new_calls() == []
