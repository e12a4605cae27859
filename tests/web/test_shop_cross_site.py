"""Other sites against the example shop: each try is refused, and nothing has changed."""

from __future__ import annotations

import json
import re

import pytest

from tests.web.shopping import (
    ADA,
    ADDRESS,
    GRACE,
    cookie,
    make_shop,
    new_browser,
    post,
    sign_in,
    token_of,
)

# Every form of the shop, and what it would do for whoever gets it through.
FORMS = {
    "/cart/add": {"sku": "bag"},
    "/cart/change": {"sku": "mug", "quantity": "0"},
    "/preferences": {"theme": "dark", "language": "fr"},
    "/checkout": {"form_id": "1", **ADDRESS},
    "/sign-in": GRACE,
    "/sign-out": {},
    "/confirm": {"password": ADA["password"]},
    "/admin/sessions/revoke": {},
}


def sign_both_in(app):
    """An admin with something in the cart, signed in for the second time, and another user."""
    ada, grace = new_browser(app), new_browser(app)
    sign_in(grace, **GRACE)
    sign_in(ada)
    ada.old_token = token_of(ada)
    sign_in(ada)
    post(ada, "/cart/add", sku="mug")
    ada.get("/")
    return ada, grace


@pytest.fixture(scope="module")
def users(tmp_path_factory):
    """The browsers of an admin and another user, for tries that change nothing."""
    return sign_both_in(make_shop(tmp_path_factory.mktemp("shop")))


def state(ada, grace):
    """All that a form could change."""
    cart, admin = ada.get("/cart").text, ada.get("/admin/sessions").text
    return {
        "page": re.search(r"<html [^>]*>", cart)[0],
        "cart": re.findall(r'name="quantity" value="[1-9][0-9]*"', cart),
        "account": ada.get("/account").text,
        "sessions": sorted(re.findall(r'name="handle" value="([^"]+)"', admin)),
        "cookies": (cookie(ada), cookie(grace)),
        "grace": grace.get("/account").status_code,
    }


# How another site may try, and what it would have to know for that.
WAYS = {
    "from another site, with the right token": lambda form, ada, grace: {
        "data": form | {"csrf": token_of(ada)},
        "headers": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
    },
    "without a token": lambda form, ada, grace: {"data": form},
    "with the token of the sign-in before": lambda form, ada, grace: {
        "data": form | {"csrf": ada.old_token}
    },
    "with the token of another session": lambda form, ada, grace: {
        "data": form | {"csrf": token_of(grace)}
    },
    "as text/plain that is JSON": lambda form, ada, grace: {
        "data": json.dumps(form | {"csrf": token_of(ada)}),
        "content_type": "text/plain",
        "headers": {"Sec-Fetch-Site": "cross-site"},
    },
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", FORMS)
def test_40_tries_of_other_sites(users, path, way):
    """Each form, tried in each way against an admin's browser, is refused and does nothing."""
    ada, grace = users
    before = state(ada, grace)
    form = FORMS[path]
    if path == "/admin/sessions/revoke":
        form = {"handle": before["sessions"][0]}

    answer = ada.post(path, **WAYS[way](form, ada, grace))

    assert answer.status_code == 403
    assert "Nothing was done" in answer.text
    assert "Set-Cookie" not in answer.headers
    assert state(ada, grace) == before


@pytest.mark.parametrize("path", FORMS)
def test_the_forms_would_have_done_something(tmp_path, path):
    """The same forms, sent by the shop's own page, all go through: it was the tries that failed."""
    ada, grace = sign_both_in(make_shop(tmp_path))
    before = state(ada, grace)
    form = FORMS[path]
    if path == "/admin/sessions/revoke":
        form = {"handle": before["sessions"][0]}

    answer = post(ada, path, **form)

    assert answer.status_code == 302
    assert state(ada, grace) != before


@pytest.mark.parametrize(
    "headers", [{}, {"X-HTTP-Method-Override": "POST"}, {"X-Csrf-Token": "x"}], ids=str
)
@pytest.mark.parametrize(
    "path", ["/cart/add", "/cart/change", "/preferences", "/sign-out", "/admin/sessions/revoke"]
)
def test_a_link_does_nothing(users, path, headers):
    """What a form does is not done by following a link, whatever stands in it."""
    ada, grace = users
    before = state(ada, grace)
    query = FORMS[path] | {"csrf": token_of(ada), "handle": before["sessions"][0]}

    answers = [ada.get(path, query_string=query, headers=headers), ada.head(path)]

    assert [answer.status_code for answer in answers] == [405, 405]
    assert state(ada, grace) == before


@pytest.mark.parametrize("token", ["", "x" * 43, "\N{SNOWMAN}"])
def test_a_token_that_is_none(users, token):
    """Made-up tokens are no better than none."""
    ada, grace = users
    before = state(ada, grace)

    assert ada.post("/sign-out", data={"csrf": token}).status_code == 403
    assert state(ada, grace) == before


@pytest.mark.parametrize("where", ["query_string", "headers", "json"])
def test_the_token_counts_in_the_form_only(users, where):
    """The right token elsewhere than in the form does not count (ASVS 14.2.1)."""
    ada, grace = users
    before = state(ada, grace)

    answer = ada.post("/sign-out", **{where: {"csrf": token_of(ada)}})

    assert answer.status_code == 403
    assert state(ada, grace) == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": ""},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {},
    ],
    ids=str,
)
def test_forms_of_other_sites_are_refused(tmp_path, headers):
    """A visitor's form that does not say it comes from the shop itself does nothing."""
    client = make_shop(tmp_path).test_client()

    answer = client.post("/cart/add", data={"sku": "mug"}, headers=headers)

    assert answer.status_code == 403
    assert cookie(client) is None


def test_an_older_browser_is_known_by_its_origin(tmp_path):
    """Where Sec-Fetch-Site is missing, the shop's own origin will do."""
    client = make_shop(tmp_path).test_client()

    answer = client.post("/cart/add", data={"sku": "mug"}, headers={"Origin": "http://localhost"})

    assert answer.status_code == 302
