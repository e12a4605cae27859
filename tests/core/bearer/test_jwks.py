"""Keys from a pinned https address, whatever happens to it.

The server is a real one, with TLS and an authority of its own: there is no switch that allows
plain http, so that nobody can forget it.
"""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from flask_sessionplus.bearer import jwks
from flask_sessionplus.bearer.gate import Refused
from flask_sessionplus.bearer.keys import Keys
from flask_sessionplus.bearer.verifying import Verifier
from tests.core.bearer import minting
from tests.core.bearer.minting import ALGORITHMS, AUDIENCE, ISSUER, header, jwk_of, mint
from tests.core.bearer.tlsserver import contexts, issuer, response

MINUTE = 60


def public(*names):
    """Return the response with the public keys of these algorithms."""
    keys = [jwk for jwk in minting.public_jwks()["keys"] if jwk["alg"] in names]
    return response(json.dumps({"keys": keys}).encode())


@pytest.fixture
def server(clock):
    """Return an issuer that answers with the keys for ES256 and EdDSA."""
    with issuer(public("ES256", "EdDSA")) as server:
        yield server


@pytest.fixture
def keys(server):
    """Return the keys that are fetched from there."""
    return Keys(server.url, ALGORITHMS, context=contexts()[1])


def passes(keys, algorithm="ES256", **changes):
    """Tell whether a token of *algorithm* passes."""
    token = mint(header(algorithm, **changes), algorithm=algorithm)
    try:
        Verifier(keys, ISSUER, AUDIENCE).verify(token)
    except Refused as error:
        reason = error.reason
    else:
        return True
    assert reason == "key"
    return False


def test_keys_are_fetched_when_they_are_needed(server, keys, clock):
    """Making the keys asks nobody; the first token does, once, and no other for 5 minutes."""
    assert server.asked == []
    assert passes(keys)
    assert passes(keys, "EdDSA")
    clock.advance(5 * MINUTE - 1)
    assert passes(keys)
    assert len(server.asked) == 1
    clock.advance(1)
    assert passes(keys)
    assert len(server.asked) == 2
    assert server.asked[0].startswith(b"GET /keys HTTP/1.1\r\nHost: 127.0.0.1:")
    assert not keys.can_sign


def test_a_key_that_was_taken_back_is_gone(server, keys, clock):
    """When the issuer answers, what it says counts: after 5 minutes a key is used no more."""
    assert passes(keys)
    server.answer = public("EdDSA")
    clock.advance(5 * MINUTE)

    assert not passes(keys)
    assert passes(keys, "EdDSA")


def test_a_new_key_is_fetched_at_once(server, keys, clock):
    """A kid that is unknown makes us ask, if the last time was 30 seconds ago."""
    assert not passes(keys, "PS256")
    server.answer = public("ES256", "PS256")
    clock.advance(29.9)
    assert not passes(keys, "PS256")
    assert len(server.asked) == 1
    clock.advance(0.1)
    assert passes(keys, "PS256")
    assert len(server.asked) == 2


def test_ten_thousand_unknown_kids_are_one_fetch(server, keys, clock):
    """Tokens with made-up kids do not make us ask again and again."""
    assert passes(keys)
    clock.advance(31)
    for number in range(10_000):
        assert keys.find("ES256", f"unknown {number}") is None

    assert len(server.asked) == 2
    assert passes(keys)


def test_many_threads_are_one_fetch(server, keys):
    """Requests that come at the same time wait for one answer, and all get it."""
    waiting = threading.Event()
    answer = server.answer

    def late(line):
        waiting.wait(1)
        line.sendall(answer)

    server.answer = late
    token = mint()
    with ThreadPoolExecutor(20) as pool:
        found = [pool.submit(Verifier(keys, ISSUER, AUDIENCE).verify, token) for _ in range(20)]
        waiting.set()
        assert [each.result().subject for each in found] == ["ada"] * 20

    assert len(server.asked) == 1


def test_known_keys_serve_for_an_hour(server, keys, clock):
    """While the issuer does not answer its keys are good for an hour, and not for longer."""
    assert passes(keys)
    server.answer = response(b"", "500 Internal Server Error")
    for _ in range(11):
        clock.advance(5 * MINUTE)
        assert passes(keys)
    clock.advance(5 * MINUTE - 1)
    assert passes(keys)
    clock.advance(1)
    assert not passes(keys)
    server.answer = public("ES256")
    clock.advance(30)
    assert passes(keys)


def test_an_issuer_without_keys_is_in_trouble(server, keys, clock):
    """An answer without a single key that we can use is as good as none: known keys serve."""
    assert passes(keys)
    server.answer = response(b'{"keys":[]}')
    clock.advance(5 * MINUTE)

    assert passes(keys)
    assert len(server.asked) == 2


def test_nobody_there_is_asked_twice_a_minute(server, keys, clock, caplog):
    """Without a server tokens are refused at once; each 30 s it is tried, and logged."""
    server.close()
    for _ in range(60):
        assert not passes(keys)
        clock.advance(1)

    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert "127.0.0.1 (ConnectionRefusedError)" in caplog.text
    assert "see that the address answers" in caplog.text


BODY = json.dumps(minting.public_jwks()).encode()


@pytest.mark.parametrize(
    "answer",
    [
        response(BODY, "302 Found", more="Location: http://169.254.169.254/\r\n"),
        response(BODY, "301 Moved", more="Location: /keys\r\n"),
        response(BODY, "404 Not Found"),
        response(BODY, "500 Internal Server Error"),
        response(BODY, "206 Partial Content"),
        response(BODY, kind="text/html"),
        response(BODY, kind="text/plain"),
        response(BODY, more="Content-Encoding: gzip\r\n"),
        response(BODY[:-1] + b" " * (1 << 16) + b"}"),
        response(b" " * (10 << 20)),
        response(BODY[:-1] + b',"keys":[]}'),
        response(BODY)[:-10],
        response(b"[]"),
        response(b"null"),
        response(b"{}"),
        response(b'{"keys":[]}'),
        response(b'{"keys":{}}'),
        response(b'{"keys":[null,1,"a",[]]}'),
        response(b"\xef\xbb\xbf" + BODY),
        response(BODY.decode().encode("utf-16")),
        response(b"[" * 60_000),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"",
    ],
    ids=range(26),
)
def test_other_answers_give_no_keys(server, keys, answer):
    """Redirects, errors, other types, too much and nonsense: no keys, and no exception."""
    server.answer = answer

    assert not passes(keys)
    assert len(server.asked) == 1


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/jwk-set+json"])
def test_both_types_of_a_set_are_taken(server, keys, kind):
    """The type of JSON and that of JWK Sets (RFC 7517 section 8.5.2) are right."""
    server.answer = response(BODY, kind=kind)

    assert passes(keys)


def test_a_bad_key_does_not_spoil_the_others(server, keys):
    """Of many keys those are taken that are right, and not one that is not."""
    own, stranger = minting.private_keys(), minting.stranger_keys()
    good = minting.public_jwks()["keys"]
    bad = [
        {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA", "kid": "damaged"},
        {"kty": "oct", "k": "A" * 43, "alg": "HS256", "kid": "secret"},
        {"kty": "oct", "k": "A" * 43, "kid": "es256"},
        jwk_of(rsa.generate_private_key(65537, 2048).public_key(), alg="PS256", kid="weak"),
        jwk_of(stranger["ES256"], kid="private"),
        jwk_of(stranger["ES256"].public_key(), kid="enc", use="enc"),
        jwk_of(stranger["ES256"].public_key(), kid=5),
        jwk_of(stranger["ES256"].public_key(), kid="other", alg="ES384"),
        jwk_of(stranger["PS256"].public_key(), kid="either"),
        jwk_of(own["ES256"].public_key(), kid="twice"),
        jwk_of(stranger["EdDSA"].public_key(), kid="twice"),
        *("es256", None, [], {}, {"kty": "LMS"}),
    ]
    server.answer = response(json.dumps({"keys": bad[:6] + good + bad[6:]}).encode())

    assert all(passes(keys, name) for name in ALGORITHMS)
    assert set(keys._remote.keys(None)) == {name.lower() for name in ALGORITHMS}


@pytest.mark.parametrize("wrong", ["no authority", "another name", "no TLS"])
def test_the_certificate_is_checked(server, wrong):
    """A server whose certificate is not trusted, or is for another name, gives no keys."""
    url, context = server.url, contexts()[1]
    if wrong == "no authority":
        context = None
    elif wrong == "another name":
        url = url.replace("127.0.0.1", "localhost")
    else:
        server.before_tls = lambda line: line.sendall(server.answer)

    assert not passes(Keys(url, ALGORITHMS, context=context))
    assert server.asked in ([None], [])


def drip(line, text):
    """Send *text* a byte at a time, each well within any timeout."""
    for byte in text:
        line.sendall(bytes([byte]))
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.timed
@pytest.mark.parametrize("where", ["handshake", "headers", "body", "silence"])
def test_no_request_waits_for_longer_than_two_seconds(server, keys, where):
    """However slowly the server talks, a request goes on after 2 s, and the next ones at once."""
    answers = {
        "headers": lambda line: drip(line, server.response),
        "body": lambda line: (line.sendall(server.response[:200]), drip(line, b" " * 999)),
        "silence": lambda line: server.over.wait(20),
    }
    server.response = server.answer
    server.answer = answers.get(where)
    if where == "handshake":
        server.before_tls = lambda line: drip(line, b"\x16\x03\x03\x3f\xff" + b"\0" * 999)
    took = []
    for _ in range(3):
        begun = time.monotonic()
        assert not passes(keys)
        took.append(time.monotonic() - begun)

    assert 1.9 < took[0] < 2.5
    assert max(took[1:]) < 0.1
    assert len(server.asked) == 1


@pytest.mark.slow
@pytest.mark.timed
def test_a_stuck_name_server_holds_nobody_up(server, keys, monkeypatch, clock):
    """While a name is being looked up for ever, requests wait 2 s once, and no thread is added."""
    over = threading.Event()
    connect = jwks.socket.create_connection

    def stuck(*arguments, **options):
        over.wait(30)
        return connect(*arguments, **options)

    monkeypatch.setattr(jwks.socket, "create_connection", stuck)
    begun = time.monotonic()
    for _ in range(100):
        assert not passes(keys)
        clock.advance(31)
    took = time.monotonic() - begun
    running = [each for each in threading.enumerate() if each.name == "session-jwks"]
    over.set()
    running[0].join(5)

    assert took < 3
    assert len(running) == 1
    clock.advance(31)
    assert passes(keys)


def test_no_thread_to_be_had_is_no_error(server, keys, monkeypatch):
    """A process that cannot start a thread refuses the token, as if nobody had answered."""
    start = threading.Thread.start

    def fail(thread):
        # The server of the test, in this process too, may go on.
        if thread.name == "session-jwks":
            raise RuntimeError("can't start new thread")
        start(thread)

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        assert not passes(keys)

    assert not passes(keys)


def test_a_clock_that_is_set_back_stops_nothing(server, keys, clock):
    """After the clock has been put back by hours keys are fetched again, and used."""
    assert passes(keys)
    clock._milliseconds -= 3 * 60 * MINUTE * 1000

    assert passes(keys)
    assert len(server.asked) == 2
