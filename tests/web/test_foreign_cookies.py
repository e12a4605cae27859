"""Cookies that are not ours: a fresh session, nothing adopted, nothing wrong with the answer."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from hashlib import sha256

import pytest
from flask import session

from flask_sessionplus import session_rejected
from flask_sessionplus.tokens import digest
from tests.support.timing import assert_in_time
from tests.web.visiting import KNOWN

VALID = "A" * 43

# The list L1 of our security notes. What could be a token but is none of ours is below.
ILL_FORMED = [
    "",
    " ",
    "a",
    "A" * 21,
    "A" * 129,
    "x" * 1_000_000,
    '"' * 1_000_000,
    "\\" * 1_000_000,
    " " * 7900 + "x",
    "x" + " " * 7900 + "x",
    "x" + "\t " * 3900 + "x",
    "x " * 3900 + "x",
    "../../etc/passwd",
    "..\\..\\windows\\system32",
    "%2e%2e%2f" * 5,
    "/etc/passwd/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "CON",
    "a:b",
    f"{VALID[:20]}\x00{VALID[21:]}",
    f"{VALID}\x00",
    f"{VALID[:20]}\r\nSet-Cookie: a=b",
    f'"{VALID}"',
    '"' + "\\101" * 43 + '"',
    "\xe9" * 43,
    "\xff\xfe" * 20,
    "\xc3\x28" * 20,
    "+AGE-" * 8,
    "\u0660" * 43,
    "\uff10" * 43,
    "\u0430" * 43,
    f"{VALID[:42]}\u200b",
    f"\u202e{VALID[:42]}",
    b64encode(b"\xff\xfe" * 20).decode(),
    f"{VALID[:42]}=",
    f"{VALID[:41]}+/",
    f"{VALID}.",
    f"{VALID}, {VALID}",
    f"{VALID} {VALID}",
    "' OR 1=1; --",
    "1' UNION SELECT * FROM flask_sessions--",
    "*" * 43,
    "{" + VALID + "}",
    'eval("return 1")',
    '{"user": 1}',
    "\x80\x04\x95",
    "gASVKAAAAAAAAACMCGJ1aWx0aW5zlIwEZXZhbJSTlIwHYWJvcnQoKZSFlFKULg==",
    "true",
    "null",
    "None",
    "0",
    "eyJ1c2VyIjoxfQ.aRs0Zw.0ZGZkZmRmZGZkZmRmZGZkZmRmZGY",
    "=",
    "=" + VALID,
]
UNKNOWN = [
    VALID,
    "A" * 22,
    "A" * 128,
    "_" * 43,
    "-" * 43,
    "0" * 32,
    "deadbeef" * 8,
    "gASVKAAAAAAAAACMCGJ1aWx0aW5z",
]


def short(value):
    """Name a value in a test's name."""
    return f"{len(value)}:{value[:20]!a}"


@pytest.fixture
def reasons(site):
    """Collect why cookies were rejected."""
    seen = []

    def note(sender, reason, **rest):
        seen.append(reason)

    with session_rejected.connected_to(note, site.app):
        yield seen


@pytest.mark.parametrize("value", ILL_FORMED, ids=short)
def test_an_ill_formed_cookie(visitor, store, reasons, value):
    """What cannot be a token is no session: no store call, no cookie, no error."""
    answer = visitor.send(b"session=" + value.encode(), lambda: (session.new, dict(session)))

    assert answer.status == 200
    assert answer.value == (True, {})
    assert answer.cookies == []
    assert store.new_calls() == []
    assert set(reasons) <= {"malformed", "duplicate"}


@pytest.mark.parametrize("value", ILL_FORMED, ids=short)
def test_an_ill_formed_cookie_is_replaced(visitor, store, value):
    """Who comes with an ill-formed cookie and puts something in gets a token of ours."""
    answer = visitor.send(b"session=" + value.encode(), lambda: session.update(name="Ada"))

    assert answer.status == 200
    assert re.fullmatch(r"[\w-]{43}", answer.cookie.value, re.ASCII)
    assert answer.cookie.value != value
    assert store.new_calls() == ["create"]


@pytest.mark.timed
@pytest.mark.parametrize("value", ILL_FORMED, ids=short)
def test_an_ill_formed_cookie_takes_no_time(make_site, value):
    """Looking at a cookie takes less than 50 ms, however it is made (8 KB, as servers allow)."""
    header = b"session=" + value.encode()[:8000]
    visitor = make_site().visitor()
    visitor.send("", lambda: session.get("a"))

    def page():
        began = time.perf_counter()
        session.get("name")
        return time.perf_counter() - began

    assert_in_time(min(visitor.send(header, page).value for _ in range(2)), 0.05)


@pytest.mark.parametrize("value", UNKNOWN, ids=short)
def test_an_unknown_token_is_never_adopted(visitor, store, reasons, value):
    """A token that could be ours but is unknown is forgotten: who logs in gets a new one."""
    answer = visitor.send(f"session={value}", lambda: session.update(user="ada"))

    assert answer.status == 200
    assert answer.cookie.value != value
    assert store.new_calls() == ["load", "create"]
    assert reasons == ["unknown"]
    assert visitor.send(f"session={value}", lambda: session.get("user")).value is None
    assert visitor.send(f"session={answer.cookie.value}", lambda: session["user"]).value == "ada"


@pytest.mark.parametrize("value", UNKNOWN, ids=short)
def test_an_unknown_token_leaves_nothing(visitor, store, value):
    """Who only reads with an unknown token makes no record, and is sent no cookie."""
    answer = visitor.send(f"session={value}", lambda: dict(session))

    assert answer.value == {}
    assert answer.cookies == []
    assert store.new_calls() == ["load"]


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token.swapcase(),
        lambda token: token[::-1],
        lambda token: token.replace("-", "+").replace("_", "/") + "=",
        lambda token: sha256(token.encode()).hexdigest(),
        lambda token: digest(token).hex(),
        lambda token: b64encode(digest(token)).decode().rstrip("=").replace("+", "-"),
        lambda token: f'"{token}"',
        lambda token: f"{token}%00",
    ],
)
def test_nothing_near_a_token_opens_its_session(known, forge):
    """Neither what resembles a token nor what the store keeps of it opens the session."""
    answer = known.send(f"session={forge(known.token)}", lambda: (session.exists, dict(session)))

    assert answer.status == 200
    assert answer.value == (False, {})


def test_the_same_cookie_twice_is_fine(known):
    """Two cookies of our name with one and the same token are one."""
    header = f"session={known.token}; other=1; session={known.token}"

    assert known.send(header, lambda: dict(session)).value == KNOWN


@pytest.mark.parametrize("second", [VALID, "", "x", "../..", '"'])
@pytest.mark.parametrize("order", ["first", "last"])
def test_two_different_cookies_open_nothing(known, store, reasons, second, order):
    """Of two different cookies one was planted: neither opens a session, whatever the order."""
    cookies = [f"session={known.token}", f"session={second}"]
    header = "; ".join(cookies if order == "first" else reversed(cookies))

    answer = known.send(header, lambda: (session.new, dict(session)))

    assert answer.value == (True, {})
    assert store.new_calls() == []
    assert reasons == ["duplicate"]


def test_fifty_cookies_open_nothing(known, store):
    """Fifty cookies of our name, all different but one, open nothing."""
    header = "; ".join(f"session={index:043}" for index in range(49))

    answer = known.send(f"{header}; session={known.token}", lambda: dict(session))

    assert answer.value == {}
    assert store.new_calls() == []


def test_many_other_cookies_do_no_harm(known):
    """Ours is found among ten thousand others."""
    others = "; ".join(f"c{index}={index}" for index in range(10_000))

    assert known.send(f"{others}; session={known.token}; z=1", lambda: dict(session)).value == KNOWN


@pytest.mark.parametrize(
    "spelling",
    [
        "session={}",
        "session={};",
        " session={} ",
        "a=1;session={}",
        "a=1; session={}; b=2",
        "a; session={}",
        "a=session={}; session={}",
        "; ; session={}",
        "session = {}",
        '$Version="1"; session={}; $Path="/"',
    ],
)
def test_spellings_of_the_cookie_header(known, spelling):
    """However a client spaces its cookies, ours is found."""
    assert known.send(spelling.replace("{}", known.token), lambda: session["name"]).value == "Ada"


@pytest.mark.parametrize(
    "spelling",
    [
        "Session={}",
        "SESSION={}",
        "session2={}",
        "mysession={}",
        "my-session={}",
        "=session={}",
        "a=session={}",
        "a=1, session={}",
        "session",
        "session:{}",
        "__Host-session={}",
        "\x00session={}",
    ],
)
def test_cookies_of_other_names(known, store, spelling):
    """A cookie of another name is not ours, however near it is."""
    answer = known.send(spelling.replace("{}", known.token), lambda: dict(session))

    assert answer.value == {}
    assert store.new_calls() == []


@pytest.mark.parametrize("place", ["query", "form", "header", "bearer", "path"])
def test_a_token_elsewhere_is_no_token(known, place):
    """A token in the URL, a form or another header opens nothing."""
    token = known.token
    options = {
        "query": {"query_string": {"session": token, "sid": token}},
        "form": {"method": "POST", "data": {"session": token}},
        "header": {"headers": {"X-Session": token, "Session": token}},
        "bearer": {"headers": {"Authorization": f"Bearer {token}"}},
        "path": {"environ_overrides": {"PATH_INFO": "/", "QUERY_STRING": f";session={token}"}},
    }[place]

    assert known.site.visitor().value(lambda: dict(session), **options) == {}


def test_a_token_of_another_app_opens_nothing(known, make_site):
    """A session of one app is unknown to another that has a store of its own."""
    other = make_site().visitor(known.token)

    assert other.value(lambda: dict(session)) == {}


def test_a_cookie_of_flask_itself_does_no_harm(known):
    """Who comes with the signed cookie the app had before gets a fresh session."""
    from flask import Flask

    app = Flask("before")
    app.secret_key = "key"
    app.add_url_rule("/", "page", lambda: session.update(user=1) or "page")
    signed = app.test_client().get("/").headers["Set-Cookie"].partition(";")[0]

    assert known.send(signed, lambda: dict(session)).value == {}


def test_clear_takes_a_foreign_cookie_away(visitor):
    """Whoever signs out with a cookie that is none of ours has it deleted."""
    for value in (VALID, "x", '"'):
        assert visitor.send(f"session={value}", lambda: session.clear()).cookie.is_deletion


def test_clear_without_a_cookie_sends_none(visitor, store):
    """Whoever signs out without any cookie is sent none, and nothing is stored."""
    assert visitor(lambda: session.clear()).cookies == []
    assert visitor(lambda: session.destroy()).cookies == []
    assert store.new_calls() == []
