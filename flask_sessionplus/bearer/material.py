"""One key: what it may be, which algorithm it is for, and what it is called.

This is the one module that needs PyJWT and cryptography. Whatever imports it is imported when
there is a ``SESSION_JWT_KEY``, and not before.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, NoReturn

from ..errors import ConfigError
from .gate import SIGNATURES, encode, to_low_s

try:
    import jwt
    from cryptography.exceptions import (
        AlreadyFinalized,
        InternalError,
        InvalidSignature,
        UnsupportedAlgorithm,
    )
    from cryptography.hazmat.primitives.asymmetric.ec import (
        SECP256R1,
        SECP384R1,
        EllipticCurve,
        EllipticCurvePublicKey,
    )
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from jwt.algorithms import ECAlgorithm, HMACAlgorithm, OKPAlgorithm, RSAAlgorithm
except ImportError as error:
    raise ConfigError(
        f"SESSION_JWT_KEY needs a package that is not installed ({error.name}). Install it with"
        " `pip install 'Flask-SessionPlus[jwt]'`."
    ) from error

#: The algorithms that go with no others: who can verify can sign.
SYMMETRIC = ("HS256",)

#: All that a library may raise that is given a wrong key, token or signature.
FAULTS = (
    *(jwt.PyJWTError, InvalidSignature, UnsupportedAlgorithm, InternalError, AlreadyFinalized),
    *(ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RuntimeError),
)

_MEMBERS = {"EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "RSA": ("e", "n"), "oct": ("k",)}
_CURVES = {"secp256r1": ["ES256"], "secp384r1": ["ES384"]}
_MIN_SECRET = 32
_RSA_BITS = range(3072, 8192 + 1)

_jws = jwt.PyJWS(list(SIGNATURES), {"verify_signature": True, "enforce_minimum_key_length": True})
_hmac = HMACAlgorithm(HMACAlgorithm.SHA256)

#: What may stand around a key in a file or a variable; a byte order mark too.
SPACE = b" \t\r\n\xef\xbb\xbf"
_is_base64 = re.compile(rb"[A-Za-z0-9+/]+").fullmatch
_find_marker = re.compile(
    rb"---- ?BEGIN|\b(?:ssh-|ecdsa-sha2-|sk-)[a-z0-9@.-]+ +AAAA|\A\0\0\0.(?:ssh-|ecdsa-sha2-|sk-)",
    re.DOTALL,
).search


class Key:
    """One key, for one algorithm, with one name. It shows nothing but that."""

    __slots__ = ("_private", "_public", "algorithm", "kid")

    def __init__(self, kid: str, algorithm: str, public: Any, private: Any) -> None:
        self.kid = kid
        self.algorithm = algorithm
        self._public = public
        self._private = private

    def __repr__(self) -> str:
        return f"<Key {self.kid!r} {self.algorithm}>"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("A Key is not copied or pickled.")

    @property
    def can_sign(self) -> bool:
        """Whether the private half is there."""
        return self._private is not None

    def verifies(self, token: str) -> bool:
        """Tell whether this key has signed *token*, which has been through the gate."""
        try:
            _jws.decode_complete(token, self._public, [self.algorithm])
        except FAULTS:
            return False
        return True

    def sign(self, payload: bytes, typ: str) -> str:
        """Return a token with *payload*."""
        headers = {"typ": typ, "kid": self.kid}
        token = _jws.encode(payload, self._private, self.algorithm, headers)
        signed, _, signature = token.rpartition(".")
        return f"{signed}.{encode(to_low_s(self.algorithm, urlsafe_b64decode(signature + '==')))}"


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the name of a key that follows from the key itself (RFC 7638)."""
    needed = {name: jwk[name] for name in ("kty", *_MEMBERS[jwk["kty"]])}
    text = json.dumps(needed, sort_keys=True, separators=(",", ":"))
    return encode(sha256(text.encode("utf-8")).digest())


class _Secret(bytes):
    """Bytes that do not show themselves."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<secret>"


def wrong(fault: str) -> ConfigError:
    """Return what to raise if a key is not right; it shows nothing of the key."""
    return ConfigError(f"SESSION_JWT_KEY {fault}.")


def key_of_secret(secret: bytes, kid: str | None = None) -> Key:
    """Return the key for HS256 that *secret* is.

    :raises ConfigError: if it is short, or a key that others know as a public one.
    """
    if len(secret) < _MIN_SECRET:
        raise wrong(f"is a secret of less than {_MIN_SECRET} bytes: {_REMEDY}")
    if any(_is_asymmetric(each) for each in _spellings(secret)):
        raise wrong(f"is a public key, a certificate or the like, and no secret: {_REMEDY}")
    hidden = _Secret(secret)
    return Key(kid or thumbprint({"kty": "oct", "k": encode(hidden)}), "HS256", hidden, hidden)


def key_of_public(
    public: object,
    private: object,
    algorithms: tuple[str, ...],
    declared: str | None = None,
    kid: str | None = None,
) -> Key:
    """Return the key of these two halves.

    :param private: None if it is not there, or must not be used.
    :param declared: which algorithm it says that it is for.
    :raises ConfigError: if it is weak, or for none of *algorithms*.
    """
    name, fitting = _kind(public)
    if declared is not None:
        fitting = [each for each in fitting if each == declared]
    allowed = [each for each in fitting if each in algorithms]
    if not allowed:
        needed = " or ".join(fitting) or "no algorithm that there is"
        raise wrong(f"is a key for {needed}, which SESSION_JWT_ALGORITHMS does not allow")
    if len(allowed) > 1:
        raise wrong(f"is for {' and '.join(allowed)}: allow one of them, or give a JWK with alg")
    return Key(kid or thumbprint(name.to_jwk(public, as_dict=True)), allowed[0], public, private)


_REMEDY = "make one with `python -c 'import secrets; print(secrets.token_urlsafe(32))'`"


def _kind(public: object) -> tuple[Any, list[str]]:
    if isinstance(public, EllipticCurvePublicKey):
        return ECAlgorithm, _CURVES.get(public.curve.name, [])
    if isinstance(public, Ed25519PublicKey):
        return OKPAlgorithm, ["EdDSA"]
    if not isinstance(public, RSAPublicKey):
        raise wrong("is a key of another kind than P-256, P-384, Ed25519 and RSA")
    if public.key_size not in _RSA_BITS or public.public_numbers().e < 65537:
        raise wrong("is an RSA key of less than 3072 or more than 8192 bits, or e below 65537")
    return RSAAlgorithm, ["PS256", "RS256"]


def _is_asymmetric(data: bytes) -> bool:
    """Tell whether *data* is an asymmetric key in any format that there is."""
    if _find_marker(data) or b"-----BEGIN" in data:
        return True
    try:
        # It refuses PEM, SSH, DER and JWK.
        _hmac.prepare_key(data)
    except FAULTS:
        return True
    return _is_point(data, SECP256R1()) or _is_point(data, SECP384R1())


def _is_point(data: bytes, curve: EllipticCurve) -> bool:
    if data[:1] != b"\x04":
        return False
    try:
        EllipticCurvePublicKey.from_encoded_point(curve, data)
    except FAULTS:
        return False
    return True


def _spellings(data: bytes) -> Iterator[bytes]:
    """Yield *data* as it is, without what stands around it, out of UTF-16 and out of base64."""
    bare = data.strip(SPACE)
    begun = data.lstrip(SPACE)
    # Binary keys may end with what looks like a space: of them one line end is taken off.
    plain = {data, bare, begun, begun.removesuffix(b"\n").removesuffix(b"\r")}
    plain.add(bare.removeprefix(b"\xff\xfe").replace(b"\0", b""))
    yield from (each for each in plain if each)
    packed = b"".join(bare.split()).translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    if _is_base64(packed) and len(packed) % 4 != 1:
        yield b64decode(packed + b"=" * (-len(packed) % 4))
