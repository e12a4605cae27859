"""Other sites against the pages: each try is refused, and nothing has ended."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode

import pytest
from flask import Flask, request

from flask_sessionplus import SessionPlus, session
from flask_sessionplus.pages.base import Pages
from flask_sessionplus.pages.csrf import FIELD, form_token
from flask_sessionplus.pages.look import Look
from tests.pages.site import create_app, fields, issue, make_key, sign_in

OTHERS = "/account/devices/sign-out-others"


@pytest.fixture
def app():
    """A site whose page asks for no password, and says what it is."""
    return create_app({"SESSION_CONFIRM_VIEW": None})


@pytest.fixture
def ada(app):
    """A browser of Ada, who is signed in with another one too."""
    sign_in(app, "ada")
    return sign_in(app, "ada")


def count(app, user="ada"):
    """Count where a user is signed in."""
    with app.app_context():
        return len(app.extensions["sessionplus"].extension.sessions_of(user))


# What another site may try, and where it comes from.
CROSS = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
WAYS = {
    "no token": lambda good, other: {"data": {}},
    "an empty token": lambda good, other: {"data": {FIELD: ""}},
    "a token of another user": lambda good, other: {"data": other},
    "rubbish": lambda good, other: {"data": {FIELD: "\N{SNOWMAN}"}},
    "no base64": lambda good, other: {"data": {FIELD: "a"}},
    "too short": lambda good, other: {"data": {FIELD: good[FIELD][:-4]}},
    "zeros": lambda good, other: {"data": {FIELD: urlsafe_b64encode(bytes(64)).decode()}},
    "in the query": lambda good, other: {"query_string": good},
    "from another site": lambda good, other: {"data": good, "headers": CROSS},
    "from a sibling": lambda good, other: {
        "data": good,
        "headers": {"Sec-Fetch-Site": "same-site"},
    },
    "from another origin": lambda good, other: {
        "data": good,
        "headers": {"Origin": "https://evil.example"},
    },
    "from nowhere": lambda good, other: {"data": good, "headers": {"Origin": "null"}},
    "from no address": lambda good, other: {"data": good, "headers": {"Origin": "http://[x"}},
    "as JSON": lambda good, other: {"json": good},
    "as text": lambda good, other: {"data": json.dumps(good), "content_type": "text/plain"},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", ["sign-out", "sign-out-others"])
def test_what_is_refused(app, ada, form, way):
    """Neither form does anything unless it is this session's own, from this site."""
    good, other = fields(ada), fields(sign_in(app, "eve"))
    with app.app_context():
        handle = app.extensions["sessionplus"].extension.sessions_of("ada")[1].handle
    sent = WAYS[way](good, other)
    if isinstance(sent.get("data"), dict):
        sent["data"] |= {"handle": handle}

    answer = ada.post(f"/account/devices/{form}", **sent)

    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert count(app) == 2


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://localhost"},
    ],
)
def test_the_own_form_goes_through(app, ada, headers):
    """The same form, sent by the page itself, does what it says: it was the tries that failed."""
    answer = ada.post(OTHERS, data=fields(ada), headers=headers)

    assert (answer.status_code, answer.location) == (303, "/account/devices")
    assert count(app) == 1


def test_a_get_does_nothing(app, ada):
    """No address acts when it is only visited."""
    for path in (OTHERS, "/account/devices/sign-out"):
        assert ada.get(path).status_code == 405
    assert count(app) == 2


def test_a_token_is_dead_with_the_one_in_the_cookie(app, ada):
    """After a password was given again, the forms of the pages before are out of date."""
    old = fields(ada)
    ada.post("/confirm")

    assert ada.post(OTHERS, data=old).status_code == 403
    assert ada.post(OTHERS, data=fields(ada)).status_code == 303


def test_a_token_looks_different_each_time(ada):
    """A page has no part that stays the same and is secret; the older ones are as good."""
    first, second = fields(ada), fields(ada)

    assert first[FIELD] != second[FIELD]
    assert first[FIELD][:43] != second[FIELD][:43]
    assert ada.post(OTHERS, data=first).status_code == 303


def test_nothing_is_written_for_a_token(app, ada, monkeypatch):
    """To look at the page writes nothing into the store."""
    ada.get("/account/devices")
    store = app.extensions["sessionplus"].store
    monkeypatch.setattr(store, "apply", None)
    monkeypatch.setattr(store, "create", None)

    assert FIELD in fields(ada)


def test_what_is_refused_is_said(app, ada):
    """A person gets a page that leads back, a program an error; both are told that it failed."""
    page = ada.post(OTHERS, headers={"Accept": "text/html"})
    program = ada.post(OTHERS, headers={"Accept": "application/json"})

    assert "Nothing was done" in page.text
    assert 'href="/account/devices"' in page.text
    assert (page.status_code, program.status_code) == (403, 403)
    assert "sp-button" not in program.text


def test_a_bearer_needs_no_token():
    """No browser sends a bearer token by itself: an app signs its user out elsewhere."""
    app = create_app(
        {
            "SESSION_CONFIRM_VIEW": None,
            "SESSION_JWT_KEY": make_key(),
            "SESSION_JWT_ISSUER": "https://shop.example",
            "SESSION_JWT_AUDIENCE": "shop",
        }
    )
    sign_in(app, "ada")
    header = {"Authorization": f"Bearer {issue(app, 'ada').access}"}
    client = app.test_client()

    assert client.post(OTHERS).location == "/sign-in"
    assert client.post(OTHERS, headers={"Authorization": "Bearer x"}).status_code == 401
    answer = client.post(OTHERS, headers=header)
    assert answer.status_code == 303
    assert "Set-Cookie" not in answer.headers
    assert count(app) == 1


@pytest.fixture
def guarded():
    """A page behind something that has nothing to do with sessions."""
    app = Flask(__name__)
    app.secret_key = "k" * 32
    SessionPlus(app, store="memory://")
    pages = Pages("pages", url_prefix="/pages", look=Look(), guard=lambda: None)

    @pages.get("/")
    def index():
        return form_token()

    @pages.post("/do")
    def do():
        return "done"

    app.register_blueprint(pages)
    return app


def test_a_password_of_the_server_is_a_secret_too(guarded):
    """Who comes with HTTP Basic gets no session; the forms are protected all the same."""
    client = guarded.test_client()
    ada, eve = (
        {"Authorization": f"Basic {b64encode(user).decode()}"} for user in (b"ada:x", b"eve:y")
    )
    good = fields_with(client, ada)

    assert client.post("/pages/do", headers=ada).status_code == 403
    assert client.post("/pages/do", headers=ada, data=fields_with(client, eve)).status_code == 403
    assert client.post("/pages/do", headers=ada, data=good).text == "done"
    assert client.get_cookie("session") is None


def test_a_password_cannot_be_guessed_from_a_form(guarded):
    """Who sees a form learns nothing of the password: SECRET_KEY is in it, or there is no token."""
    client, ada = guarded.test_client(), {"Authorization": "Basic YWRhOng="}
    good = fields_with(client, ada)
    guarded.secret_key = b"another"
    assert client.post("/pages/do", headers=ada, data=good).status_code == 403
    assert client.post("/pages/do", headers=ada, data=fields_with(client, ada)).text == "done"

    guarded.secret_key = None
    assert fields_with(client, ada) == {FIELD: ""}
    assert client.post("/pages/do", headers=ada).status_code == 403
    assert client.post("/pages/do", headers={**ada, **CROSS}).status_code == 403
    assert client.post("/pages/do", headers={**ada, "Sec-Fetch-Site": "same-origin"}).text == "done"


@pytest.mark.parametrize(
    ("base", "origin", "status"),
    [
        ("https://localhost", "https://localhost", 200),
        ("https://localhost", "http://localhost", 403),
        ("http://localhost", "https://localhost", 200),
        ("http://localhost", "ftp://localhost", 403),
    ],
)
def test_what_came_without_https(guarded, base, origin, status):
    """Of a site with https, what somebody on the line has written is not from here."""
    client = guarded.test_client()

    answer = client.post("/pages/do", headers={"Origin": origin}, base_url=base)
    assert answer.status_code == status


def fields_with(client, headers):
    """Return what the form sends."""
    return {FIELD: client.get("/pages/", headers=headers).text}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        (CROSS, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Origin": "http://localhost"}, 200),
    ],
)
def test_who_has_no_secret_is_protected_by_the_browsers_word(guarded, headers, status):
    """Where the guard goes by addresses, the browser has to say that the form is ours."""
    client = guarded.test_client()

    assert client.post("/pages/do", headers=headers).status_code == status
    assert client.get_cookie("session") is None


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic YWRhOng="}])
def test_who_has_no_session_is_told_without_one(guarded, header):
    """The answer says it then: no record, no cookie, and forms in other tabs stay good."""
    pages = guarded.blueprints["pages"]

    def say():
        pages.tell("Ended: %(name)s.", name="<b>")
        return pages.go("do", name="x")

    guarded.view_functions["pages.do"] = guarded.view_functions["pages.index"] = say
    client = guarded.test_client()
    sent = {"headers": {**header, "Sec-Fetch-Site": "same-origin"}}
    if header:
        guarded.secret_key = None

    for answer in (client.post("/pages/do", **sent), client.get("/pages/", **sent)):
        assert (answer.status_code, "Set-Cookie" in answer.headers) == (200, False)
        assert "Ended: &lt;b&gt;." in answer.text
        assert 'href="/pages/do?name=x"' in answer.text
    assert guarded.extensions["sessionplus"].store.count() == 0


def test_a_session_that_begins_with_the_page(guarded):
    """The form on a page that begins the session is good already."""
    guarded.before_request(lambda: session.setdefault("seen", 1) and None)
    client = guarded.test_client()

    good = fields_with(client, {})

    assert client.post("/pages/do", data=good).text == "done"


def test_a_session_that_gets_another_token_with_the_page(app):
    """As where Flask-Login's remember cookie signs in: the form is good for the new token."""
    app.before_request(lambda: request.args.get("new") and session.regenerate())
    ada = sign_in(app, "ada")
    good = fields(ada, "/account/devices?new=1")

    assert ada.post(OTHERS, data=good).status_code == 303


@pytest.mark.parametrize("is_exempt", [False, True])
def test_beside_flask_wtf(is_exempt):
    """With Flask-WTF's CSRFProtect the forms go through, whether the blueprint is exempt or not."""
    flask_wtf = pytest.importorskip("flask_wtf.csrf")
    app = create_app({"SESSION_CONFIRM_VIEW": None, "SECRET_KEY": "k" * 32})
    app.view_functions["sign_in"].__module__ = "site"
    csrf = flask_wtf.CSRFProtect(app)
    csrf.exempt("site.sign_in")
    if is_exempt:
        csrf.exempt(app.blueprints["devices"])
    sign_in(app, "ada")
    ada = sign_in(app, "ada")
    good = fields(ada)

    assert set(good) == {"csrf_token", FIELD}
    assert ada.post(OTHERS, data={"csrf_token": good["csrf_token"]}).status_code == 403
    ours = ada.post(OTHERS, data={FIELD: good[FIELD]})
    assert ours.status_code == (303 if is_exempt else 400)
    assert ada.post(OTHERS, data=fields(ada)).status_code == 303
    assert count(app) == 1
