"""Keys, and tokens that are signed rightly whatever is in them."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt import PyJWS
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from flask_sessionplus import clock
from flask_sessionplus.bearer.gate import SIGNATURES, to_low_s
from flask_sessionplus.bearer.keys import Keys
from flask_sessionplus.bearer.verifying import Verifier

ISSUER, AUDIENCE = "https://issuer.example", "https://api.example"
ALGORITHMS = ("ES256", "ES384", "EdDSA", "PS256", "RS256")
SECRET = bytes(range(100, 140))

_jws = PyJWS(list(SIGNATURES))


@cache
def private_keys():
    """Return a private key of cryptography's by algorithm."""
    return _new_keys()


@cache
def stranger_keys():
    """Return keys of the same kinds that nobody has been told of."""
    return _new_keys()


def _new_keys():
    return {
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "ES384": ec.generate_private_key(ec.SECP384R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
        "PS256": rsa.generate_private_key(65537, 3072),
        "RS256": rsa.generate_private_key(65537, 3072),
        "HS256": SECRET,
    }


def jwk_of(key, **members):
    """Return a key of cryptography's as a JWK, with more *members*."""
    kinds = [
        (ECAlgorithm, (ec.EllipticCurvePrivateKey, ec.EllipticCurvePublicKey)),
        (OKPAlgorithm, (ed25519.Ed25519PrivateKey, ed25519.Ed25519PublicKey)),
        (RSAAlgorithm, (rsa.RSAPrivateKey, rsa.RSAPublicKey)),
    ]
    algorithm = next(algorithm for algorithm, types in kinds if isinstance(key, types))
    return {**algorithm.to_jwk(key, as_dict=True), **members}


@cache
def jwks():
    """Return the private keys as a JWK Set; each kid is the algorithm in small letters."""
    keys = private_keys()
    members = [jwk_of(keys[name], alg=name, kid=name.lower()) for name in ALGORITHMS]
    for member in members:
        member.pop("key_ops", None)
    return {"keys": members}


def public_jwks():
    """Return the public halves of the same keys."""
    keys = private_keys()
    members = [jwk_of(keys[name].public_key(), alg=name, kid=name.lower()) for name in ALGORITHMS]
    return {"keys": members}


@cache
def verifier():
    """Return who takes the tokens that these keys sign."""
    return Verifier(Keys(jwks(), ALGORITHMS), ISSUER, AUDIENCE)


@cache
def hmac_verifier():
    """Return who takes the tokens that the secret signs."""
    return Verifier(Keys(SECRET, ["HS256"]), ISSUER, AUDIENCE)


def claims(**changes):
    """Return claims that are right now; a value of `...` removes the claim."""
    now = clock.now() // 1000
    right = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "jti": "j1", "iat": now, "exp": now + 60}
    return {name: value for name, value in {**right, **changes}.items() if value is not ...}


def header(algorithm="ES256", **changes):
    """Return a header that is right; a value of `...` removes the name."""
    right = {"alg": algorithm, "typ": "at+jwt", "kid": algorithm.lower()}
    return {name: value for name, value in {**right, **changes}.items() if value is not ...}


def b64(data):
    """Return *data*, or the JSON of what it is, in base64url without padding."""
    if not isinstance(data, bytes):
        data = json.dumps(data, separators=(",", ":")).encode()
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def signature(text, algorithm="ES256", key=None):
    """Return the signature of *text* as the gate likes it."""
    key = private_keys()[algorithm] if key is None else key
    if algorithm == "HS256":
        return mac(text, key)
    made = _jws.get_algorithm_by_name(algorithm).sign(text.encode(), key)
    return to_low_s(algorithm, made)


def mac(text, secret):
    """Return the HMAC of *text*, whatever the secret is."""
    return hmac.digest(secret, text.encode(), "sha256")


def mint(head=None, body=None, algorithm="ES256", key=None):
    """Return a token with a valid signature; *head* and *body* may be bytes."""
    head = header(algorithm) if head is None else head
    text = f"{b64(head)}.{b64(claims() if body is None else body)}"
    return f"{text}.{b64(signature(text, algorithm, key))}"
