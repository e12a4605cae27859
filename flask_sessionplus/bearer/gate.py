"""The gate: what a token has to look like before any library sees it.

Libraries for JSON Web Tokens take more than one spelling of the same token, and some take a
second to refuse ten megabytes. Here there is one spelling: three segments in base64url
without padding, JSON objects in UTF-8 without a name twice, the header names ``alg``, ``typ``
and ``kid`` and no others (ASVS 9.1 and 9.2, RFC 8725). The gate proves nothing: the signature
is checked after it.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from typing import Any, NoReturn

from ..errors import InvalidToken

#: The longest token, in characters. More does not fit into the headers that servers take.
MAX_LENGTH = 8192

_RSA = range(3072 // 8, 8192 // 8 + 1)

#: The algorithms there are, and how many bytes a signature has.
SIGNATURES = {
    "ES256": range(64, 65),
    "ES384": range(96, 97),
    "EdDSA": range(64, 65),
    "PS256": _RSA,
    "RS256": _RSA,
    "HS256": range(32, 33),
}

# The orders of P-256 and P-384 (FIPS 186-5).
_ORDERS = {
    "ES256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "ES384": (1 << 384) - (1 << 192) + 0xC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}

_HEADER_NAMES = {"alg", "typ", "kid"}
_MAX_KID = 256
_MAX_DEPTH = 16
_MAX_NUMBER = 1 << 63
_MAX_DIGITS = 32

_is_base64url = re.compile(r"[A-Za-z0-9_-]+", re.ASCII).fullmatch

# A string, whole or broken off, or a bracket. It always finds its end, so it never goes back.
_brackets = re.compile(r'"(?:[^"\\]|\\.?)*(?:"|\Z)|[\[{]|[\]}]', re.DOTALL).finditer


class Refused(InvalidToken):
    """A token is not valid; to the outside there is no other `InvalidToken` than this.

    :param reason: one fixed word, for signals and logs. It is not in the text, and a client
        must not see it: it tells how far a forged token came.
    """

    def __init__(self, reason: str) -> None:
        super().__init__("The bearer token is not valid: the client has to get a new one.")
        self.reason = reason


def parse(
    token: object, algorithms: Collection[str], types: Collection[str], *, low_s: bool = True
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the header and the claims of *token*, whose signature is still to be checked.

    :param algorithms: the values of ``alg`` that are allowed, out of `SIGNATURES`.
    :param types: the values of ``typ`` that are allowed; "" allows a token without one.
    :param low_s: refuse the second spelling that every ECDSA signature has.
    :raises Refused: if it is not exactly as it has to be.
    """
    if not isinstance(token, str) or len(token) > MAX_LENGTH:
        raise Refused("length")
    segments = token.split(".") if token.isascii() else ()
    if len(segments) != 3:
        raise Refused("segments")
    header = read_object(decode(segments[0]))
    _check_header(header, algorithms, types)
    _check_signature(header["alg"], decode(segments[2]), low_s=low_s)
    return header, read_object(decode(segments[1]))


def read_object(data: bytes) -> dict[str, Any]:
    """Return the JSON object that *data* spells, in UTF-8.

    :raises Refused: if it is anything else, names something twice, is nested deeper than 16,
        or has a number of 2**63 or more.
    """
    value = _read(data)
    if not isinstance(value, dict):
        raise Refused("json")
    return value


def media_type(text: str) -> str:
    """Return a ``typ`` as it is compared.

    "at+jwt" is short for "application/at+jwt", both are the same, and in any case of the
    letters (RFC 7515 section 4.1.9, RFC 9068 section 4). The signature covers it, so that
    no second spelling of a given token comes of this.
    """
    return text.lower() if "/" in text else f"application/{text.lower()}"


def is_kid(kid: object) -> bool:
    """Tell whether *kid* can be the name of a key: 1 to 256 printable characters."""
    return isinstance(kid, str) and 0 < len(kid) <= _MAX_KID and kid.isprintable()


def to_low_s(algorithm: str, signature: bytes) -> bytes:
    """Return *signature* in the one spelling that the gate lets through."""
    if algorithm not in _ORDERS:
        return signature
    (r, s), order = _halves(signature), _ORDERS[algorithm]
    size = len(signature) // 2
    return r.to_bytes(size, "big") + min(s, order - s).to_bytes(size, "big")


def encode(data: bytes) -> str:
    """Return *data* in base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(segment: str) -> bytes:
    """Return what *segment* spells in base64url, in the one spelling that it has.

    :raises Refused: if it is empty, padded, of another alphabet or another spelling.
    """
    if not _is_base64url(segment) or len(segment) % 4 == 1:
        raise Refused("base64")
    data = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    # The last character may hold bits that decoding throws away.
    if encode(data) != segment:
        raise Refused("base64")
    return data


def _read(data: bytes) -> object:
    # What json raises holds the document: it must not become the context of a Refused.
    try:
        text = data.decode("utf-8")
        _check_depth(text)
        value: object = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_real,
            parse_constant=_refuse_number,
        )
        if "\\u" in text:
            # Half of a surrogate pair is no text; whoever encodes it later would fail.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except ValueError:
        return None
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for found in _brackets(text):
        bracket = found[0][0]
        depth += (bracket in "[{") - (bracket in "]}")
        if depth > _MAX_DEPTH:
            raise Refused("depth")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Refused("duplicate")
    return found


def _integer(text: str) -> int:
    value = int(text) if len(text) <= _MAX_DIGITS else _MAX_NUMBER
    return value if abs(value) < _MAX_NUMBER else _refuse_number(text)


def _real(text: str) -> float:
    value = float(text) if len(text) <= _MAX_DIGITS else _MAX_NUMBER
    return value if abs(value) < _MAX_NUMBER else _refuse_number(text)


def _refuse_number(text: str) -> NoReturn:
    raise Refused("number")


def _check_header(
    header: dict[str, Any], algorithms: Collection[str], types: Collection[str]
) -> None:
    if not header.keys() <= _HEADER_NAMES:
        raise Refused("header")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise Refused("alg")
    if not _is_allowed_type(header, types):
        raise Refused("typ")
    if "kid" in header and not is_kid(header["kid"]):
        raise Refused("kid")


def _is_allowed_type(header: dict[str, Any], types: Collection[str]) -> bool:
    if "typ" not in header:
        return "" in types
    given = header["typ"]
    if not isinstance(given, str) or not given or not given.isascii():
        return False
    return media_type(given) in {media_type(each) for each in types}


def _check_signature(algorithm: str, signature: bytes, *, low_s: bool) -> None:
    if len(signature) not in SIGNATURES.get(algorithm, ()):
        raise Refused("signature")
    if algorithm not in _ORDERS:
        return
    (r, s), order = _halves(signature), _ORDERS[algorithm]
    # If (r, s) is valid then (r, order - s) is too: of the two only the lower one passes.
    if not 0 < r < order or not 0 < s <= (order // 2 if low_s else order - 1):
        raise Refused("signature")


def _halves(signature: bytes) -> tuple[int, int]:
    size = len(signature) // 2
    return int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
