"""A secret for HS256: long enough, and nothing that others know."""

from __future__ import annotations

import json

import pytest

from flask_sessionplus.bearer import gate
from flask_sessionplus.bearer.keys import Keys
from flask_sessionplus.bearer.material import thumbprint
from tests.core.bearer import encodings
from tests.core.bearer.keyhelp import ours, public_pem, refused
from tests.core.bearer.minting import claims


def test_a_secret_signs(clock, tmp_path):
    """A secret of 32 bytes is a key for HS256: as bytes, text, JWK, and from a file."""
    secret = "s3cret-" * 5
    (tmp_path / "secret").write_text(secret + "\n")
    oct_jwk = {"kty": "oct", "k": gate.encode(secret.encode())}
    sources = [secret, secret.encode(), oct_jwk, json.dumps(oct_jwk), [secret]]
    sources += [tmp_path / "secret", str(tmp_path / "secret")]
    rings = [Keys(source, ["HS256"]) for source in sources]

    assert {next(iter(keys._keys)) for keys in rings} == {thumbprint(oct_jwk)}
    for keys in rings:
        token = keys.sign(claims())
        assert all(each.find("HS256", None).verifies(token) for each in rings)


def test_a_path_is_no_secret():
    """A path whose file is missing is an error, not a secret that anybody can guess."""
    assert "path" in refused("/etc/no-such-file-with-a-name-of-32-bytes", ["HS256"])
    assert "URL" in refused("https://issuer.example/.well-known/jwks.json", ["HS256"])
    Keys("/base64+of/a+secret/that+begins+with+a+slash=", ["HS256"])


@pytest.mark.parametrize("name", encodings.spellings())
def test_no_public_key_is_a_secret(name):
    """Eleven spellings of public keys, each in five variants, are refused as a secret."""
    data = encodings.spellings()[name]

    assert "SESSION_JWT_KEY" in refused(data, ["HS256"])
    if data.isascii():
        assert "SESSION_JWT_KEY" in refused(data.decode(), ["HS256"])


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_no_public_key_is_a_secret_in_other_characters(encoding):
    """The same in UTF-16 and UTF-32."""
    assert "public key" in refused(public_pem(ours()).encode(encoding), ["HS256"])


@pytest.mark.parametrize(
    "secret",
    [
        *("", b"", "short", b"s" * 31, "\u00fc" * 15, {"kty": "oct", "k": ""}, {"kty": "oct"}),
        *({"kty": "oct", "k": gate.encode(b"s" * 31)}, {"kty": "oct", "k": 5}, [b"s" * 31]),
        *({"kty": "oct", "k": "c2VjcmV0=" * 8}, '{"kty":"oct","k":""}', [], None, 5),
    ],
)
def test_weak_secrets_are_refused(secret):
    """A secret has 32 bytes or more, and a JWK spells it rightly."""
    refused(secret, ["HS256"])
