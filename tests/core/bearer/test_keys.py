"""What may be a key, for which algorithm, and under which name."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from flask_sessionplus.bearer import gate
from flask_sessionplus.bearer.keys import Keys
from flask_sessionplus.bearer.material import thumbprint
from flask_sessionplus.bearer.verifying import Verifier
from flask_sessionplus.errors import ConfigError
from tests.core.bearer import encodings, minting
from tests.core.bearer.keyhelp import PKCS8, issued, ours, pem, public_pem, refused
from tests.core.bearer.minting import ALGORITHMS, AUDIENCE, ISSUER, claims, jwk_of


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_spelling_of_a_private_key_signs(clock, tmp_path, name):
    """PEM and JWK, as text, bytes, dict or file: what one signs the others verify."""
    key = ours(name)
    jwk = {**jwk_of(key), "kid": "k"}
    jwk.pop("key_ops", None)
    jwk_file, pem_file = tmp_path / "key.json", tmp_path / "key.pem"
    jwk_file.write_text(json.dumps({"keys": [jwk]}))
    pem_file.write_text("\n" + pem(key))
    sources = [pem(key), pem(key).encode(), pem(key, PrivateFormat.PKCS8).replace("\n", "\r\n")]
    sources += [jwk, {"keys": [jwk]}, json.dumps(jwk), json.dumps({"keys": [jwk]}).encode()]
    sources += [str(jwk_file), jwk_file, str(pem_file), pem_file, [pem(key)]]
    rings = [Keys(source, [name]) for source in sources]

    assert all(keys.can_sign for keys in rings)
    for keys in rings:
        assert issued(keys) == claims()
    for keys in rings:
        kid = next(iter(keys._keys))
        assert keys.find(name, kid).verifies(minting.mint(algorithm=name))


def test_traditional_pem_is_read(clock):
    """What `openssl ecparam -genkey` writes, with the parameters before the key, is read."""
    text = pem(ours(), PrivateFormat.TraditionalOpenSSL)
    parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

    assert issued(Keys(text)) == claims()
    assert issued(Keys(parameters + text)) == claims()


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_public_key_verifies_only(clock, name):
    """The public half verifies what the private one signs, and signs nothing."""
    private = Keys(pem(ours(name)), [name])
    for source in (public_pem(ours(name)), jwk_of(ours(name).public_key())):
        public = Keys(source, [name])

        assert not public.can_sign
        assert Verifier(public, ISSUER, AUDIENCE).verify(private.sign(claims()))
        with pytest.raises(ConfigError, match="no private key"):
            public.sign(claims())


def test_weak_keys_are_refused():
    """RSA below 3072 bits or with a small exponent, and curves below P-256, are refused."""
    for bits in (1024, 2048):
        key = rsa.generate_private_key(65537, bits)
        for source in (pem(key), public_pem(key), jwk_of(key), jwk_of(key.public_key())):
            assert "3072" in refused(source, ["PS256"])
    assert "65537" in refused(pem(rsa.generate_private_key(3, 3072)), ["RS256"])
    for crv in ("P-192", "P-224", "secp256k1", "", None):
        refused({"kty": "EC", "crv": crv, "x": "A" * 32, "y": "A" * 32})


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP224R1()),
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.SECP521R1()),
        ed448.Ed448PrivateKey.generate(),
        x25519.X25519PrivateKey.generate(),
        dsa.generate_private_key(2048),
    ],
    ids=["P-224", "secp256k1", "P-521", "Ed448", "X25519", "DSA"],
)
def test_keys_of_other_kinds_are_refused(key):
    """A key for none of our algorithms is refused, both halves."""
    for source in (pem(key), public_pem(key)):
        refused(source, ALGORITHMS)


@pytest.mark.parametrize(
    "algorithms",
    [
        *("ES256", b"ES256", None, [], (), ["none"], ["ES256", "none"], ["ES512"], ["es256"]),
        *(["HS256", "ES256"], ["RS256", "HS256"], ["HS384"], [None], [["ES256"]], {"ES256": 1}),
    ],
)
def test_families_are_not_mixed(algorithms):
    """A text, unknown names and HS256 beside others are refused (ASVS 9.1.2)."""
    assert "SESSION_JWT_ALGORITHMS" in refused(pem(ours()), algorithms)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_key_is_for_one_algorithm(name):
    """A key is refused where its algorithm is not allowed, and found for that one only."""
    others = [each for each in ALGORITHMS if each != name]
    fitting = [each for each in others if not {each, name} <= {"PS256", "RS256"}]
    keys = Keys(minting.jwks(), ALGORITHMS)

    assert keys.find(name, name.lower()).algorithm == name
    assert [keys.find(each, name.lower()) for each in others] == [None] * 4
    assert name in refused(pem(ours(name)), fitting)
    assert refused(pem(ours(name)), ["HS256"])
    assert refused(jwk_of(ours(name)), ["HS256"])
    for declared in (*fitting, "HS256", "none", "", 5):
        assert refused(jwk_of(ours(name), alg=declared), ALGORITHMS)


def test_an_rsa_key_needs_a_choice():
    """Where PS256 and RS256 are allowed, only a JWK with alg tells what an RSA key is for."""
    assert "PS256 and RS256" in refused(pem(ours("PS256")), ["PS256", "RS256"])
    assert "PS256 or RS256" in refused(pem(ours("PS256")))
    assert Keys(jwk_of(ours("PS256"), alg="RS256", key_ops=["sign"]), ["PS256", "RS256"]).can_sign


@pytest.mark.parametrize(
    ("members", "can_sign"),
    [
        ({}, True),
        ({"use": "sig"}, True),
        ({"key_ops": ["sign", "verify"]}, True),
        ({"key_ops": ["sign"]}, True),
        ({"key_ops": ["verify"]}, False),
        ({"use": "enc"}, None),
        ({"use": None}, None),
        ({"key_ops": []}, None),
        ({"key_ops": ["encrypt"]}, None),
        ({"key_ops": "sign"}, None),
    ],
)
def test_the_use_of_a_key_is_honoured(clock, members, can_sign):
    """`use` and `key_ops` decide whether a JWK signs, verifies or is refused (RFC 7517)."""
    jwk = jwk_of(ours(), **members)
    if can_sign is None:
        assert "use, key_ops" in refused(jwk)
    else:
        assert Keys(jwk).can_sign is can_sign
    public = jwk_of(ours().public_key(), **members)
    if can_sign is None or members.get("key_ops") == ["sign"]:
        assert "use, key_ops" in refused(public)
    else:
        assert not Keys(public).can_sign


def test_names_come_from_the_key():
    """Without a kid the name is the thumbprint: the examples of RFC 7638 and RFC 8037."""
    rfc7638 = {
        "kty": "RSA",
        "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6t"
        "Soc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGj"
        "QR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFT"
        "WhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    }
    rfc8037 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}

    assert thumbprint(rfc7638) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    assert thumbprint(rfc8037) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert list(Keys(rfc8037)._keys) == [thumbprint(rfc8037)]
    assert list(Keys(pem(ours()))._keys) == list(Keys(public_pem(ours()))._keys)


def test_two_keys_of_one_name_are_refused():
    """The same kid twice, or the same key twice, is an error."""
    stranger = minting.stranger_keys()["ES256"]

    refused([jwk_of(ours(), kid="k"), jwk_of(stranger, kid="k")])
    refused({"keys": [jwk_of(ours(), kid="k"), jwk_of(minting.private_keys()["EdDSA"], kid="k")]})
    refused([pem(ours()), public_pem(ours())])
    for kid in ("", "k" * 257, 5, "a\nb"):
        refused(jwk_of(ours(), kid=kid))


def test_keys_are_rotated(clock):
    """The first private key signs, all of them verify, and one that is gone does not."""
    old, new = pem(ours()), pem(minting.stranger_keys()["ES256"])
    before, during, after = Keys(old), Keys([new, public_pem(ours())]), Keys(new)
    first, second = before.sign(claims()), during.sign(claims())

    assert Verifier(during, ISSUER, AUDIENCE).verify(first)
    assert Verifier(during, ISSUER, AUDIENCE).verify(second)
    assert Verifier(after, ISSUER, AUDIENCE).verify(second)
    with pytest.raises(gate.Refused):
        Verifier(after, ISSUER, AUDIENCE).verify(first)


@pytest.mark.parametrize(
    "source",
    [
        *("no such file", "x" * 5000, "a\0b", "\ud800", "/", "/nonexistent/key.pem", "key.pem"),
        *("http://issuer.example/keys", "file:///etc/passwd", "data:application/json,{}"),
        *("ftp://x/y", "HTTP://x/y", " https:/x", "https://", "https://u:p@x/", "https://x/#y"),
        *("https://x y/", "https://x:99999/", "https://\u00e9.example/", "https://x/\n"),
        *(["https://x/keys"], {"keys": []}, {"keys": [5]}, {"keys": {}}, {}, [], (), [[]], 5, None),
        *('{"kty":"EC"}', '{"keys":', "[]", b"\0\1\2", Path("/etc"), Path("/no/such"), True),
        *(
            "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        ),
    ],
)
def test_what_is_no_key_is_refused(source):
    """Anything else is an error that names the setting and does not show what was given."""
    message = refused(source)

    assert message.startswith("SESSION_JWT_KEY")
    if isinstance(source, str) and len(source) > 4:
        assert source not in message


def test_more_that_is_no_key():
    """Encrypted keys, certificates and two keys in one text are refused."""
    locked = ours().private_bytes(Encoding.PEM, PKCS8, BestAvailableEncryption(b"password"))

    for source in (locked, pem(ours()) + pem(ours("EdDSA")), encodings.public_encodings()["der"]):
        refused(source)
    refused(encodings.public_encodings()["pem certificate"])
    damaged = jwk_of(ours())
    for change in ({"d": 5}, {"d": "AAAA"}, {"x": damaged["y"]}, {"x": 5}, {"crv": "P-384"}):
        refused({**damaged, **change})


def test_an_empty_or_enormous_file_is_refused(tmp_path):
    """A file of nothing, or of more than 64 KB, is not read for a key."""
    for content in ("", pem(ours()) + " " * 70_000, "neither"):
        (tmp_path / "key.pem").write_text(content)
        refused(tmp_path / "key.pem")


def test_a_header_is_given_its_type_only(clock):
    """A token is at+jwt or of the type that it is given; alg and kid are the key's."""
    keys = Keys(pem(ours()))
    head, body = gate.parse(keys.sign(claims(), {"typ": "refresh+jwt"}), ["ES256"], ["refresh+jwt"])

    assert head == {"alg": "ES256", "typ": "refresh+jwt", "kid": next(iter(keys._keys))}
    assert body == claims()
    for wrong in ({"alg": "none"}, {"kid": "x"}, {"crit": []}):
        with pytest.raises(ValueError, match="typ"):
            keys.sign(claims(), wrong)


@pytest.mark.parametrize("name", ["ES256", "ES384"])
def test_what_we_sign_has_one_spelling(clock, name):
    """Of fifty tokens all have the lower s, so that the gate lets them through."""
    keys = Keys(pem(ours(name)), [name])

    for number in range(50):
        gate.parse(keys.sign(claims(jti=str(number))), [name], ["at+jwt"])


def test_no_token_is_signed_that_would_be_refused(clock):
    """Too long, too deep, or no JSON: the error comes when signing."""
    deep = []
    for _ in range(20):
        deep = [deep]
    for extra in ("x" * 9000, deep, 1e30, 2**63, float("nan"), "\ud800"):
        with pytest.raises(ValueError, match=r"refused|JSON"):
            Keys(pem(ours())).sign(claims(extra=extra))


def test_keys_are_not_shown_or_copied(clock):
    """Neither `repr` nor copies show or hold a key."""
    keys = Keys("very secret indeed " * 2, ["HS256"])
    inside = [keys._keys, next(iter(keys._keys.values()))._private, keys]

    assert "very secret" not in repr(inside)
    assert repr(keys) == "<Keys for HS256>"
    for copying in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="not copied"):
            copying(next(iter(keys._keys.values())))


@pytest.mark.slow
@pytest.mark.parametrize("package", ["jwt", "cryptography"])
def test_a_missing_package_is_named(package):
    """Without PyJWT or cryptography the package imports, and a key is an error with the remedy."""
    code = f"""
import sys
sys.modules["{package}"] = None
import flask_sessionplus, flask_sessionplus.bearer.verifying, flask_sessionplus.bearer.jwks
try:
    import flask_sessionplus.bearer.keys
except flask_sessionplus.ConfigError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "pip install 'Flask-SessionPlus[jwt]'" in run.stdout
    assert f"({package}" in run.stdout
