"""The gate: one spelling, small, and strict JSON, before any library sees a token."""

from __future__ import annotations

import ast
import json
import time
import tracemalloc

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from flask_sessionplus.bearer import gate
from flask_sessionplus.bearer.gate import Refused, parse, read_object
from flask_sessionplus.errors import InvalidToken
from tests.core.bearer.forging import MEGA, ORDERS, with_numbers
from tests.core.bearer.minting import b64, claims, header, mint, private_keys, signature
from tests.support.source import modules

ALLOWED, TYPES = ("ES256", "ES384", "EdDSA"), ("at+jwt",)


def reason(token, algorithms=ALLOWED, types=TYPES, **options):
    """Return why the gate refuses *token*; None if it does not."""
    try:
        parse(token, algorithms, types, **options)
    except Refused as error:
        return error.reason
    return None


def test_it_returns_header_and_claims():
    """What is spelled rightly comes out as two dicts, though nobody has checked the signature."""
    head, body = header(), claims(roles=["a"], deep={"x": [1, 2.5, None, True, "\u00fc\U0001f600"]})
    forged = f"{b64(head)}.{b64(body)}.{b64(signature('something else'))}"

    assert parse(forged, ALLOWED, TYPES) == (head, body)


def test_only_what_is_allowed_passes():
    """An algorithm that the app does not allow, and letters that are not ASCII, are refused."""
    assert reason(mint(algorithm="ES384"), ["ES256"]) == "alg"
    assert reason(mint(algorithm="ES384"), []) == "alg"
    assert reason("\u00e9.a.a") == reason("a.\u0661.a") == "segments"


@pytest.mark.parametrize("size", [8191, 8192])
def test_the_longest_token_passes(size):
    """8,192 characters pass, one more does not."""
    short = mint(body=claims(pad=""))
    for pad in range(6000):
        token = mint(body=claims(pad="x" * ((size - len(short)) * 3 // 4 - 4 + pad)))
        if len(token) >= size:
            break

    assert (len(token) <= 8192) is (reason(token) is None)
    assert reason("A" * 8193) == "length"


@pytest.mark.parametrize("token", [None, b"a.b.c", 1, ["a", "b", "c"], "", "a", "a.b", "a.b.c.d"])
def test_it_takes_texts_of_three_segments_only(token):
    """Anything else is refused, and is no TypeError either."""
    assert reason(token) in {"length", "segments"}


@pytest.mark.parametrize("shape", ["{0}.a.a", "a.{0}.a", "a.a.{0}", "{0}", "{0}.{0}.{0}"])
def test_ten_megabytes_are_not_copied(shape):
    """The length is looked at first: refusing 10 MB takes no memory."""
    token = shape.format("A" * (10 * MEGA))
    tracemalloc.start()
    refused = reason(token)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert refused == "length"
    assert peak < MEGA


@pytest.mark.timed
@pytest.mark.parametrize("piece", ["A", ".", "\0", "\u00e9", "\U0001f600"])
def test_ten_megabytes_take_no_time(piece):
    """Refusing 10 MB takes less than a millisecond."""
    token = piece * (10 * MEGA)
    took = []
    for _ in range(5):
        begun = time.perf_counter()
        reason(token)
        took.append(time.perf_counter() - begun)

    assert sorted(took)[2] < 0.001


@pytest.mark.parametrize(
    ("segment", "data"),
    [("AA", b"\0"), ("AAA", b"\0\0"), ("-_-_", b"\xfb\xff\xbf"), ("TQ", b"M")],
)
def test_base64url_is_decoded(segment, data):
    """What is in its one spelling is decoded (RFC 4648 section 5)."""
    assert gate.decode(segment) == data


@pytest.mark.parametrize(
    "segment",
    [
        *("", "A", "AAAAA", "AA==", "AAA=", "TR", "AAB", "+/+/", "AA\n", " AA", "A A", "AA\0"),
        *("\u0661\u0661", "AA.", "AA%3D", "\uff21\uff21"),
    ],
)
def test_no_second_spelling_is_decoded(segment):
    """Padding, other alphabets, bits that decoding throws away and white space are refused."""
    with pytest.raises(Refused):
        gate.decode(segment)


@given(st.binary(min_size=1, max_size=200))
def test_every_spelling_is_the_only_one(data):
    """Any bytes come back from their spelling, and changing its last character is noticed."""
    segment = gate.encode(data)

    assert gate.decode(segment) == data
    for last in "AQgwZ_":
        other = segment[:-1] + last
        if other != segment and len(data) % 3:
            try:
                assert gate.decode(other) != data
            except Refused:
                continue


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"a":1,"a":1}', "duplicate"),
        ('{"a":{"b":1,"b":2}}', "duplicate"),
        ('{"a":[{"\\u0062":1,"b":2}]}', "duplicate"),
        ('{"a":NaN}', "number"),
        ('{"a":-Infinity}', "number"),
        ('{"a":1e30}', "number"),
        ('{"a":1e999}', "number"),
        ('{"a":9223372036854775808}', "number"),
        ('{"a":-9223372036854775808}', "number"),
        ('{"a":1' + "0" * 40 + "}", "number"),
        ('{"a":0.' + "0" * 40 + "}", "number"),
        ('{"a":' + "[" * 16 + "]" * 16 + "}", "depth"),
        ("[" * 5000, "depth"),
        ('{"a":' * 5000, "depth"),
        ('"' + '\\"' * 5000, "json"),
        ('{"a":"\\ud800"}', "json"),
        ('{"\\udfff":1}', "json"),
        ('\ufeff{"a":1}', "json"),
        ('{"a":"\n"}', "json"),
        ("[]", "json"),
        ("null", "json"),
        ("", "json"),
        ("{", "json"),
    ],
)
def test_json_is_strict(text, why):
    """Names twice, depth, numbers without bounds, BOM and half characters are refused."""
    with pytest.raises(Refused) as info:
        read_object(text.encode("utf-8", "surrogatepass"))

    assert info.value.reason == why


@pytest.mark.parametrize(
    "text",
    [
        '{"a":9223372036854775807,"b":-9223372036854775807,"c":1e18,"d":1.5,"e":-0}',
        '{"a":' + "[" * 15 + "]" * 15 + "}",
        '{"a":"' + "[{" * 500 + '","b":"\\"[[[[[[[[[[[[[[[[[[[["}',
        '{"a":"\\ud83d\\ude00","b":"\\u0061"}',
        ' { "a" : [ ] } ',
    ],
)
def test_json_within_the_bounds_is_read(text):
    """The largest number, 16 levels, and brackets inside of texts are all right."""
    assert read_object(text.encode()) == json.loads(text)


@given(st.binary(max_size=300) | st.text(alphabet='{}[]",:\\ua0d8e1-+.NI', max_size=300))
def test_no_bytes_make_it_fail(data):
    """Whatever it is given, it returns a dict or refuses."""
    reasons = {"json", "depth", "duplicate", "number"}
    try:
        found = read_object(data.encode() if isinstance(data, str) else data)
    except Refused as error:
        found = error.reason

    assert isinstance(found, dict) or found in reasons


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+JWT"])
def test_a_type_is_compared_as_media_types_are(typ):
    """Case and the prefix do not matter (RFC 7515 section 4.1.9, RFC 9068 section 4)."""
    assert reason(mint(header(typ=typ))) is None
    assert reason(mint(), types=[typ]) is None


def test_other_types_are_an_option():
    """Another type, or none at all, passes if the app says so, and only that one."""
    assert reason(mint(header(typ="JWT")), types=["JWT", "at+jwt"]) is None
    assert reason(mint(header(typ=...)), types=["at+jwt", ""]) is None
    assert reason(mint(header(typ="")), types=["at+jwt", ""]) == "typ"
    assert reason(mint(header(typ="x+jwt")), types=["JWT", ""]) == "typ"


def test_a_kid_has_256_characters_at_most():
    """A kid of 256 printable characters passes, a longer one or none of text does not."""
    assert reason(mint(header(kid="k" * 256))) is None
    assert reason(mint(header(kid=...))) is None
    assert reason(mint(header(kid="k" * 257))) == "kid"
    assert reason(mint(header(kid=7))) == "kid"


@pytest.mark.parametrize(("name", "curve"), [("ES256", ec.SECP256R1()), ("ES384", ec.SECP384R1())])
def test_the_orders_are_those_of_the_curves(name, curve):
    """There is a private key for order - 1, and none for the order."""
    assert gate._ORDERS[name] == ORDERS[name]
    ec.derive_private_key(ORDERS[name] - 1, curve)
    with pytest.raises(ValueError, match="out of range"):
        ec.derive_private_key(ORDERS[name], curve)


@pytest.mark.parametrize("name", ["ES256", "ES384"])
def test_a_signature_has_one_spelling(name):
    """Of s and n - s one passes, whichever was signed, and both if that is asked for."""
    token = mint(algorithm=name)
    text, _, made = token.rpartition(".")
    raw = gate.decode(made)
    half = len(raw) // 2
    s = int.from_bytes(raw[half:], "big")
    other = raw[:half] + (ORDERS[name] - s).to_bytes(half, "big")
    twin = f"{text}.{b64(other)}"

    assert (reason(token), reason(twin)) == (None, "signature")
    assert reason(twin, low_s=False) is None
    assert gate.to_low_s(name, other) == gate.to_low_s(name, raw) == raw


@pytest.mark.parametrize("name", ["ES256", "ES384"])
def test_numbers_out_of_range_are_refused(name):
    """Neither r nor s is zero, or as large as the order (CVE-2022-21449)."""
    for change in (
        lambda r, s, n: (0, s),
        lambda r, s, n: (r, 0),
        lambda r, s, n: (0, 0),
        lambda r, s, n: (n, s),
        lambda r, s, n: (r, n),
        lambda r, s, n: (n + 1, s),
    ):
        assert reason(with_numbers(name, change), low_s=False) == "signature"


@pytest.mark.parametrize("name", ["ES256", "ES384", "EdDSA"])
def test_signatures_have_their_length(name):
    """A byte more or less is refused before anybody calculates with it."""
    text = mint(algorithm=name).rpartition(".")[0]
    made = signature(text, name, private_keys()[name])

    for spoiled in (made[:-1], made + b"\0", b"\0" + made, made[1:], made * 2):
        assert reason(f"{text}.{b64(spoiled)}") == "signature"


def test_a_refusal_says_the_same_always():
    """The text does not tell the reason; the error is the `InvalidToken` that apps know."""
    one, other = Refused("exp"), Refused("signature")

    assert str(one) == str(other)
    assert repr(one) == repr(other)
    assert one.get_description() == other.get_description()
    assert isinstance(one, InvalidToken)
    assert one.code == 401


def test_a_refusal_has_no_content():
    """What json raises, which holds the document, is not the context of a refusal."""
    with pytest.raises(Refused) as info:
        read_object(b'{"password": "tr0ub4dor"')

    assert info.value.__context__ is None
    assert info.value.__cause__ is None


def test_the_gate_needs_no_driver():
    """Gate, fetching and verifying import neither PyJWT nor cryptography, nor a request."""
    found = {
        name: {
            node.module or "" if isinstance(node, ast.ImportFrom) else node.names[0].name
            for node in ast.walk(module.tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))
        }
        for module in modules()
        if (name := module.name).startswith("bearer.")
    }

    for name in ("bearer.gate", "bearer.jwks", "bearer.verifying"):
        packages = {each.partition(".")[0] for each in found[name]}
        assert packages.isdisjoint({"jwt", "cryptography", "flask", "werkzeug"})
