"""Random changes of valid tokens, and faults of the libraries: always the same refusal."""

from __future__ import annotations

import hmac
import json

import pytest
from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from hypothesis import assume, given
from hypothesis import strategies as st
from jwt import algorithms, exceptions

from flask_sessionplus.bearer import material
from flask_sessionplus.bearer.gate import Refused
from tests.core.bearer import minting
from tests.core.bearer.minting import claims, header, hmac_verifier, mint, verifier

ALGORITHMS = st.sampled_from([*minting.ALGORITHMS, "HS256"])
PIECES = st.text(alphabet="AZaz09-_.=+/ \n\0\u00e9{}\"'", max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def passes(token, algorithm="ES256"):
    """Tell whether *token* passes; any error but the one is raised."""
    by = hmac_verifier() if algorithm == "HS256" else verifier()
    try:
        by.verify(token)
    except Refused:
        return False
    return True


def valid(algorithm):
    """Return a valid token."""
    return mint(header(algorithm, kid=...), algorithm=algorithm)


@given(algorithm=ALGORITHMS, data=st.data())
def test_no_changed_token_passes(algorithm, data):
    """Whatever is put in, taken out or exchanged, and however often: it does not pass."""
    token = changed = valid(algorithm)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(changed)))
        end = data.draw(st.integers(start, min(start + 4, len(changed))))
        changed = changed[:start] + data.draw(PIECES) + changed[end:]
    assume(changed != token)

    assert not passes(changed, algorithm)
    assert passes(token, algorithm)


@given(algorithm=ALGORITHMS, data=st.data())
def test_no_token_of_pieces_passes(algorithm, data):
    """Segments of different tokens, put together in any way, do not pass."""
    tokens = [mint(header(algorithm, kid=...), claims(sub=sub), algorithm) for sub in ("a", "b")]
    pieces = [piece for token in tokens for piece in token.split(".")]
    joined = ".".join(data.draw(st.lists(st.sampled_from(pieces), min_size=1, max_size=4)))
    assume(joined not in tokens)

    assert not passes(joined, algorithm)


@given(st.text(max_size=100) | st.binary(max_size=100) | JSON)
def test_no_garbage_passes(garbage):
    """Whatever is given in the place of a token is refused."""
    assert not passes(garbage)


@given(name=st.sampled_from(["iss", "aud", "sub", "jti", "exp", "iat", "nbf"]), value=JSON)
def test_signed_claims_of_any_kind_fail_quietly(name, value):
    """A rightly signed token with any JSON for a claim passes or is refused, no more."""
    is_passed = passes(mint(body=claims(**{name: value})))

    if is_passed:
        assert isinstance(value, str) or type(value) in (int, float)


@given(name=st.sampled_from(["alg", "typ", "kid", "crit", "b64", "jwk"]), value=JSON)
def test_signed_headers_of_any_kind_fail_quietly(name, value):
    """A rightly signed token with any JSON in its header is refused."""
    assert not passes(mint(header(**{name: value})))


@given(st.binary(max_size=200))
def test_signed_bytes_fail_quietly(data):
    """Any bytes, rightly signed, as claims or as header are refused."""
    assert not passes(mint(body=data))
    assert not passes(mint(data))


@given(JSON)
def test_further_claims_come_through(value):
    """A further claim is returned as it is, if it is JSON that has bounds."""
    try:
        found = verifier().verify(mint(body=claims(more=value)))
    except Refused:
        return

    assert json.dumps(found["more"]) == json.dumps(value)


@pytest.mark.parametrize(
    "fault",
    [
        *(exceptions.InvalidTokenError, exceptions.InvalidKeyError, exceptions.PyJWKError),
        *(InvalidSignature, InternalError, UnsupportedAlgorithm, ValueError, TypeError),
        *(OverflowError, KeyError, AttributeError, NotImplementedError, RecursionError),
    ],
)
def test_no_fault_of_a_library_comes_through(monkeypatch, fault):
    """Whatever PyJWT or cryptography raises, the token is refused."""

    def fail(*arguments, **options):
        raise fault("from inside", []) if fault is InternalError else fault("from inside")

    monkeypatch.setattr(algorithms.ECAlgorithm, "verify", fail)
    with pytest.raises(Refused) as info:
        verifier().verify(mint())

    assert info.value.reason == "signature"
    assert info.value.__context__ is None


def test_a_mac_is_compared_in_constant_time(monkeypatch):
    """PyJWT compares by `hmac.compare_digest`, whole MACs, whichever byte is wrong."""
    compared = []
    compare = hmac.compare_digest
    monkeypatch.setattr(
        algorithms.hmac, "compare_digest", lambda a, b: compared.append((a, b)) or compare(a, b)
    )
    token = valid("HS256")
    text, _, made = token.rpartition(".")
    for spelling in (made, "A" + made[1:], made[:-4] + "AAAA"):
        passes(f"{text}.{spelling}", "HS256")

    assert [(len(a), len(b)) for a, b in compared] == [(32, 32)] * 3
    assert material.HMACAlgorithm is algorithms.HMACAlgorithm
