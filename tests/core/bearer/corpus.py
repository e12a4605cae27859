"""List L3 of the security plan: tokens that must not pass, and a few that must.

`tokens()` is for the keys `minting.jwks()`, `minting.ALGORITHMS`, `ISSUER` and `AUDIENCE`;
`hmac_tokens()` for `minting.SECRET` and HS256. They are made for the time of `clock`, and stay
what they are for a minute after. Some are longer than a server takes, or not of the characters
that a header may have.
"""

from __future__ import annotations

import json

from tests.core.bearer import encodings, minting, shapes
from tests.core.bearer.forging import MEGA, crossed, raw_claims, signed
from tests.core.bearer.minting import ALGORITHMS, ISSUER, b64, claims, header, mint

# More than the leeway, so that no slow test makes it pass.
LATER, AGO = 90, 11


def tokens(listener="http://127.0.0.1:9/keys"):
    """Return every token as (name, token, whether it is valid).

    :param listener: a URL that some of them ask the verifier to fetch.
    """
    bad = {
        **{f"alg {name}": token for name, token in _algorithms().items()},
        **{f"hs256 with {name}": token for name, token in _confused().items()},
        **{f"header {name}": token for name, token in _headers(listener).items()},
        **{f"kid {name}": token for name, token in _kids().items()},
        **{f"typ {name}": token for name, token in _types().items()},
        **{f"time {name}": token for name, token in _times().items()},
        **{f"claim {name}": token for name, token in _names().items()},
        **{f"json {name}": token for name, token in _json().items()},
        **{f"segments {name}": token for name, token in shapes.segments().items()},
        **{f"spelling {name}": token for name, token in shapes.spellings().items()},
        **{f"signature {name}": token for name, token in shapes.signatures().items()},
        **{f"size {name}": token for name, token in shapes.sizes().items()},
        **{f"form {name}": token for name, token in shapes.forms().items()},
    }
    good = [(f"valid {name}", mint(algorithm=name), True) for name in ALGORITHMS]
    return good + [(name, token, False) for name, token in bad.items()]


def hmac_tokens():
    """Return the tokens for an app that signs with a secret, as `tokens` does."""
    head = header("HS256", kid=...)
    bad = {
        "empty secret": mint(head, algorithm="HS256", key=b"\0"),
        "another secret": mint(head, algorithm="HS256", key=minting.SECRET[::-1]),
        "prefix of the secret": mint(head, algorithm="HS256", key=minting.SECRET[:32]),
        "asymmetric": mint(header("ES256", kid=...)),
        "none": f"{b64(header('none', kid=...))}.{b64(claims())}.",
        "HS384": mint(header("HS384", kid=...), algorithm="HS256"),
        "cut MAC": mint(head, algorithm="HS256")[:-2],
        "no MAC": mint(head, algorithm="HS256").rpartition(".")[0] + ".",
    }
    good = [("valid HS256", mint(head, algorithm="HS256"), True)]
    return good + [(f"hmac {name}", token, False) for name, token in bad.items()]


def _algorithms():
    made = {}
    for none in ("none", "None", "NONE", "nOnE", "none "):
        text = f"{b64(header(none, kid=...))}.{b64(claims())}"
        made[f"{none!r} unsigned"] = f"{text}."
        made[f"{none!r} signed"] = signed(text)
    for given in (["ES256"], None, 256, {}, "", "es256", "ES256 ", "ES256K", "ES512", "HS384"):
        made[f"is {given!r}"] = mint(header(alg=given))
    made["absent"] = mint(header(alg=...))
    pairs = [("ES256", "ES384"), ("ES384", "ES256"), ("ES256", "EdDSA"), ("EdDSA", "ES256")]
    pairs += [("PS256", "RS256"), ("RS256", "PS256"), ("ES256", "RS256"), ("RS256", "HS256")]
    for named, real in pairs:
        made[f"{named}, signed by {real}"] = crossed(named, real)
    for named, real in pairs[:-1]:
        # The key that is named is the one that signs, but the algorithm is not its own.
        head = header(named, kid=real.lower())
        made[f"{named} with the key for {real}"] = mint(head, algorithm=real)
    return made


def _confused():
    head = header("HS256", kid="es256")
    text = f"{b64(head)}.{b64(claims())}"
    made = {}
    for name, key in encodings.spellings().items():
        # PyJWT would not sign with these, so we do.
        made[name] = f"{text}.{b64(minting.mac(text, key))}"
    return made


def _headers(listener):
    stranger = minting.stranger_keys()["ES256"]
    embedded = minting.jwk_of(stranger.public_key())
    extras = {
        "crit unknown": {"crit": ["exp"]},
        "crit empty": {"crit": []},
        "crit b64": {"crit": ["b64"]},
        "b64 false": {"b64": False},
        "b64 false, crit": {"b64": False, "crit": ["b64"]},
        "b64 true": {"b64": True, "crit": ["b64"]},
        "jku": {"jku": listener},
        "x5u": {"x5u": listener},
        "x5t": {"x5t": "AAAA"},
        "url": {"url": listener},
        "zip": {"zip": "DEF"},
        "enc": {"enc": "A256GCM"},
        "cty": {"cty": "JWT"},
        "nonce": {"nonce": "1"},
        "iss": {"iss": ISSUER},
    }
    made = {name: mint(header(**extra)) for name, extra in extras.items()}
    made["jwk, ours"] = mint(header(jwk=embedded))
    made["jwk, the stranger's"] = mint(header(jwk=embedded), key=stranger)
    made["jwk without kid"] = mint(header(jwk=embedded, kid=...), key=stranger)
    chain = [b64(minting.b64(b"certificate").encode())]
    made["x5c"] = mint(header(x5c=chain), key=stranger)
    for name in ("jku", "x5u"):
        made[f"{name}, the stranger's"] = mint(header(**{name: listener}), key=stranger)
    detached = mint(header(b64=False, crit=["b64"])).split(".")
    made["b64 false, detached"] = f"{detached[0]}..{detached[2]}"
    return made


def _kids():
    given = {
        "path": "../../../../dev/null",
        "sql": "x' UNION SELECT 'secret' --",
        "command": "es256; id",
        "nul": "es256\0",
        "newline": "es256\n",
        "space": "es256 ",
        "case": "ES256",
        "unknown": "unknown",
        "of another key": "es384",
        "empty": "",
        "long": "k" * 257,
        "1 MB": "k" * MEGA,
        "int": 1,
        "true": True,
        "null": None,
        "list": ["es256"],
        "object": {"es256": 1},
        "half a pair": "\ud800",
    }
    return {name: mint(header(kid=kid)) for name, kid in given.items()}


def _types():
    given = ["JWT", "id+jwt", "logout+jwt", "", None, 1, ["at+jwt"], "at+jwt ", " at+jwt"]
    given += ["xat+jwt", "at+jwt;v=1", "text/at+jwt", "application/application/at+jwt", "at jwt"]
    given += ["at+jwt\0", "\uff41t+jwt", "dpop+jwt", "application/jwt"]
    made = {f"is {typ!r}": mint(header(typ=typ)) for typ in given}
    made["absent"] = mint(header(typ=...))
    return made


def _times():
    now = claims()["iat"]
    made = {
        "expired": mint(body=claims(exp=now - AGO)),
        "expired, float": mint(body=claims(exp=now - AGO + 0.5)),
        "issued later": mint(body=claims(iat=now + LATER, exp=now + 2 * LATER)),
        "not yet": mint(body=claims(nbf=now + LATER)),
        "too old": mint(body=claims(iat=now - 3600 - AGO)),
    }
    wrong = ['"9999999999"', f'"{now}"', "true", "1e30", "1" + "0" * 40, "NaN", "Infinity"]
    wrong += ["-Infinity", "null", f"[{now}]", "{}", "-1", "253402300800", "9" * 5000, "1e999"]
    wrong += ["0x7fffffff", f"+{now}", f"0{now}", "false", '"2099-01-01T00:00:00Z"']
    for name in ("exp", "iat", "nbf"):
        for text in wrong:
            made[f"{name} {text[:24]}"] = mint(body=raw_claims(**{name: text}))
    for name in ("exp", "iat"):
        made[f"{name} absent"] = mint(body=claims(**{name: ...}))
    return made


def _names():
    made = {f"{name} absent": mint(body=claims(**{name: ...})) for name in _NAMES}
    for name in _NAMES:
        value = claims()[name]
        for given in (1, True, None, [value], {}, "", "\0", f"{value}\0", "x" * MEGA, "\ud800"):
            made[f"{name} {str(given)[:12]!r}"] = mint(body=claims(**{name: given}))
    for name in ("iss", "aud"):
        value = claims()[name]
        changed = [value[:-1], f"{value}/", value.upper(), f" {value}", f"{value} ", f"{value}.x"]
        for given in [*changed, [value, "other"], [], f"{value}\n"]:
            made[f"{name} {given!r}"] = mint(body=claims(**{name: given}))
    for name in ("sub", "jti"):
        for given in ("x" * 257, "a\nb", "a\u202eb", "a\x7f", "a\u2028b", 1.5, False):
            made[f"{name} {str(given)[:12]!r}"] = mint(body=claims(**{name: given}))
    return made


_NAMES = ("iss", "aud", "sub", "jti")


def _json():
    head, body = json.dumps(header()), json.dumps(claims())
    made = {
        "alg twice": mint(b'{"alg":"none",' + head[1:].encode()),
        "alg twice, escaped": mint(head[:-1].encode() + b',"\\u0061lg":"none"}'),
        "typ twice": mint(head[:-1].encode() + b',"typ":"at+jwt"}'),
        "kid twice": mint(head[:-1].encode() + b',"kid":"es256"}'),
        "exp twice": mint(body=body[:-1].encode() + b',"exp":9999999999}'),
        "sub twice": mint(body=body[:-1].encode() + b',"sub":"admin"}'),
        "iss twice, the same": mint(body=body[:-1].encode() + f',"iss":"{ISSUER}"}}'.encode()),
        "twice inside": mint(body=raw_claims(act='{"a":1,"a":2}')),
        "twice inside a list": mint(body=raw_claims(act='[{"b":{"a":1,"a":1}}]')),
        "half a pair inside": mint(body=raw_claims(act='["\\ud800"]')),
        "NaN inside": mint(body=raw_claims(act='{"a":[NaN]}')),
        "huge number inside": mint(body=raw_claims(act="1" + "0" * 40)),
        "depth 17": mint(body=raw_claims(act="[" * 17 + "]" * 17)),
        "depth 2500": mint(body=raw_claims(act="[" * 2500 + "]" * 2500)),
        "depth 900, objects": mint(body=raw_claims(act='{"":' * 900 + "1" + "}" * 900)),
        "depth 1000, header": mint(b"[" * 1000 + b"]" * 1000),
    }
    for name, spoil in _SPOILS.items():
        made[f"header {name}"] = mint(spoil(head))
        made[f"claims {name}"] = mint(body=spoil(body))
    return made


_SPOILS = {
    "with BOM": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "in UTF-16": lambda text: text.encode("utf-16"),
    "in UTF-16 without BOM": lambda text: text.encode("utf-16-le"),
    "in UTF-32": lambda text: text.encode("utf-32"),
    "with latin-1": lambda text: text[:-1].encode() + b',"x":"\xe9"}',
    "with a half pair in UTF-8": lambda text: text[:-1].encode() + b',"x":"\xed\xa0\x80"}',
    "in a list": lambda text: f"[{text}]".encode(),
    "in a text": lambda text: json.dumps(text).encode(),
    "null": lambda text: b"null",
    "a number": lambda text: b"1",
    "true": lambda text: b"true",
    "an empty list": lambda text: b"[]",
    "an empty object": lambda text: b"{}",
    "blank": lambda text: b" ",
    "two objects": lambda text: (text + text).encode(),
    "and more": lambda text: text.encode() + b"x",
    "and a NUL": lambda text: text.encode() + b"\0",
    "broken off": lambda text: text[:-1].encode(),
    "with a comment": lambda text: text.encode() + b"/**/",
    "with single quotes": lambda text: text.replace('"', "'").encode(),
    "with a trailing comma": lambda text: text[:-1].encode() + b",}",
    "not JSON": lambda text: b"\x80\x04\x95",
}
