"""Who may do what in the example shop, through Flask's test client."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import unquote

import pytest

from examples.shop import users
from flask_sessionplus.testing import FakeClock
from tests.web.shopping import (
    ADA,
    ADDRESS,
    GRACE,
    cookie,
    make_shop,
    messages,
    new_browser,
    post,
    sign_in,
)


@pytest.fixture
def app(tmp_path):
    """A shop with files of its own."""
    return make_shop(tmp_path)


@pytest.fixture
def browser(app):
    """Somebody's browser."""
    return new_browser(app)


def test_signing_in(browser):
    """The right name and password greet the user, and lead to where they wanted to go."""
    asked = browser.get("/account")
    assert unquote(asked.location) == "/sign-in?next=/account"

    answer = sign_in(browser, next="/account")
    page = browser.get(answer.location)

    assert answer.location == "/account"
    assert messages(page) == ["Welcome, Ada Lovelace."]
    assert "Signed in as Ada Lovelace" in page.text


@pytest.mark.parametrize(
    "wrong", [{"password": "difference engine"}, {"name": "eve"}, {"name": ""}, {"password": ""}]
)
def test_a_wrong_password_does_not_sign_in(browser, wrong):
    """After a wrong guess nobody is signed in, and the name, not the password, is filled in."""
    answer = sign_in(browser, **wrong)
    page = browser.get(answer.location)

    assert messages(page) == ["That name and password do not fit."]
    assert f'value="{(ADA | wrong)["name"]}"' in page.text
    assert "difference engine" not in page.text
    assert browser.get("/account").status_code == 302


def test_signing_in_changes_the_token(app, browser):
    """The token from before the sign-in, which others might know, is worth nothing afterwards."""
    post(browser, "/cart/add", sku="mug")
    known = cookie(browser)

    sign_in(browser)

    assert cookie(browser) not in (None, known)
    assert "Stoneware mug" in browser.get("/cart").text
    other = new_browser(app)
    other.set_cookie("shop", known)
    assert other.get("/account").status_code == 302
    assert "Stoneware mug" not in other.get("/cart").text


def test_signing_out_ends_the_session(app, browser):
    """After signing out the old token is dead, cart and user are gone, and the choices stay."""
    post(browser, "/preferences", theme="dark")
    sign_in(browser)
    post(browser, "/cart/add", sku="mug")
    dead = cookie(browser)

    answer = post(browser, "/sign-out")

    page = browser.get(answer.location)
    assert messages(page) == ["You are signed out."]
    assert 'data-theme="dark"' in page.text
    assert cookie(browser) != dead
    assert "There is nothing in the cart" in browser.get("/cart").text
    other = new_browser(app)
    other.set_cookie("shop", dead)
    assert other.get("/account").status_code == 302
    assert 'data-theme="auto"' in other.get("/").text


@pytest.mark.parametrize("path", ["/", "/cart", "/nothing"])
def test_what_a_user_saw_is_not_stored(browser, path):
    """Each page of somebody signed in says no-store; of anonymous visitors none has to."""
    assert "no-store" not in browser.get(path).headers.get("Cache-Control", "")

    sign_in(browser)

    assert "no-store" in browser.get(path).headers["Cache-Control"]


def test_users_see_their_own_orders(app, browser):
    """What one user orders, another does not see."""
    sign_in(browser)
    post(browser, "/cart/add", sku="mug")
    post(browser, "/checkout", form_id="1", **ADDRESS)

    other = new_browser(app)
    sign_in(other, name="grace", password="first-real-bug")

    page = other.get("/account").text
    assert "Signed in as Grace Hopper" in page
    assert "No orders yet." in page


def test_next_does_not_lead_away(browser):
    """A link to the sign-in page can't send the user to another site."""
    assert sign_in(browser, next="//evil.example").location == "/"


@pytest.mark.parametrize("path", ["/admin/sessions", "/admin/sessions/revoke"])
@pytest.mark.parametrize("name", [None, "grace"])
def test_the_admins_pages_are_for_admins(browser, path, name):
    """A visitor is asked to sign in, a customer is refused, and the menu does not tell of them."""
    if name:
        sign_in(browser, **GRACE)

    answer = browser.get(path) if path.endswith("sessions") else post(browser, path, handle="x")

    if name:
        assert answer.status_code == 403
        assert "This page is for others." in answer.text
        assert "/admin" not in browser.get("/").text
    else:
        assert answer.status_code in (302, 303)
        assert answer.location.startswith("/sign-in")


def test_an_admin_sees_all_sessions_and_ends_one(app, browser):
    """The list has each user's sessions; the one that is ended is anonymous at its next request."""
    other = new_browser(app)
    other.environ_base["HTTP_USER_AGENT"] = "a <b>browser</b>"
    sign_in(other, **GRACE)
    sign_in(browser)

    page = browser.get("/admin/sessions").text

    assert re.findall(r"<h2>([^<]*?)(?: <small>([^<]*)</small>)?</h2>", page) == [
        ("Ada Lovelace", "(this one)"),
        ("Grace Hopper", ""),
    ]
    assert "a &lt;b&gt;browser&lt;/b&gt;" in page
    handles = re.findall(r'name="handle" value="([^"]+)"', page)
    assert other.get("/account").status_code == 200

    answer = post(browser, "/admin/sessions/revoke", handle=handles[1])

    assert messages(browser.get(answer.location)) == ["That session has ended."]
    assert other.get("/account").status_code == 302
    assert browser.get("/account").status_code == 200


def test_an_admin_ends_the_session_at_hand(app, browser):
    """Who ends the session that the request is in is signed out by that, and sees the message."""
    sign_in(browser)
    post(browser, "/cart/add", sku="mug")
    other = new_browser(app)
    other.set_cookie("shop", cookie(browser))
    [handle] = re.findall(r'name="handle" value="([^"]+)"', browser.get("/admin/sessions").text)

    answer = post(browser, "/admin/sessions/revoke", handle=handle)

    assert unquote(browser.get(answer.location).location) == "/sign-in?next=/admin/sessions"
    assert messages(browser.get("/")) == ["That session has ended."]
    assert "There is nothing in the cart" in browser.get("/cart").text
    assert other.get("/account").status_code == 302


def test_a_session_that_is_gone_cannot_be_ended_again(browser):
    """An old page's button, or a made-up handle, ends nothing and says so."""
    sign_in(browser)

    answer = post(browser, "/admin/sessions/revoke", handle="x" * 22)

    assert "had ended before" in browser.get(answer.location).text


def test_the_admin_page_needs_a_recent_password(browser):
    """Some time after the sign-in the password is asked for again, and only the right one helps."""
    with FakeClock() as clock:
        sign_in(browser)
        assert browser.get("/admin/sessions").status_code == 200
        clock.advance(timedelta(minutes=16))

        asked = browser.get("/admin/sessions")
        assert unquote(asked.location) == "/confirm?next=/admin/sessions"
        known = cookie(browser)
        wrong = post(browser, "/confirm", password="first-real-bug", next="/admin/sessions")
        assert messages(browser.get(wrong.location)) == ["That is not your password."]
        assert browser.get("/admin/sessions").status_code == 302

        answer = post(browser, "/confirm", password=ADA["password"], next="/admin/sessions")

        assert answer.location == "/admin/sessions"
        assert browser.get("/admin/sessions").status_code == 200
        assert cookie(browser) != known


def test_a_role_that_was_taken_away_is_gone_at_once(browser, monkeypatch):
    """The role is asked for with each request, and not as old as the sign-in (ASVS 8.3.2)."""
    sign_in(browser)
    assert browser.get("/admin/sessions").status_code == 200

    monkeypatch.setitem(users.USERS, "ada", replace(users.USERS["ada"], role="customer"))

    assert browser.get("/admin/sessions").status_code == 403


def test_a_store_without_owners_says_so(tmp_path):
    """Where sessions lie in the browsers, the shop works, and has no list of them."""
    app = make_shop(
        tmp_path,
        SESSION_STORE="cookie://",
        SESSION_COOKIE_REVOCATIONS=f"sqlite:///{tmp_path / 'revocations.sqlite'}",
        SECRET_KEY="x" * 32,
    )
    browser = new_browser(app)
    sign_in(browser)

    pages = [
        browser.get("/admin/sessions"),
        post(browser, "/admin/sessions/revoke", handle="x" * 22),
    ]

    for page in pages:
        assert page.status_code == 200
        assert "Not available" in page.text
    post(browser, "/sign-out")
    assert browser.get("/account").status_code == 302
