"""What those are told who may not: a redirect, a page, or JSON problem details."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import session

from flask_sessionplus.decorators import fresh_required, login_required, role_required
from flask_sessionplus.errors import AuthError, InvalidToken, LoginRequired, RoleRequired

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
VIEWS = {"SESSION_LOGIN_VIEW": "page"}

APIS = {
    "accepts JSON": {"Accept": "application/json"},
    "accepts problems": {"Accept": "application/problem+json"},
    "prefers JSON": {"Accept": "text/html;q=0.5, application/json"},
    "a script of old": {**HTML, "X-Requested-With": "XMLHttpRequest"},
    "a script": {"Accept": "*/*", "Sec-Fetch-Dest": "empty"},
    "an image": {"Accept": "image/webp,*/*;q=0.8", "Sec-Fetch-Dest": "image"},
    "sends JSON": {**HTML, "Content-Type": "application/json"},
    "sends JSON of a kind": {**HTML, "Content-Type": "application/merge-patch+json; v=1"},
}
PEOPLE = {
    "a browser": HTML,
    "a browser that says so": {**HTML, "Sec-Fetch-Dest": "document"},
    "an iframe": {**HTML, "Sec-Fetch-Dest": "iframe"},
    "says nothing": {},
    "takes anything": {"Accept": "*/*"},
    "sends a form": {**HTML, "Content-Type": "application/x-www-form-urlencoded"},
}


@pytest.mark.parametrize("headers", PEOPLE.values(), ids=PEOPLE)
def test_people_are_sent_to_the_sign_in(make_visitor, headers):
    """A person goes to `SESSION_LOGIN_VIEW`, and knows where to go on."""
    answer = make_visitor(login_required, **VIEWS).client.get("/view?a=1&b=2", headers=headers)

    assert (answer.status_code, answer.location) == (302, "/?next=%2Fview%3Fa%3D1%26b%3D2")
    assert answer.headers["Cache-Control"] == "no-store"
    assert {"Accept", "Authorization", "Cookie"} <= set(answer.headers["Vary"].split(", "))


@pytest.mark.parametrize("headers", APIS.values(), ids=APIS)
def test_programs_are_told(make_visitor, headers):
    """A program gets a 401 with problem details (RFC 9457), and what it has to bring."""
    answer = make_visitor(login_required, **VIEWS).client.get("/view", headers=headers)

    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.get_json() == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "detail": "Please sign in.",
    }
    assert answer.headers["WWW-Authenticate"] == "Session"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        (HTML, "text/html; charset=utf-8"),
        ({}, "application/problem+json"),
        ({"Accept": "*/*"}, "application/problem+json"),
        ({"Accept": "application/json"}, "application/problem+json"),
    ],
)
def test_without_a_sign_in_page(make_visitor, headers, kind):
    """Without `SESSION_LOGIN_VIEW` everybody gets the 401, as a page who asks for one by name."""
    answer = make_visitor(login_required).client.get("/view", headers=headers)

    assert (answer.status_code, answer.content_type) == (401, kind)
    assert "Please sign in." in answer.text
    assert answer.headers["WWW-Authenticate"] == "Session"


def test_with_tokens_a_bearer_is_asked_for(make_visitor):
    """Where bearer tokens are taken, that is what the 401 asks for."""
    visitor = make_visitor(
        login_required,
        SESSION_JWT_KEY="k" * 32,
        SESSION_JWT_ALGORITHMS="HS256",
        SESSION_JWT_ISSUER="https://id.example",
        SESSION_JWT_AUDIENCE="shop",
    )

    assert visitor.client.get("/view").headers["WWW-Authenticate"] == "Bearer"


def test_the_wrong_role_is_no_redirect(make_visitor):
    """A 403 stays where it is, as a page or as JSON: to sign in again would change nothing."""
    visitor = make_visitor(role_required("admin"), **VIEWS)
    visitor(lambda: session.login(7))
    page = visitor.client.get("/view", headers=HTML)
    problem = visitor.client.get("/view", headers={"Accept": "application/json"})

    assert (page.status_code, page.mimetype) == (403, "text/html")
    assert (problem.status_code, problem.get_json()["title"]) == (403, "Forbidden")
    assert "WWW-Authenticate" not in problem.headers
    assert problem.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("decorate", "expected"),
    [(fresh_required(60), "/confirm"), (login_required(level="2fa"), "/confirm")],
)
@pytest.mark.parametrize("confirm", ["/confirm", None])
def test_the_confirming_page(clock, make_visitor, decorate, expected, confirm):
    """Who has to prove more goes to `SESSION_CONFIRM_VIEW`, or else to the sign-in."""
    visitor = make_visitor(decorate, SESSION_LOGIN_VIEW="/sign-in", SESSION_CONFIRM_VIEW=confirm)
    assert urlsplit(visitor.client.get("/view").location).path == "/sign-in"

    visitor(lambda: session.login(7))
    clock.advance(61)
    assert urlsplit(visitor.client.get("/view").location).path == confirm or "/sign-in"


@pytest.mark.parametrize(
    ("referrer", "expected"),
    [
        ("http://localhost/cart?a=1", ["/cart?a=1"]),
        ("http://localhost/", ["/"]),
        ("http://evil.example/cart", None),
        ("https://localhost/cart", None),
        ("http://localhost:81/cart", None),
        ("http://localhost@evil.example/cart", None),
        ("http://user@localhost/cart", None),
        ("http://localhost//evil.example/", None),
        ("http://[::1/", None),
        ("about:blank", None),
        ("", None),
    ],
)
def test_a_form_that_was_sent(make_visitor, referrer, expected):
    """A POST is a 303, so that it is not sent again; then the page it came from is next."""
    headers = {**HTML, "Referer": referrer}
    answer = make_visitor(login_required, **VIEWS).client.post("/view", headers=headers)

    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.location).query).get("next") == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/view/caf%C3%A9", "/view/caf%C3%A9"),
        ("/view/a%3Fb", "/view/a%3Fb"),
        ("/view/a%20b?c=d%20e", "/view/a%20b?c=d%20e"),
        ("/view/a?b=//evil.example", "/view/a?b=//evil.example"),
    ],
)
def test_next_is_the_address_as_it_was(make_visitor, path, expected):
    """`next` is what was asked for, spelled so that it leads there again."""
    visitor = make_visitor(login_required, rule="/view/<path:rest>", **VIEWS)

    location = visitor.client.get(path, headers=HTML).location

    assert parse_qs(urlsplit(location).query)["next"] == [expected]


def test_a_query_that_was_not_escaped(make_visitor):
    """What somebody has typed after the `?`, as raw UTF-8, is the same in `next`."""
    visitor = make_visitor(login_required, **VIEWS)
    raw = {"QUERY_STRING": "q=é&r=%C3%A9&s=a+b".encode().decode("latin-1")}

    location = visitor.client.get("/view", environ_overrides=raw, headers=HTML).location

    assert parse_qs(urlsplit(location).query)["next"] == ["/view?q=%C3%A9&r=%C3%A9&s=a+b"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [("//evil.example/", "/evil.example/"), ("/\\evil.example", None)],
)
def test_an_address_that_could_be_another_site(make_visitor, path, expected):
    """What a browser could take for another site is a path of this one in `next`, or left out."""
    visitor = make_visitor(login_required, rule="/<path:rest>", **VIEWS)
    visitor.site.app.url_map.merge_slashes = False

    answer = visitor.client.get("/x", environ_overrides={"PATH_INFO": path}, headers=HTML)

    found = parse_qs(urlsplit(answer.location).query).get("next", [None])
    assert (answer.status_code, found) == (302, [expected])


def test_an_app_below_a_prefix(make_visitor):
    """Mounted below a prefix, both the sign-in and `next` are below it."""
    visitor = make_visitor(login_required, **VIEWS)

    answer = visitor.client.get("/view", environ_overrides={"SCRIPT_NAME": "/mount"}, headers=HTML)

    assert answer.location == "/mount/?next=%2Fmount%2Fview"


def test_a_sign_in_page_elsewhere(make_visitor):
    """The view may be an address, with a query of its own."""
    view = "https://id.example/sign-in?client=shop"
    answer = make_visitor(login_required, SESSION_LOGIN_VIEW=view).client.get("/view", headers=HTML)

    assert answer.location == f"{view}&next=%2Fview"


@pytest.mark.parametrize("handled", [LoginRequired, AuthError, 401])
def test_the_apps_handler_wins(make_visitor, handled):
    """An error handler of the app answers instead, whatever would have been sent."""

    def prepare(app):
        app.register_error_handler(handled, lambda error: (f"own: {error.description}", 418))

    answer = make_visitor(login_required, prepare=prepare, **VIEWS).client.get("/view")

    assert (answer.status_code, answer.text) == (418, "own: Please sign in.")


def test_raised_by_the_app(make_visitor):
    """The errors may be raised anywhere; what they say to the log is not in the answer."""
    visitor = make_visitor(lambda view: view)

    def page():
        raise RoleRequired("Eve wanted the payroll.")

    answer = visitor(page)
    assert answer.status == 403
    assert "Eve" not in answer.text


def test_a_bad_token_has_one_answer(make_visitor):
    """`InvalidToken` is JSON for everybody, never a redirect, and always the same."""

    def page():
        raise InvalidToken("The signature is wrong.")

    visitor = make_visitor(lambda view: view, **VIEWS)
    answers = [visitor(page, headers=headers) for headers in ({}, HTML, *APIS.values())]

    assert {answer.status for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert {a.headers["WWW-Authenticate"] for a in answers} == {'Bearer error="invalid_token"'}
    assert "signature" not in answers[0].text
