"""Where a bearer token is, and how it is spelled; all else is none (RFC 6750, RFC 9110)."""

from __future__ import annotations

import gc
import json
import weakref
from contextlib import suppress

import pytest
from flask import request

from flask_sessionplus import InvalidToken
from flask_sessionplus.bearer.gate import Refused
from flask_sessionplus.bearer.header import bearer_of
from flask_sessionplus.proxies import global_session, session_claims
from tests.web.bearer.bearing import Reasons

NONE, BAD = "Bearer", 'Bearer error="invalid_token"'


def use():
    """Use both."""
    return dict(global_session), session_claims["sub"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_in_any_case(api, scheme):
    """The name of the scheme may be in small or capital letters."""
    headers = {"Authorization": f"{scheme} {api.issue()}"}

    assert api.site.visitor()(use, headers=headers).status == 200


@pytest.mark.parametrize(
    "spelling",
    [
        "Bearer  {}",
        "Bearer\t{}",
        "Bearer \t{}",
        " Bearer {}",
        "Bearer {} ",
        "Bearer {}, Bearer {}",
        "Bearer {},Bearer {}",
        "Bearer {},",
        "Bearer ,{}",
        "Bearer {} {}",
        "Bearer {}\n",
        "Bearer {}\0",
        "Bearer\0{}",
        'Bearer "{}"',
        "Bearer token={}",
        "Bearer",
        "Bearer ",
        "bearer,",
        "Bearer\xa0{}",
        "Basic YTpi, Bearer {}",
        "Basic YTpi,bearer {}",
    ],
)
def test_another_spelling(api, spelling):
    """Whatever else it looks like: a bearer token that is not spelled right is a bad one."""
    token = api.issue()
    environ = {"HTTP_AUTHORIZATION": spelling.format(token, token)}
    with Reasons() as reasons:
        answer = api.site.visitor()(use, environ_overrides=environ)

    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, BAD)
    assert len(reasons) == 1


@pytest.mark.parametrize(
    "other", ["Basic YTpi", "Negotiate abc", "Token {}", "{}", "JWT {}", "Bearers {}", "Digest a=b"]
)
def test_another_scheme(api, other):
    """Another scheme is no bearer token, not even a bad one."""
    environ = {"HTTP_AUTHORIZATION": other.format(api.issue())}
    with Reasons() as reasons:
        answer = api.site.visitor()(use, environ_overrides=environ)

    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, NONE)
    assert reasons == []


@pytest.mark.parametrize("first", ["good", "bad", "Basic"])
def test_two_headers(api, first):
    """Of two headers none counts, however the server joins them (ASVS 15.3.7)."""
    good = f"Bearer {api.issue()}"
    one = {"good": good, "bad": "Bearer x", "Basic": "Basic YTpi"}[first]
    headers = [("Authorization", one), ("Authorization", good)]
    answer = api.site.visitor()(use, headers=headers)

    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, BAD)


def _places(token):
    name = "access_token"
    return {
        "query": {"query_string": {name: token}},
        "query as a header": {"query_string": {"Authorization": f"Bearer {token}"}},
        "path": {"path": f"/{token}"},
        "form": {"method": "POST", "data": {name: token}},
        "form as a header": {"method": "POST", "data": {"Authorization": f"Bearer {token}"}},
        "json": {"method": "POST", "json": {name: token}},
        "json, raw": {
            "method": "POST",
            "data": json.dumps(token),
            "content_type": "application/json",
        },
        "cookie": {"headers": {"Cookie": f"{name}={token}; Authorization=Bearer {token}"}},
    }


@pytest.mark.parametrize("where", _places(""))
def test_a_token_elsewhere_is_ignored(api, where):
    """ASVS 14.2.1: in the URL, a form, JSON or a cookie it does not count. 8 of 8."""
    api.site.app.add_url_rule("/<path:rest>", "rest", lambda rest: str(use()))
    options = _places(api.issue())[where]
    client = api.site.app.test_client(use_cookies=False)
    environ = {"test.do": use, "test.box": []}
    answer = client.open(**{"path": "/", "environ_overrides": environ, **options})

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, NONE)


def test_a_session_cookie_that_is_a_token(api):
    """A token, or the name of the place of the user's data, is no session's cookie."""
    client = api.client()
    client(lambda: global_session.update(a=1))
    place = client.value(lambda: global_session.principal.token)

    for cookie in (client.token, str(place), f"global:{place}"):
        answer = api.site.visitor().send(f"session={cookie}", lambda: dict(global_session))
        assert answer.status == 401


def test_each_touch_raises(api):
    """Without a valid token, every use raises, and none is silently empty."""
    touches = [
        lambda: global_session["a"],
        lambda: global_session.get("a"),
        lambda: "a" in global_session,
        lambda: len(global_session),
        lambda: bool(global_session),
        lambda: list(global_session),
        lambda: global_session == {},
        lambda: global_session != {},
        lambda: global_session == {},
        lambda: global_session | {},
        lambda: {} | global_session,
        lambda: {**global_session},
        lambda: hash(global_session),
        lambda: global_session.update(a=1),
        lambda: global_session.clear(),
        lambda: global_session.exists,
        lambda: global_session.increment("n"),
        lambda: global_session.scope("s")["a"],
        lambda: session_claims["sub"],
        lambda: session_claims.subject,
        lambda: len(session_claims),
        lambda: list(session_claims),
        lambda: session_claims == {},
        lambda: session_claims.get("role"),
        lambda: "admin" in session_claims,
    ]

    def page():
        for touch in touches:
            with pytest.raises(InvalidToken):
                touch()
        return request.path

    with Reasons() as reasons:
        assert api.client("bad").value(page) == "/"
    assert reasons == ["segments"]


def test_the_signal_is_sent_once_and_has_no_token(api):
    """However often it is asked, a bad token is told of once, in one word."""
    token = api.issue() + "A"

    def page():
        for _ in range(3):
            with pytest.raises(InvalidToken):
                dict(session_claims)

    with Reasons() as reasons:
        api.client(token)(page)

    assert len(reasons) == 1
    assert reasons[0].isalpha()


def test_a_good_token_is_verified_once(api, store):
    """However often it is asked, a token is looked up once in a request."""
    client = api.client()
    store.new_calls()
    client.value(lambda: [session_claims["sub"] for _ in range(5)])

    assert store.new_calls() == ["load"]


@pytest.mark.parametrize("spelled", ["", "Bearer a.b.c", "Bearer {}"])
def test_nothing_stays_in_memory(api, spelled):
    """What a request has used is freed as it ends, and does not wait for the garbage collector."""
    kept = []
    headers = {"Authorization": spelled.format(api.issue())}

    def page():
        kept.append(weakref.ref(request._get_current_object()))
        # In here, for Flask itself holds on to an exception that it answers.
        with suppress(InvalidToken):
            use()

    visitor = api.site.visitor()
    visitor(page, headers=headers)
    gc.collect()
    gc.disable()
    try:
        visitor(page, headers=headers)
        assert kept[1]() is None
    finally:
        gc.enable()


def test_without_a_key_no_token_is_valid(make_site):
    """An app that has no key takes no tokens: the same 401."""
    visitor = make_site().visitor()
    with Reasons() as reasons:
        answer = visitor(use, headers={"Authorization": "Bearer a.b.c"})

    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, BAD)
    assert reasons == ["unconfigured"]
    assert visitor(use).headers["WWW-Authenticate"] == NONE


@pytest.mark.parametrize("given", ["Bearer  a.b.c", "Bearer a.b.c,", "Bearer a.b.c d", "Bearer "])
def test_before_it_is_taken_apart(given):
    """More than one word behind the scheme is told from a token that is not good."""
    with pytest.raises(Refused) as caught:
        bearer_of({"HTTP_AUTHORIZATION": given})

    assert caught.value.reason == "header"


def test_a_huge_header():
    """Ten megabytes are refused by their length, before anything is looked for in them."""
    with pytest.raises(Refused) as caught:
        bearer_of({"HTTP_AUTHORIZATION": "Bearer " + "a" * 10_000_000})

    assert caught.value.reason == "length"
    assert bearer_of({"HTTP_AUTHORIZATION": "Negotiate " + ", " * 1_000_000}) is None
