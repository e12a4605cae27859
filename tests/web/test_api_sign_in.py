"""Who may do what in the example API, through Flask's test client."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from flask_sessionplus import token_reused
from flask_sessionplus.testing import FakeClock
from tests.web.api_client import ADA, ADDRESS, GRACE, Client, make_api

PRIVATE = [
    *(("GET", "/cart"), ("POST", "/cart"), ("DELETE", "/cart"), ("DELETE", "/cart/mug")),
    *(("GET", "/checkout"), ("PUT", "/checkout/address"), ("DELETE", "/checkout/address")),
    *(("PUT", "/checkout/delivery"), ("DELETE", "/checkout"), ("POST", "/checkout/order")),
    *(("GET", "/orders"), ("GET", "/sessions"), ("DELETE", "/sessions/x")),
    *(("POST", "/sign-out"), ("POST", "/sign-out/everywhere")),
    *(("GET", "/admin/users"), ("DELETE", "/admin/users/ada/sessions")),
]
BODY = {"sku": "mug", "address": ADDRESS, "delivery": "express"}


@pytest.fixture
def clock():
    """A clock that obeys."""
    with FakeClock() as clock:
        yield clock


@pytest.fixture
def app(tmp_path):
    """An API with files of its own."""
    return make_api(tmp_path)


@pytest.fixture
def ada(app):
    """A client of Ada's, who is an admin."""
    return Client(app, "telephone/1.0").sign_in()


@pytest.fixture
def grace(app):
    """A client of Grace's, who is not."""
    return Client(app, "tablet/1.0").sign_in(GRACE)


def is_alive(client):
    """Tell whether its access token is good."""
    return client.ask("GET", "/cart").status_code == 200


@pytest.mark.parametrize(
    "wrong", [{"password": "difference engine"}, {"name": "eve"}, {"name": ""}, {"password": ""}]
)
def test_a_wrong_password_does_not_sign_in(app, wrong):
    """After a wrong guess there is no token, and all wrong guesses look alike."""
    answer = Client(app).ask("POST", "/sign-in", ADA | wrong)

    assert answer.status_code == 401
    assert answer.json["detail"] == "That name and password do not fit."
    assert answer.headers["WWW-Authenticate"].lower() == "bearer"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(("method", "path"), PRIVATE)
def test_nothing_private_without_a_token(app, ada, method, path):
    """Without a token nothing is told and nothing done, whatever cookie the client has."""
    ada.put("/checkout/address", {"address": ADDRESS})
    ada.post("/cart", {"sku": "mug"})
    token, ada.access = ada.access, None

    answer = ada.ask(method, path, BODY)

    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert "WWW-Authenticate" in answer.headers
    ada.access = token
    assert ada.get("/cart")["lines"] == {"mug": 1}
    assert ada.get("/checkout")["address"] == ADDRESS
    assert ada.get("/orders") == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token + "=",
        lambda token: token.rpartition(".")[0] + ".",
        lambda token: "eyJhbGciOiJub25lIn0." + token.split(".")[1] + ".",
        lambda token: " " + token,
        lambda token: token + " " + token,
        lambda token: token.swapcase(),
        lambda token: "x",
        lambda token: "",
        lambda token: "A" * 100_000,
    ],
)
def test_each_bad_token_gets_the_same_answer(ada, spoil):
    """Of a token that is not good the answer does not tell why."""
    good = ada.access
    ada.access = "nonsense"
    expected = ada.ask("GET", "/cart")

    answer = ada.ask("GET", "/cart", Authorization=f"Bearer {spoil(good)}")

    assert answer.status_code == expected.status_code == 401
    assert answer.text == expected.text
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("where", ["query_string", "cookie", "json", "data"])
def test_a_token_counts_in_its_header_only(app, ada, where):
    """The token in the address, a cookie or the body is as good as none (ASVS 14.2.1)."""
    client = app.test_client()
    given = {where: {"access_token": ada.access, "Authorization": f"Bearer {ada.access}"}}
    if where == "cookie":
        for name, value in given.pop(where).items():
            client.set_cookie(name, value)

    assert client.get("/cart", **given).status_code == 401


def test_an_access_token_ends(ada, clock):
    """After a quarter of an hour it is good no more, and the refresh token gets another one."""
    ada.access = None
    ada.sign_in()
    clock.advance(timedelta(minutes=14))
    assert is_alive(ada)

    clock.advance(timedelta(minutes=2))

    assert not is_alive(ada)
    ada.turn()
    assert is_alive(ada)


def test_a_refresh_token_is_good_once(app, clock):
    """One that comes a second time ends all that came of the sign-in, and tells of it."""
    thief, owner = Client(app), Client(app).sign_in()
    other = Client(app).sign_in()
    thief.refresh = owner.refresh
    owner.turn()
    clock.advance(11)
    told = []

    def listen(sender, **what):
        told.append(what)

    with token_reused.connected_to(listen, app):
        answer = thief.ask("POST", "/token/refresh", {"refresh_token": thief.refresh})

    assert answer.status_code == 401
    assert told == [{"owner": "ada"}]
    assert not is_alive(owner)
    assert owner.ask("POST", "/token/refresh", {"refresh_token": owner.refresh}).status_code == 401
    assert is_alive(other)


@pytest.mark.parametrize("token", ["", "x", "x" * 86, "\N{SNOWMAN}"])
def test_a_refresh_token_that_is_none(app, token):
    """A made-up refresh token is refused as any bad token is."""
    answer = Client(app).ask("POST", "/token/refresh", {"refresh_token": token})

    assert answer.status_code == 401
    assert answer.json["detail"] == "A valid bearer token is needed."


def test_signing_out_ends_this_client_alone(app, ada):
    """Both its tokens are dead at once; the user's other client goes on, with the cart."""
    other = Client(app).sign_in()
    ada.post("/cart", {"sku": "mug"})

    assert ada.ask("POST", "/sign-out").status_code == 204

    assert not is_alive(ada)
    assert ada.ask("POST", "/token/refresh", {"refresh_token": ada.refresh}).status_code == 401
    assert other.get("/cart")["lines"] == {"mug": 1}


def test_signing_out_everywhere_ends_all_clients(app, ada, grace):
    """All tokens of the user are dead at once, nobody else's, and the cart is still there."""
    other = Client(app).sign_in()
    ada.post("/cart", {"sku": "mug"})

    assert ada.post("/sign-out/everywhere") == {"ended": 2}

    for client in (ada, other):
        assert not is_alive(client)
        refused = client.ask("POST", "/token/refresh", {"refresh_token": client.refresh})
        assert refused.status_code == 401
    assert is_alive(grace)
    ada.access = None
    assert ada.sign_in().get("/cart")["lines"] == {"mug": 1}


def test_the_list_of_sessions(app, ada):
    """A user sees each sign-in with its client, knows the own one, and sees the cart."""
    Client(app, "laptop/2.0").sign_in()
    ada.post("/cart", {"sku": "mug"})

    listed = ada.get("/sessions")

    assert sorted((each["kind"], each["client"], each["is_current"]) for each in listed) == [
        ("global", "", False),
        ("token", "laptop/2.0", False),
        ("token", "telephone/1.0", True),
    ]
    for secret in (ada.access, ada.refresh[22:], "mug"):
        assert secret not in str(listed)


def test_one_session_is_ended_from_another(app, ada):
    """The client that is taken off the list is signed out with its next request."""
    lost = Client(app, "lost/1.0").sign_in()
    [handle] = [each["handle"] for each in ada.get("/sessions") if each["client"] == "lost/1.0"]

    assert ada.ask("DELETE", f"/sessions/{handle}").status_code == 204

    assert not is_alive(lost)
    assert is_alive(ada)
    assert ada.ask("DELETE", f"/sessions/{handle}").status_code == 404


def test_nobody_ends_the_sessions_of_others(ada, grace):
    """The handle of another user's session is none of one's own."""
    handle = ada.get("/sessions")[0]["handle"]

    assert grace.ask("DELETE", f"/sessions/{handle}").status_code == 404
    assert is_alive(ada)


def test_ending_sessions_needs_a_recent_password(app, ada, clock):
    """A quarter of an hour after the password a new access token is not enough."""
    ada.access = None
    ada.sign_in()
    handle = ada.get("/sessions")[0]["handle"]
    assert ada.ask("DELETE", "/sessions/nonsense").status_code == 404
    clock.advance(timedelta(minutes=16))
    ada.turn()

    answer = ada.ask("DELETE", f"/sessions/{handle}")

    assert answer.status_code == 401
    assert answer.json["detail"] == "Please confirm that it is you."
    assert is_alive(ada)


def test_admins_see_and_end_what_others_have(ada, grace):
    """An admin has the list of all users, and locks one out: tokens and cart are gone."""
    grace.post("/cart", {"sku": "mug"})
    listed = ada.get("/admin/users")
    assert [each["kind"] for each in listed["grace"]].count("token") == 1

    answer = ada.ask("DELETE", "/admin/users/grace/sessions")

    assert answer.json == {"ended": 2}
    assert not is_alive(grace)
    grace.access = None
    assert grace.sign_in(GRACE).get("/cart")["lines"] == {}
    assert is_alive(ada)
    assert ada.ask("DELETE", "/admin/users/eve/sessions").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/admin/users"), ("DELETE", "/admin/users/ada/sessions")]
)
def test_customers_are_no_admins(ada, grace, method, path):
    """Who is signed in without the role is refused, and does nothing."""
    answer = grace.ask(method, path)

    assert (answer.status_code, answer.mimetype) == (403, "application/problem+json")
    assert is_alive(ada)


def test_no_token_is_logged(app, ada, caplog):
    """Neither a good nor a bad token, nor a part of one, is in any log."""
    caplog.set_level(logging.DEBUG)
    bad = ada.access[:-4] + "AAAA"

    ada.ask("GET", "/cart", Authorization=f"Bearer {bad}")
    ada.turn()
    ada.ask("POST", "/token/refresh", {"refresh_token": ada.refresh[:-4] + "AAAA"})

    for secret in (ada.access, ada.refresh, bad):
        assert secret[-30:] not in caplog.text
        assert secret[:30] not in caplog.text
