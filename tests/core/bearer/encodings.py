"""All the ways to write a public key down: none of them is a secret."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import datetime, timedelta, timezone
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from tests.core.bearer import minting

VARIANTS = {
    "raw": lambda data: data,
    "space": lambda data: b" " + data,
    "crlf": lambda data: (data.replace(b"\n", b"\r\n") if data.isascii() else data) + b"\r\n",
    "bom": lambda data: b"\xef\xbb\xbf" + data,
    "base64": b64encode,
}


@cache
def public_encodings():
    """Return eleven spellings of public keys by name."""
    keys = minting.private_keys()
    point, modulus = keys["ES256"].public_key(), keys["PS256"].public_key()
    spki, pkcs1 = PublicFormat.SubjectPublicKeyInfo, PublicFormat.PKCS1
    openssh = point.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    certified = certificate(keys["ES256"])
    return {
        "pem": point.public_bytes(Encoding.PEM, spki),
        "pem pkcs1": modulus.public_bytes(Encoding.PEM, pkcs1),
        "pem certificate": certified.public_bytes(Encoding.PEM),
        "der": point.public_bytes(Encoding.DER, spki),
        "der pkcs1": modulus.public_bytes(Encoding.DER, pkcs1),
        "der certificate": certified.public_bytes(Encoding.DER),
        "openssh": openssh,
        "ssh2": b"---- BEGIN SSH2 PUBLIC KEY ----\n%b\n---- END SSH2 PUBLIC KEY ----\n"
        % openssh.split()[1],
        "jwk": json.dumps(minting.jwk_of(point)).encode(),
        "jwks": json.dumps(minting.public_jwks()).encode(),
        "point": point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
    }


def spellings():
    """Return the eleven in five variants each, by name."""
    return {
        f"{name} {variant}": change(data)
        for name, data in public_encodings().items()
        for variant, change in VARIANTS.items()
    }


def certificate(key, subject="issuer.example", issuer=None, issuer_key=None, addresses=()):
    """Return a certificate for *key*, signed by itself or by *issuer_key*."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    now = datetime.now(timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer or name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=issuer_key is None, path_length=None), True)
    )
    if addresses:
        builder = builder.add_extension(x509.SubjectAlternativeName(addresses), False)
    return builder.sign(issuer_key or key, SHA256())
