"""Cookie and bearer in one request: the bearer decides, and two users are none."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import session

from flask_sessionplus.proxies import global_session, session_claims
from tests.web.bearer.bearing import Reasons, bearer, foreign


def use():
    """Use both, and change something."""
    global_session["seen"] = True
    return global_session.principal.subject


COOKIES = ["none", "anonymous", "same", "other", "bad"]


def _visitor(api, cookie):
    visitor = api.site.visitor()
    if cookie == "bad":
        return api.site.visitor("x" * 43)
    if cookie == "anonymous":
        visitor(lambda: session.update(a=1))
    if cookie in ("same", "other"):
        visitor(lambda: session.login("42" if cookie == "same" else 43))
    return visitor


def _status(by_cookie, token, cookie):
    """Return what the rules say: the bearer decides, if there is one."""
    if token == "good":
        return 401 if cookie == "other" else 200
    if token in ("bad", "malformed"):
        return 401
    return 200 if by_cookie and cookie in ("same", "other") else 401


@pytest.mark.parametrize("cookie", COOKIES)
@pytest.mark.parametrize("token", ["none", "bad", "malformed", "good", "Basic"])
@pytest.mark.parametrize("by_cookie", [False, True])
def test_all_combinations(make_api, by_cookie, token, cookie):
    """Good, bad and no token with every kind of cookie: exactly what the rules say."""
    api = make_api(SESSION_GLOBAL_BY_COOKIE=by_cookie)
    visitor = _visitor(api, cookie)
    headers = {
        "none": {},
        "bad": bearer("a.b.c"),
        "malformed": bearer(f" {api.issue(42)}"),
        "Basic": {"Authorization": "Basic YTpi"},
    }
    answer = visitor(use, headers=headers.get(token, bearer(api.issue(42))))

    assert answer.status == _status(by_cookie, token, cookie)
    if answer.status == 200:
        user = "43" if token != "good" and cookie == "other" else "42"
        assert answer.value == user


def test_the_claims_need_a_bearer(make_api):
    """A cookie opens the data, if it may, but it has no claims."""
    api = make_api(SESSION_GLOBAL_BY_COOKIE=True)

    assert _visitor(api, "same")(lambda: session_claims["sub"]).status == 401


@pytest.mark.parametrize("looks_first", [False, True])
def test_another_user_signs_in(api, looks_first):
    """Who signs in by cookie makes it two users, even if the token has been looked at before."""

    def page():
        if looks_first:
            global_session["secret"] = "of 42"
        session.login(43)
        session["copy"] = global_session.get("secret")

    visitor = api.site.visitor()
    with Reasons() as reasons:
        assert visitor(page, headers=bearer(api.issue(42))).status == 401
    assert reasons == ["cookie"]
    assert visitor.value(lambda: session.get("copy")) is None


def test_the_same_user_signs_in(api):
    """The same user may, and who has signed out is nobody."""

    def page():
        first = session_claims["sub"]
        session.login(42)
        second = session_claims["sub"]
        session.logout()
        return [first, second, session_claims["sub"]]

    assert api.site.visitor().value(page, headers=bearer(api.issue(42))) == ["42"] * 3


@pytest.mark.parametrize("by", ["token", "cookie"])
def test_a_uuid_in_capitals(make_api, by):
    """Who is named by a UUID has the same data in whatever letters the issuer spells it."""
    api = make_api(SESSION_GLOBAL_BY_COOKIE=True)
    user = UUID("6f8c1f5e-0b0a-4a53-9d6e-6b5f1f3c2a1b")
    api.client(foreign(sub=str(user).upper()))(lambda: global_session.update(a=1))
    visitor = api.site.visitor()
    visitor(lambda: session.login(user))
    options = {"headers": bearer(api.issue(user))} if by == "token" else {}

    assert visitor.value(lambda: dict(global_session), **options) == {"a": 1}


def test_another_users_cookie_is_told(api):
    """Two users in one request are rejected as that, for the claims as well."""
    visitor = _visitor(api, "other")
    with Reasons() as reasons:
        answer = visitor(lambda: session_claims["sub"], headers=bearer(api.issue(42)))

    assert answer.status == 401
    assert reasons == ["cookie"]


def test_both_ways_lead_to_the_same_data(make_api):
    """What a program puts in with a token, the user's browser finds, and the other way round."""
    api = make_api(SESSION_GLOBAL_BY_COOKIE=True)
    browser = _visitor(api, "same")
    api.client(api.issue(42))(lambda: global_session.append("cart", "tea"))
    browser(lambda: global_session.append("cart", "milk"))

    assert api.client(api.issue(42)).value(lambda: global_session["cart"]) == ["tea", "milk"]


def test_a_new_sign_in_in_the_same_request(make_api):
    """Whoever signs in by cookie has his own data at once, and nothing of the one before."""
    api = make_api(SESSION_GLOBAL_BY_COOKIE=True)

    def page():
        session.login(42)
        global_session["name"] = "Ada"
        session.login(43)
        assert dict(global_session) == {}
        global_session["name"] = "Eve"

    visitor = api.site.visitor()
    assert visitor(page).status == 200

    assert visitor.value(lambda: global_session["name"]) == "Eve"
    assert api.client(api.issue(42)).value(lambda: global_session["name"]) == "Ada"


@pytest.mark.parametrize("leaves", [lambda: session.logout(), lambda: session.clear()])
def test_after_signing_out(make_api, leaves):
    """Whoever signs out has no data any more, in the same request already."""
    api = make_api(SESSION_GLOBAL_BY_COOKIE=True)
    visitor = _visitor(api, "same")

    def page():
        global_session["a"] = 1
        leaves()
        return global_session.get("a")

    assert visitor(page).status == 401
    assert visitor(use).status == 401


def test_a_cookie_alone_without_a_key(make_site):
    """The browser may open the data in an app that takes no tokens at all."""
    visitor = make_site(SESSION_GLOBAL_BY_COOKIE=True).visitor()
    visitor(lambda: session.login(42))
    visitor(lambda: global_session.update(a=1))

    assert visitor.value(lambda: global_session["a"]) == 1


def test_a_dead_cookie_opens_nothing(make_api):
    """A session that was revoked does not open the data any more."""
    api = make_api(SESSION_GLOBAL_BY_COOKIE=True)
    visitor = _visitor(api, "same")
    assert visitor(use).status == 200
    name = visitor.value(lambda: session.identifier)
    with api.site.app.app_context():
        assert api.ext.revoke(name) is True

    assert visitor(use).status == 401
