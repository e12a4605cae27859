"""The part of the corpus that is about text, segments and signatures."""

from __future__ import annotations

import json

from tests.core.bearer import forging, minting
from tests.core.bearer.forging import MEGA, signed, with_numbers
from tests.core.bearer.minting import ALGORITHMS, b64, claims, header, mint


def segments():
    """Return tokens of none to six segments, in any order, by name."""
    token = mint()
    head, body, made = token.split(".")
    return {
        "0": "",
        "1": head,
        "2": f"{head}.{body}",
        "3, no signature": f"{head}.{body}.",
        "3, no header": f".{body}.{made}",
        "3, no claims": f"{head}..{made}",
        "3, empty": "..",
        "4": f"{token}.{made}",
        "4, last empty": f"{token}.",
        "4, first empty": f".{token}",
        "5": f"{token}.{made}.{made}",
        "6": f"{token}.{token}",
        "swapped": f"{body}.{head}.{made}",
        "signature first": f"{made}.{head}.{body}",
    }


def spellings():
    """Return tokens whose text is another than it has to be, by name."""
    token = mint()
    head, body, made = token.split(".")
    spoiled = {
        "padded signature": f"{token}==",
        "padded once": f"{token}=",
        "padded header": signed(f"{head}=.{body}"),
        "padded claims": signed(f"{head}.{body}="),
        "standard alphabet": forging.with_standard_alphabet(),
        "percent": token.replace(".", "%2E"),
        "fullwidth stop": token.replace(".", "\uff0e"),
        "quoted": f'"{token}"',
        "with its scheme": f"Bearer {token}",
        "upper case": token.upper(),
        "one character more": f"{token}A",
        "four characters more": f"{token}AAAA",
        "of one character": f"{head}.{body}.A",
        "other claims": f"{head}.{b64(claims(sub='eve'))}.{made}",
        "other header": f"{b64(header(typ='AT+JWT'))}.{body}.{made}",
    }
    for place, name in enumerate(("header", "claims", "signature")):
        spoiled[f"trailing bits of the {name}"] = forging.with_trailing_bits(place)
    strange = {"space": " ", "newline": "\n", "CRLF": "\r\n", "tab": "\t", "NUL": "\0"}
    strange |= {"zero width": "\u200b", "BOM": "\ufeff", "e acute": "\xe9", "half a pair": "\ud800"}
    for name, text in strange.items():
        spoiled[f"{name} in front"] = text + token
        spoiled[f"{name} behind"] = token + text
        spoiled[f"{name} within"] = token[:-20] + text + token[-20:]
        spoiled[f"{name} at a stop"] = token.replace(".", f".{text}", 1)
    return spoiled


def signatures():
    """Return tokens whose signature is wrong, or right in another spelling, by name."""
    made = {
        "DER": forging.of_der(),
        "EdDSA, S + L": forging.of_edwards(),
        "empty object": forging.with_signature(mint(), b"{}"),
        "of another token": forging.with_signature(mint(), minting.signature("another")),
        "cut": forging.with_signature(mint(), minting.signature("x")[:-1]),
        "RSA, zeros": forging.with_signature(mint(algorithm="PS256"), bytes(384)),
        "RSA, ones": forging.with_signature(mint(algorithm="RS256"), b"\xff" * 384),
        "RSA, a zero in front": forging.with_signature(mint(algorithm="RS256"), bytes(385)),
        "EdDSA, zeros": forging.with_signature(mint(algorithm="EdDSA"), bytes(64)),
    }
    for name in ALGORITHMS:
        made[f"by a stranger, {name}"] = forging.by_stranger(name)
    for name in ("ES256", "ES384"):
        for text, change in _NUMBERS.items():
            made[f"{name} {text}"] = with_numbers(name, change)
    return made


_NUMBERS = {
    "s -> n-s": lambda r, s, n: (r, n - s),
    "r = s = 0": lambda r, s, n: (0, 0),
    "r = 0": lambda r, s, n: (0, s),
    "s = 0": lambda r, s, n: (r, 0),
    "r = n": lambda r, s, n: (n, s),
    "s = n": lambda r, s, n: (r, n),
    "r = s = n": lambda r, s, n: (n, n),
    "r = s = 1": lambda r, s, n: (1, 1),
    "swapped": lambda r, s, n: (s, r % n),
    "s = n - 1": lambda r, s, n: (r, n - 1),
}


def sizes():
    """Return tokens that are too long, too deep or too dear to read, by name."""
    head, body, made = mint().split(".")
    ten = "A" * (10 * MEGA)
    deep = b64(b"[" * 10**5)
    return {
        "10 MB header": f"{ten}.{body}.{made}",
        "10 MB claims": f"{head}.{ten}.{made}",
        "10 MB signature": f"{head}.{body}.{ten}",
        "10 MB of stops": "." * (10 * MEGA),
        "10 MB of NUL": "\0" * (10 * MEGA),
        "10 MB, not ASCII": "\xe9" * (10 * MEGA),
        "8193 characters": signed(f"{head}.{b64(claims(pad='x' * 6000))}").ljust(8193, "A"),
        "8 KB of stops": "." * 8192,
        "8 KB of quotes": mint(body=b'"' + b'\\"' * 2900),
        "8 KB of numbers": mint(body=b'{"a":' + b"9" * 5800 + b"}"),
        "depth 10^5, header": f"{deep}.{body}.{made}",
        "depth 10^5, claims": f"{head}.{deep}.{made}",
    }


def forms():
    """Return what is no token in three segments, by name."""
    token = mint()
    return {
        "JWE": "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAAAAAAAAAAAAAA.AAAA." + "A" * 22,
        "general JSON": forging.as_general_json(token),
        "flat JSON": forging.as_flat_json(token),
        "PASETO": "v4.public.eyJzdWIiOiJhZGEifQ" + "A" * 86,
        "null": "null",
        "opaque": "b9f1c2d0a6c84f7e9a11",
        "two tokens": f"{token},{token}",
        "nested": mint(body=json.dumps(token).encode()),
    }
