"""Ways to spoil a token: its text, its JSON, its signature."""

from __future__ import annotations

import json

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from tests.core.bearer import minting
from tests.core.bearer.minting import b64, claims, header, mint, private_keys, signature

ORDERS = {
    "ES256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "ES384": int("f" * 48 + "c7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16),
}
_ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
MEGA = 1 << 20


def with_signature(token, made):
    """Return *token* with another signature."""
    return token.rpartition(".")[0] + "." + b64(made)


def with_numbers(algorithm, change):
    """Return a token whose ECDSA signature is what *change* makes of r, s and the order."""
    token = mint(algorithm=algorithm)
    made = signature(token.rpartition(".")[0], algorithm)
    size = len(made) // 2
    r, s = int.from_bytes(made[:size], "big"), int.from_bytes(made[size:], "big")
    numbers = change(r, s, ORDERS[algorithm])
    return with_signature(token, b"".join(each.to_bytes(size, "big") for each in numbers))


def of_der(algorithm="ES256"):
    """Return a token whose signature is in DER, as TLS has it."""
    text = mint(algorithm=algorithm).rpartition(".")[0]
    made = signature(text, algorithm)
    half = len(made) // 2
    numbers = (int.from_bytes(each, "big") for each in (made[:half], made[half:]))
    return f"{text}.{b64(encode_dss_signature(*numbers))}"


def of_edwards():
    """Return a token whose EdDSA signature has the order added to S."""
    text = mint(algorithm="EdDSA").rpartition(".")[0]
    made = signature(text, "EdDSA")
    higher = int.from_bytes(made[32:], "little") + _ED25519_ORDER
    return f"{text}.{b64(made[:32] + higher.to_bytes(32, 'little'))}"


def with_trailing_bits(place):
    """Return a token one segment of which ends in bits that decoding throws away.

    Header and claims are signed as they are then spelled: only the gate can tell.
    """
    segments = [b64(header(kid="es256", typ="at+jwt")), b64(_odd(claims()))]
    if place == 0:
        segments[0] = b64(_odd(header()))
    if place < 2:
        segments[place] = _other_spelling(segments[place])
        return signed(".".join(segments))
    text, _, made = mint().rpartition(".")
    return f"{text}.{_other_spelling(made)}"


def _odd(content):
    """Return the JSON of *content*, with spaces so that base64 has bits to spare."""
    data = json.dumps(content).encode()
    return data + b" " * (1 - len(data) % 3 if len(data) % 3 < 2 else 2)


def _other_spelling(segment):
    """Return *segment* with a bit set that decoding throws away."""
    assert len(segment) % 4 == 2
    return segment[:-1] + _DIGITS[_DIGITS.index(segment[-1]) ^ 1]


def signed(text):
    """Return *text*, two segments however spelled, with a signature that is right for it."""
    return f"{text}.{b64(signature(text))}"


def with_standard_alphabet():
    """Return a token whose signature is spelled with + and / (RFC 4648 section 4)."""
    while True:
        token = mint()
        text, _, made = token.rpartition(".")
        other = made.replace("-", "+").replace("_", "/")
        if other != made:
            return f"{text}.{other}"


def by_stranger(algorithm):
    """Return a token that somebody else has signed, by the names of our keys."""
    return mint(algorithm=algorithm, key=minting.stranger_keys()[algorithm])


def crossed(named, real):
    """Return a token that says it is signed by *named*, and is signed by the key of *real*."""
    return mint(header(named), algorithm=real, key=private_keys()[real])


def raw_claims(**texts):
    """Return claims as JSON bytes, in which each of *texts* is put in as it is."""
    marked = claims(**{name: f"@{name}@" for name in texts})
    body = json.dumps(marked)
    for name, text in texts.items():
        body = body.replace(f'"@{name}@"', text)
    return body.encode()


def as_general_json(token):
    """Return *token* in the general JSON form (RFC 7515 section 7.2.1)."""
    head, body, made = token.split(".")
    return json.dumps({"payload": body, "signatures": [{"protected": head, "signature": made}]})


def as_flat_json(token):
    """Return *token* in the flattened JSON form (RFC 7515 section 7.2.2)."""
    head, body, made = token.split(".")
    return json.dumps({"payload": body, "protected": head, "signature": made})
