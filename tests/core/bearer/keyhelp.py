"""Keys as text, and how they are taken or refused."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from flask_sessionplus.bearer import keys
from flask_sessionplus.bearer.keys import DEFAULT_ALGORITHMS, Keys
from flask_sessionplus.bearer.verifying import Verifier
from flask_sessionplus.errors import ConfigError
from tests.core.bearer import minting
from tests.core.bearer.minting import AUDIENCE, ISSUER, claims

SPKI, PKCS8 = PublicFormat.SubjectPublicKeyInfo, PrivateFormat.PKCS8


def pem(key, form=PKCS8):
    """Return a private key in PEM, as text."""
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def public_pem(key):
    """Return the public half of a private key in PEM, as text."""
    return key.public_key().public_bytes(Encoding.PEM, SPKI).decode()


def ours(name="ES256"):
    """Return one of our private keys."""
    return minting.private_keys()[name]


def refused(source, algorithms=DEFAULT_ALGORITHMS):
    """Return the message by which a key is refused."""
    with pytest.raises(ConfigError) as info:
        Keys(source, algorithms)
    assert info.value.__context__ is None
    last = info.traceback[-1]
    assert str(last.path) == keys.__file__
    assert "source" not in last.frame.f_locals
    return str(info.value)


def issued(ring):
    """Return the claims of a token that *ring* has signed and verified."""
    return dict(Verifier(ring, ISSUER, AUDIENCE).verify(ring.sign(claims())))
