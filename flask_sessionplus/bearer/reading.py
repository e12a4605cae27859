"""What ``SESSION_JWT_KEY`` may be: PEM, JWK, a path, a secret, or several of them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from .gate import Refused, decode, is_kid, read_object
from .material import FAULTS, SPACE, SYMMETRIC, Key, key_of_public, key_of_secret, wrong

_MAX_FILE = 64 * 1024
_KINDS: dict[str, Callable[[dict[str, Any]], object]] = {
    "EC": ECAlgorithm.from_jwk,
    "OKP": OKPAlgorithm.from_jwk,
    "RSA": RSAAlgorithm.from_jwk,
}
_find_pem = re.compile(rb"-----BEGIN (?!EC PARAMETERS)").findall

#: Whether a text is a URL, of whatever scheme.
is_url = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]+:").match


def read_all(source: object, algorithms: tuple[str, ...]) -> dict[str, Key]:
    """Return the keys that *source* spells, by their kid, in their order.

    :raises ConfigError: if there is none, or one is not right.
    """
    found: dict[str, Key] = {}
    for each in source if isinstance(source, (list, tuple)) else [source]:
        for key in _read(each, algorithms):
            if key.kid in found:
                raise wrong("has two keys of the same name, or one key twice")
            found[key.kid] = key
    if not found:
        raise wrong("has no key: give a PEM, a JWK, an https URL or, for HS256, a secret")
    return found


def _read(source: object, algorithms: tuple[str, ...], *, is_file: bool = False) -> list[Key]:
    if isinstance(source, Mapping):
        return [key_of_jwk(jwk, algorithms) for jwk in members(source)]
    if isinstance(source, os.PathLike):
        return _read(_content(source), algorithms, is_file=True)
    if not isinstance(source, (str, bytes, bytearray)):
        raise wrong("is neither a text, bytes, a dict, a path nor a list of them")
    data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else bytes(source)
    bare = data.strip(SPACE)
    jwk = _as_json(bare)
    if jwk is not None:
        return _read(jwk, algorithms)
    if algorithms == SYMMETRIC:
        if not is_file and _names_a_file(data):
            return _read(Path(os.fsdecode(data)), algorithms)
        if b"://" in data[:32]:
            raise wrong("is a URL, which is for asymmetric algorithms only")
        return [key_of_secret(data.rstrip(b"\r\n") if is_file else data)]
    if b"-----BEGIN" in bare:
        return [_key_of_pem(bare, algorithms)]
    if is_file or not isinstance(source, str) or is_url(source):
        raise wrong("holds neither PEM nor a JWK, nor is it an https URL; those stand alone")
    return _read(Path(source), algorithms)


def _as_json(data: bytes) -> dict[str, Any] | None:
    try:
        return read_object(data) if data.startswith(b"{") else None
    except Refused:
        return None


def _names_a_file(data: bytes) -> bool:
    """Tell whether this is a path rather than a secret: its folder is there."""
    folder = os.path.dirname(data)
    return (
        folder.startswith(b"/") and folder != b"/" and b"\0" not in data and os.path.isdir(folder)
    )


def _content(path: os.PathLike[Any]) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_FILE + 1)
    except (OSError, ValueError):
        data = b""
    if not 0 < len(data) <= _MAX_FILE:
        raise wrong(
            "is no PEM, JWK or https URL, nor the path of a file that can be read and has one."
            " A secret needs SESSION_JWT_ALGORITHMS = ['HS256']"
        )
    return data


def members(jwks: Mapping[str, Any]) -> Sequence[object]:
    """Return the keys of a JWK Set, or the one that a JWK is."""
    found = jwks.get("keys", [jwks])
    return found if isinstance(found, (list, tuple)) else []


def key_of_jwk(jwk: object, algorithms: tuple[str, ...], *, is_remote: bool = False) -> Key:
    """Return the key that *jwk* is (RFC 7517).

    :param is_remote: it comes from a URL, where there are only public keys.
    :raises ConfigError: if it is not right.
    """
    if not isinstance(jwk, Mapping):
        raise wrong("has a JWK that is no object")
    kty, kid, declared = jwk.get("kty"), jwk.get("kid"), jwk.get("alg")
    if kid is not None and not is_kid(kid):
        raise wrong("has a JWK whose kid is no text of 1 to 256 printable characters")
    if declared is not None and not isinstance(declared, str):
        raise wrong("has a JWK whose alg is no text")
    is_private = "d" in jwk or kty == "oct"
    if is_remote and is_private:
        raise wrong("is the URL of a key that is not public")
    may_sign = _operations(jwk, is_private)
    if kty == "oct":
        return _key_of_oct(jwk, algorithms)
    half = _half_of_jwk(jwk)
    public = half.public_key() if is_private else half
    return key_of_public(public, half if may_sign else None, algorithms, declared, kid)


def _operations(jwk: Mapping[str, Any], is_private: bool) -> bool:
    """Tell whether the key may sign; that it may verify is expected of each."""
    given = jwk.get("key_ops", ["sign", "verify"])
    operations = given if isinstance(given, (list, tuple)) else ()
    needed = {"verify", "sign"} if is_private else {"verify"}
    if jwk.get("use", "sig") != "sig" or not any(each in needed for each in operations):
        raise wrong("has a JWK that is not for signatures (use, key_ops)")
    return is_private and "sign" in operations


def _key_of_oct(jwk: Mapping[str, Any], algorithms: tuple[str, ...]) -> Key:
    if algorithms != SYMMETRIC or jwk.get("alg", "HS256") != "HS256":
        raise wrong("has a secret (oct), which is for SESSION_JWT_ALGORITHMS = ['HS256'] only")
    try:
        secret = decode(jwk.get("k", ""))
    except (Refused, TypeError):
        secret = b""
    return key_of_secret(secret, jwk.get("kid"))


def _half_of_jwk(jwk: Mapping[str, Any]) -> Any:
    # What PyJWT raises shows the JWK: it must not become the context of our error.
    texts = {name: each for name, each in jwk.items() if isinstance(each, str)}
    try:
        if ("d" in jwk) == ("d" in texts):
            return _KINDS[texts["kty"]](texts)
    except FAULTS:
        pass
    del texts
    raise wrong("has a JWK that is no key on P-256, P-384, Ed25519 or of RSA, or is damaged")


def _key_of_pem(data: bytes, algorithms: tuple[str, ...]) -> Key:
    private: Any = None
    public: Any = None
    try:
        if b"PRIVATE KEY" in data:
            private = load_pem_private_key(data, password=None)
            public = private.public_key()
        else:
            public = load_pem_public_key(data)
    except FAULTS:
        pass
    if public is None or len(_find_pem(data)) > 1:
        raise wrong("is PEM, but not one private or public key, or it is encrypted")
    return key_of_public(public, private, algorithms)
