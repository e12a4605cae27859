"""The decorators and bearer tokens: the token decides alone, and a bad one is always a 401."""

from __future__ import annotations

import pytest
from flask import session

from flask_sessionplus.decorators import (
    current_identity,
    delete_data,
    fresh_required,
    get_data,
    login_required,
    no_session,
    put_data,
    role_required,
)
from flask_sessionplus.proxies import global_session
from tests.web.bearer.bearing import CONFIG, App, bearer

GLOBAL = {"session_type": "global"}


def token(visitor, user_id=42, **options):
    """Return the header with a new token."""
    return bearer(App(visitor.site).issue(user_id, **options))


def status(visitor, headers=None):
    """Return the status of the view's answer."""
    return visitor.client.get("/view", headers=headers).status_code


def test_a_token_opens(clock, put_up):
    """A valid token is a sign-in, over everything; without one it is a 401."""
    visitor = put_up(login_required, **CONFIG)

    assert status(visitor, token(visitor)) == 200
    assert status(visitor) == 401


BAD = {
    "none": "Bearer",
    "empty": "Bearer ",
    "no token": "Bearer x",
    "three parts": "Bearer a.b.c",
    "two tokens": "Bearer a.b.c d.e.f",
    "two schemes": "Basic YTpi, Bearer a.b.c",
}


@pytest.mark.parametrize("given", BAD.values(), ids=BAD)
def test_a_bad_token_is_no_fallback(clock, put_up, given):
    """A bad token is refused, though the cookie alone would be let in: always the same answer."""
    visitor = put_up(login_required, SESSION_LOGIN_VIEW="page", **CONFIG)
    visitor(lambda: session.login(42))
    assert status(visitor) == 200

    answer = visitor.client.get("/view", headers={"Authorization": given, "Accept": "text/html"})

    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.json["detail"] == "A valid bearer token is needed."
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_without_a_key_no_token_is_good(put_up):
    """An app that takes no tokens refuses whoever brings one."""
    visitor = put_up(login_required)
    visitor(lambda: session.login(42))

    assert status(visitor, bearer("a.b.c")) == 401


def test_another_scheme_is_no_bearer(clock, put_up):
    """Behind a gate with a password of its own, the cookie decides as ever."""
    visitor = put_up(login_required, **CONFIG)
    visitor(lambda: session.login(42))

    assert status(visitor, {"Authorization": "Basic YTpi"}) == 200
    assert (
        visitor.site.visitor()
        .client.get("/view", headers={"Authorization": "Basic YTpi"})
        .status_code
        == 401
    )


def test_two_users_in_one_request(clock, put_up):
    """A token of one user and a cookie of another one is a 401; of the same one it is fine."""
    visitor = put_up(login_required, **CONFIG)
    visitor(lambda: session.login(7))

    assert status(visitor, token(visitor, 42)) == 401
    assert status(visitor, token(visitor, 7)) == 200


@pytest.mark.parametrize(
    ("role", "expected"), [("admin", 200), (["a", "admin"], 200), ("guest", 403), (None, 403)]
)
def test_roles(clock, make_visitor, role, expected):
    """The role is the token's claim; that of the cookie's session adds nothing."""
    visitor = make_visitor(role_required("admin"), **CONFIG)
    visitor(lambda: session.login(42, role_id="admin"))

    assert status(visitor, token(visitor, role_id=role)) == expected


def test_the_claim_has_a_name(clock, make_visitor):
    """`SESSION_JWT_ROLE_CLAIM` says which claim it is."""
    visitor = make_visitor(role_required("admin"), **CONFIG, SESSION_JWT_ROLE_CLAIM="groups")

    assert status(visitor, token(visitor, role_id=["admin"])) == 200
    assert status(visitor, token(visitor, role="admin")) == 403


def test_a_role_that_was_taken_away(clock, make_visitor):
    """With `SESSION_ROLE_LOADER` a token's role counts for nothing; it is asked for its `sub`."""
    roles = {"42": "admin"}
    visitor = make_visitor(role_required("admin"), **CONFIG, SESSION_ROLE_LOADER=roles.get)
    headers = token(visitor, role_id="admin")

    assert status(visitor, headers) == 200
    roles["42"] = "guest"
    assert status(visitor, headers) == 403


@pytest.mark.parametrize(
    ("age", "expected"),
    [(0, 200), (59, 200), (61, 401), (-5, 200), (-60, 401), (None, 401), ("0", 401), (True, 401)],
)
def test_fresh(clock, make_visitor, age, expected):
    """`auth_time` says when the password was given; without a number it was not, nor in future."""
    visitor = make_visitor(fresh_required(60), **CONFIG)
    now = clock.now() // 1000
    claims = {"auth_time": now - age} if type(age) is int else {"auth_time": age}

    assert status(visitor, token(visitor, **claims)) == expected


def test_a_level(clock, make_visitor):
    """`acr` is a token's level."""
    visitor = make_visitor(login_required(level="2fa"), **CONFIG)
    visitor(lambda: (session.login(42), session.elevate("2fa")))

    assert status(visitor, token(visitor, acr="2fa")) == 200
    assert status(visitor, token(visitor, acr=["2fa"])) == 401
    assert status(visitor, token(visitor)) == 401


@pytest.mark.parametrize(
    ("decorate", "wanted"),
    [(fresh_required(60), "max_age=60"), (login_required(level='a"b'), r'acr_values="a\"b"')],
)
def test_a_better_token_is_asked_for(clock, make_visitor, decorate, wanted):
    """A token that is good, but not good enough here, is told what is (RFC 9470)."""
    visitor = make_visitor(decorate, **CONFIG)
    answer = visitor.client.get("/view", headers=token(visitor, auth_time=1))

    expected = f'Bearer error="insufficient_user_authentication", {wanted}'
    assert answer.headers["WWW-Authenticate"] == expected


def test_without_a_session(clock, put_up, watched):
    """With `no_session` a view is for tokens only."""
    visitor = put_up(lambda target: no_session(login_required(target)), **CONFIG)
    visitor(lambda: session.login(42))

    assert status(visitor, token(visitor)) == 200
    assert status(visitor) == 401


def test_the_identity(clock, make_visitor):
    """`current_identity()` is the token's; its `repr` shows no claims."""
    visitor = make_visitor(
        login_required, lambda: [repr(current_identity()), current_identity().user_id], **CONFIG
    )
    found = visitor.client.get("/view", headers=token(visitor, role_id="admin", level="x")).json

    assert found == ["Identity(user_id='42', is_bearer=True, level=None)", "42"]


@pytest.mark.parametrize("decorator", [get_data, put_data, delete_data])
def test_global_data_need_a_token(clock, put_up, decorator):
    """Without a valid token it is a 401 before the view runs, also with a cookie."""
    calls = []
    visitor = put_up(decorator(**GLOBAL), lambda: calls.append(1) or {}, **CONFIG)
    visitor(lambda: session.login(42))

    assert [status(visitor), status(visitor, bearer("a.b.c"))] == [401, 401]
    assert calls == []
    assert status(visitor, token(visitor)) == 200


@pytest.mark.parametrize("scope", [False, "checkout"])
def test_global_data(clock, make_visitor, scope):
    """What one device puts another one of the same user gets, and nobody else; then deletes."""
    options = {**GLOBAL, "scoped": scope}

    def prepare(app):
        put = put_data("body", **options)(lambda: {"body": [1], "more": 2})
        app.add_url_rule("/put", "put", put)
        get = get_data("body", **options)(lambda body=None: [body])
        app.add_url_rule("/get", "get", get)
        delete = delete_data("body", **options)(lambda: "gone")
        app.add_url_rule("/delete", "delete", delete)

    visitor = make_visitor(lambda view: view, prepare=prepare, **CONFIG)
    mine, mine_too, other = (token(visitor, user) for user in (42, 42, 43))

    def ask(path, headers):
        return visitor.site.visitor().client.get(path, headers=headers)

    assert ask("/put", mine).json == {"body": [1], "more": 2}
    assert [ask("/get", each).json for each in (mine, mine_too, other)] == [[[1]], [[1]], [None]]
    whole = visitor(lambda: global_session.all(), headers=mine).value
    assert whole == ({} if scope else {"body": [1]})
    ask("/delete", mine_too)
    assert ask("/get", mine).json == [None]


def test_global_data_by_cookie(make_visitor):
    """With `SESSION_GLOBAL_BY_COOKIE` a sign-in by cookie is enough."""
    config = {**CONFIG, "SESSION_GLOBAL_BY_COOKIE": True}
    visitor = make_visitor(put_data("body", **GLOBAL), lambda: {"body": 1}, **config)
    assert status(visitor) == 401

    visitor(lambda: session.login(42))
    assert status(visitor) == 200
    assert visitor.value(lambda: global_session["body"]) == 1
