"""List L3 of the security plan, through an app: what is valid passes, all else is one 401."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import pytest

from flask_sessionplus.proxies import global_session, session_claims
from tests.core.bearer import minting
from tests.core.bearer.corpus import hmac_tokens, tokens
from tests.support.gunicorn import gunicorn
from tests.web.bearer.serving import VARIABLE

ASYMMETRIC = {
    "SESSION_JWT_KEY": minting.jwks(),
    "SESSION_JWT_ALGORITHMS": list(minting.ALGORITHMS),
}
FAMILIES = {"asymmetric": (ASYMMETRIC, tokens), "hmac": ({}, hmac_tokens)}

# What all refused ones have in common.
BODY = (
    b'{"type": "about:blank", "title": "Unauthorized", "status": 401,'
    b' "detail": "A valid bearer token is needed."}\n'
)
CHALLENGE = 'Bearer error="invalid_token"'


def use():
    """Use both."""
    return session_claims["sub"], dict(global_session)


def as_header(token):
    """Return the header as a server hands it to the app."""
    return f"Bearer {token}".encode("utf-8", "surrogatepass").decode("latin-1")


@pytest.mark.parametrize("family", FAMILIES)
def test_through_an_app(make_api, family):
    """Exactly the valid controls pass; no other gets another answer than all others."""
    config, make = FAMILIES[family]
    api = make_api(**config)
    api.site.app.testing = False
    visitor = api.site.visitor()
    passed, valid, answers = [], [], set()
    for name, token, is_valid in make():
        if is_valid:
            valid.append(name)
        environ = {"HTTP_AUTHORIZATION": as_header(token)}
        answer = visitor(use, environ_overrides=environ)
        if answer.status == 200:
            passed.append(name)
            continue
        headers = tuple(sorted(answer.headers.items()))
        answers.add((answer.status, answer.response.get_data(), headers))

    assert passed == valid
    [(status, body, headers)] = answers
    assert (status, body) == (401, BODY)
    assert dict(headers)["WWW-Authenticate"] == CHALLENGE


def test_a_right_one_with_the_wrong_key(make_api):
    """What is right for one app is one of the refused ones for another."""
    api = make_api(SESSION_JWT_AUDIENCE="https://other.example")

    for _, token, _ in hmac_tokens():
        assert api.client(token)(use).status == 401


@pytest.mark.slow
@pytest.mark.e2e
def test_through_gunicorn(tmp_path):
    """The same through a real server: none passes that should not, and none is a 500."""
    config = {
        "SESSION_STORE": f"sqlite:///{tmp_path / 's.sqlite'}",
        "SESSION_JWT_KEY": minting.jwks(),
        "SESSION_JWT_ALGORITHMS": list(minting.ALGORITHMS),
        "SESSION_JWT_ISSUER": minting.ISSUER,
        "SESSION_JWT_AUDIENCE": minting.AUDIENCE,
    }
    passed, valid, bodies, sent = [], [], set(), tokens()
    with gunicorn(
        "tests.web.bearer.serving:create_app()", env={VARIABLE: json.dumps(config)}
    ) as server:
        for name, token, is_valid in sent:
            if is_valid:
                valid.append(name)
            if token != token.rstrip(" \t"):
                # The server takes it off: it is not a part of the value (RFC 9110 section 5.5).
                continue
            try:
                status, body = ask(server.url, as_header(token))
            except (ValueError, OSError):
                # Python does not send what holds the end of a line, and the server hangs up
                # on what is too long.
                assert "\n" in token or len(token) > 8_000, name
                continue
            if status == 200:
                passed.append(name)
            elif status not in (400, 431):
                # Those the server itself refuses, for what a header may not hold.
                bodies.add((status, body))
        log = server.output()

    assert passed == valid
    assert bodies == {(401, BODY)}
    assert "Traceback" not in log
    assert not any(token.rpartition(".")[2] in log for _, token, is_valid in sent if is_valid)


def ask(url, *values):
    """Return status and body of a request with these Authorization headers."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.putrequest("GET", "/use")
        for value in values:
            connection.putheader("Authorization", value.encode("latin-1"))
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.slow
@pytest.mark.e2e
def test_headers_through_gunicorn(tmp_path):
    """A real server's spelling of headers: one is taken, two are not, spaces are not."""
    config = {
        "SESSION_STORE": f"sqlite:///{tmp_path / 's.sqlite'}",
        "SESSION_JWT_KEY": {"kty": "oct", "k": minting.b64(minting.SECRET)},
        "SESSION_JWT_ALGORITHMS": ["HS256"],
        "SESSION_JWT_ISSUER": minting.ISSUER,
        "SESSION_JWT_AUDIENCE": minting.AUDIENCE,
    }
    [token] = [token for _, token, is_valid in hmac_tokens() if is_valid]
    with gunicorn(
        "tests.web.bearer.serving:create_app()", env={VARIABLE: json.dumps(config)}
    ) as server:
        good = f"Bearer {token}"
        found = {
            "one": ask(server.url, good)[0],
            "small letters": ask(server.url, f"bearer {token}")[0],
            "two": ask(server.url, good, good)[0],
            "Basic first": ask(server.url, "Basic YTpi", good)[0],
            "Basic last": ask(server.url, good, "Basic YTpi")[0],
            "two spaces": ask(server.url, f"Bearer  {token}")[0],
            "a tab": ask(server.url, f"Bearer\t{token}")[0],
            "a list": ask(server.url, f"{good}, {good}")[0],
            "none": ask(server.url)[0],
        }

    assert found == {name: 200 if name in ("one", "small letters") else 401 for name in found}
