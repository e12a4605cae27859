"""`ext.tokens.issue`: what is in a token, and what cannot be."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from datetime import timedelta
from uuid import UUID

import pytest

from flask_sessionplus import ConfigError, InvalidToken
from flask_sessionplus.codec import Codec
from flask_sessionplus.config import DEFAULTS, Settings
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.testing import FakeClock
from flask_sessionplus.tokens import Token
from flask_sessionplus.tokenstore import RESERVED_CLAIMS, TokenPair, Tokens
from tests.core.bearer import minting

ID = UUID("0b2f5b5c-61c2-4d3c-8b1e-111111111111")


@pytest.fixture
def clock():
    """Stop the time."""
    with FakeClock() as clock:
        yield clock


def make_tokens(store=None, **config):
    """Return the tokens of an app with these settings."""
    given = {
        "SESSION_JWT_KEY": minting.SECRET,
        "SESSION_JWT_ALGORITHMS": ["HS256"],
        "SESSION_JWT_ISSUER": minting.ISSUER,
        "SESSION_JWT_AUDIENCE": minting.AUDIENCE,
    }
    flasks = {"SECRET_KEY": None, "PERMANENT_SESSION_LIFETIME": timedelta(days=31)}
    settings = Settings.read({**DEFAULTS, **flasks, **given, **config})
    return Tokens(lambda: None, store or MemoryStore(), Codec(), settings)


def parts(token):
    """Return header and claims of *token*."""
    head, body, _ = token.split(".")
    return [json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (head, body)]


def test_what_is_in_it(clock):
    """Header and claims are those of RFC 9068, and nothing of the app's is left out."""
    head, claims = parts(make_tokens().issue(42, "admin", email="a@b.c"))

    now = clock.now() // 1000
    assert (head["typ"], head["alg"]) == ("at+jwt", "HS256")
    assert len(head["kid"]) == 43
    assert claims.pop("jti").startswith(f"{claims.pop('sid')}.")
    assert claims.pop("exp") - now in (900, 901)
    assert claims == {
        "iss": minting.ISSUER,
        "aud": minting.AUDIENCE,
        "sub": "42",
        "iat": now,
        "auth_time": now,
        "role": "admin",
        "email": "a@b.c",
    }


@pytest.mark.parametrize(
    ("user_id", "sub"), [(42, "42"), ("42", "42"), (ID, str(ID)), (str(ID).upper(), str(ID))]
)
def test_the_subject(user_id, sub):
    """The user is named as the stores do it."""
    assert parts(make_tokens().issue(user_id))[1]["sub"] == sub


@pytest.mark.parametrize("user_id", [None, "", True, 1.5, b"x", "x" * 256, "a\nb", "a\u202eb"])
def test_no_subject(user_id):
    """What names no user, or nothing that can be shown, gets no token, and leaves no record."""
    store = MemoryStore()

    with pytest.raises((TypeError, ValueError)):
        make_tokens(store).issue(user_id)
    assert store.count() == 0


@pytest.mark.parametrize("name", sorted(RESERVED_CLAIMS | {"role"}))
def test_reserved_claims(name):
    """Claims that are ours to set are refused by name."""
    with pytest.raises(ValueError, match=name):
        make_tokens().issue(42, **{name: "x"})


def test_the_role_claim_by_another_name():
    """SESSION_JWT_ROLE_CLAIM is what the role is called; "role" is the app's then."""
    claims = parts(make_tokens(SESSION_JWT_ROLE_CLAIM="roles").issue(42, ["a", "b"], role="x"))[1]

    assert (claims["roles"], claims["role"]) == (["a", "b"], "x")


@pytest.mark.parametrize("value", [object(), {1, 2}, ID, float("nan"), "\ud800"])
def test_claims_that_json_cannot_say(value):
    """A claim that JSON cannot say is an error, and leaves no record."""
    store = MemoryStore()

    with pytest.raises((TypeError, ValueError)):
        make_tokens(store).issue(42, more=value)
    assert store.count() == 0


def test_too_much():
    """Claims that make a token longer than servers take are refused."""
    with pytest.raises(ValueError, match="refused"):
        make_tokens().issue(42, more="x" * 8_000)


@pytest.mark.parametrize("lifetime", [60, 60.0, timedelta(minutes=1)])
def test_a_lifetime_of_its_own(clock, lifetime):
    """A token may live for a shorter or longer time than others."""
    claims = parts(make_tokens().issue(42, lifetime=lifetime))[1]

    assert claims["exp"] - claims["iat"] in (60, 61)


@pytest.mark.parametrize("lifetime", [0, -1, 3601, timedelta(days=1), True, "60", float("nan")])
def test_a_wrong_lifetime(lifetime):
    """No token lives longer than SESSION_JWT_MAX_AGE, or not at all."""
    with pytest.raises(ValueError, match="lifetime"):
        make_tokens().issue(42, lifetime=lifetime)


def test_how_long_it_lives(clock):
    """It is good until its lifetime and the leeway are over, and not a second longer."""
    tokens = make_tokens(SESSION_JWT_LEEWAY=0)
    token = tokens.issue(42, lifetime=60)
    clock.advance(59.9)
    assert tokens.check(token, {}).subject == "42"
    clock.advance(1.2)

    with pytest.raises(InvalidToken):
        tokens.check(token, {})


def test_every_type_that_is_allowed():
    """The header's `typ` is the first of SESSION_JWT_TYPES, so that the app takes it."""
    tokens = make_tokens(SESSION_JWT_TYPES=["JWT", "at+jwt"])
    token = tokens.issue(42)

    assert parts(token)[0]["typ"] == "JWT"
    assert tokens.check(token, {}).subject == "42"


@pytest.mark.parametrize("algorithm", minting.ALGORITHMS)
def test_every_algorithm(algorithm):
    """What is issued with a key of any kind is taken."""
    key = minting.jwk_of(minting.private_keys()[algorithm], alg=algorithm)
    key.pop("key_ops", None)
    tokens = make_tokens(SESSION_JWT_KEY=key, SESSION_JWT_ALGORITHMS=[algorithm])

    assert tokens.check(tokens.issue(42), {}).subject == "42"


def test_a_key_that_only_verifies():
    """With public keys nothing is issued."""
    key = minting.jwk_of(minting.private_keys()["ES256"].public_key())
    key.pop("key_ops", None)
    tokens = make_tokens(SESSION_JWT_KEY=key, SESSION_JWT_ALGORITHMS=["ES256"])

    with pytest.raises(ConfigError, match="private key"):
        tokens.issue(42)


def test_nobody_sees_it():
    """Neither tokens nor what holds them show themselves."""
    tokens = make_tokens()
    pair = tokens.issue_pair(42)

    assert repr(tokens.issue(42)) == repr(pair.refresh) == "<token>"
    assert repr(pair) == "TokenPair(expires_in=900)"
    assert repr(tokens) == "<Tokens>"
    assert isinstance(pair.access, Token)


def test_a_pair_as_the_standard_names_it():
    """`as_dict` has the names of RFC 6749, and can be said in JSON."""
    assert json.loads(json.dumps(TokenPair("a", "r", 60).as_dict())) == {
        "access_token": "a",
        "token_type": "Bearer",
        "expires_in": 60,
        "refresh_token": "r",
    }


def test_what_the_store_knows():
    """The store has neither a token nor a secret of one, only digests."""
    store = MemoryStore()
    tokens = make_tokens(store)
    pair = tokens.issue_pair(42, "admin")
    secret = urlsafe_b64decode(pair.refresh + "==")[16:]
    kept = repr([(sid, record.values) for sid, record in store.owned("42")])

    assert pair.access not in kept
    assert pair.refresh not in kept
    for part in (secret[:16], secret[16:]):
        assert repr(part)[2:-1] not in kept


def test_none_twice():
    """Of a thousand tokens no two have the same name or secret."""
    tokens = make_tokens()
    pairs = [tokens.issue_pair(42) for _ in range(1_000)]

    for what in ("jti", "sid"):
        assert len({parts(pair.access)[1][what] for pair in pairs}) == 1_000
    assert len({pair.refresh for pair in pairs}) == 1_000
