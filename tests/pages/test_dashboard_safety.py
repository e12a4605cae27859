"""Other sites, hostile visitors and curious admins: what the dashboard lets nobody do or see."""

from __future__ import annotations

import re
from hashlib import sha256

import pytest
from flask import session

from flask_sessionplus.pages.csrf import FIELD
from tests.pages.dashboards import (
    HOSTILE,
    PREFIX,
    admin,
    create_app,
    handles,
    send,
    sign_in,
    token,
)
from tests.pages.test_dashboard_guard import everything

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@pytest.mark.parametrize("guard", [lambda: True, lambda: False], ids=["let in", "kept out"])
def test_headers(guard):
    """Each answer, errors too, has the strict headers, a nonce of its own, and allows no origin."""
    app = create_app(guard=guard)
    sign_in(app, "bob")
    answers = everything(app, app.test_client())
    nonces = set()
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "Access-Control-Allow-Origin" not in answer.headers
        nonces.add(re.search(r"'nonce-([^']+)'", policy)[1])

    assert len(nonces) == len(answers)


POSTS = ["/session/{handle}/values", "/session/{handle}/end", "/end-user", "/end-all"]
WAYS = {
    "no token": lambda good: {"data": {}},
    "an empty token": lambda good: {"data": {FIELD: ""}},
    "a token of somebody else": lambda good: {"data": {FIELD: "A" * 88}},
    "in the query": lambda good: {"query_string": {FIELD: good}},
    "as JSON": lambda good: {"json": {FIELD: good}},
    "as text": lambda good: {"data": f"{FIELD}={good}", "content_type": "text/plain"},
    "another site": lambda good: {
        "data": {FIELD: good},
        "headers": {"Sec-Fetch-Site": "cross-site"},
    },
    "a sibling": lambda good: {"data": {FIELD: good}, "headers": {"Sec-Fetch-Site": "same-site"}},
    "another origin": lambda good: {
        "data": {FIELD: good},
        "headers": {"Origin": "https://e.example"},
    },
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("path", POSTS)
def test_forms_of_others(path, way):
    """What another site sends through an admin's browser is refused: nothing ends or is shown."""
    app = create_app(values=True)
    sign_in(app, "bob")
    browser = admin(app)
    [handle] = handles(app, "bob")
    given = WAYS[way](token(browser))
    if isinstance(given.get("data"), dict):
        given["data"].update(user="bob", phrase="end all sessions")
    answer = browser.post(PREFIX + path.format(handle=handle), **given)

    assert answer.status_code == 403
    assert "tea" not in answer.text
    assert handles(app, "bob") == [handle]


@pytest.mark.parametrize("path", POSTS[:2])
def test_links_do_nothing(path):
    """What changes or shows something is not done by GET or HEAD."""
    app = create_app(values=True)
    sign_in(app, "bob")
    browser = admin(app)
    [handle] = handles(app, "bob")

    for method in ("GET", "HEAD", "PUT", "DELETE"):
        answer = browser.open(PREFIX + path.format(handle=handle), method=method)
        assert answer.status_code == 405
    assert handles(app, "bob") == [handle]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text(text, tmp_path):
    """Whatever a visitor calls himself, his browser, his keys or values: the tags are ours."""

    def pages(hostile):
        app = create_app({"SESSION_STORE": f"file://{tmp_path}/{len(hostile)}"}, values=True)
        app.add_url_rule("/fill", view_func=fill(hostile), methods=["POST"])
        visitor = app.test_client()
        agent = "".join(char for char in hostile if char.isprintable()).encode("utf-8")
        visitor.environ_base["HTTP_USER_AGENT"] = agent.decode("latin-1")
        visitor.post("/fill")
        browser = admin(app)
        [handle] = handles(app, hostile)
        query = {"q": hostile}
        return [
            browser.get(f"{PREFIX}/list").text,
            browser.get(f"{PREFIX}/list", query_string=query).text,
            browser.get(f"{PREFIX}/list", query_string={"after": hostile}).text,
            browser.get(f"{PREFIX}/end-user", query_string={"user": hostile}).text,
            browser.get(f"{PREFIX}/session/{handle}").text,
            send(browser, f"/session/{handle}/values").text,
            browser.get(send(browser, "/end-user", user=hostile).location).text,
        ]

    def fill(hostile):
        def view():
            session.login(hostile)
            session[hostile] = {hostile: [hostile]}
            return "Filled."

        return view

    # Of a long name of a browser the beginning is shown as well.
    plain = [*pages("harmless"), *pages("long" * 12)]
    known = {tag for page in plain for tag in names(page)}
    for page in pages(text):
        assert names(page) <= known


def names(page):
    """Return the tags of a page, of their attributes only the names."""
    tags = re.findall(r"<[a-zA-Z/!](?:[^>\"']|\"[^\"]*\"|'[^']*')*>", page)
    return {re.sub(r"=(\"[^\"]*\"|'[^']*')", "", tag) for tag in tags}


def test_nothing_to_sign_in_with(tmp_path):
    """In no page or header of the dashboard is a token or a sid, nor are they in its links."""
    app = create_app(
        {"SESSION_STORE": f"sqlite:///{tmp_path}/s.sqlite", "SESSION_STATISTICS": True}, values=True
    )
    browsers = [sign_in(app, "bob"), sign_in(app, "carol"), admin(app)]
    name = app.config["SESSION_COOKIE_NAME"]
    secrets = []
    for browser in browsers:
        given = browser.get_cookie(name).value
        sid = sha256(given.encode()).digest()
        secrets += [given, sid.hex(), sid[16:].hex(), sid.hex()[:24]]
    ada = browsers[-1]
    [handle] = handles(app, "bob")
    texts = [str(answer.headers) + answer.text for answer in everything(app, ada)]
    texts += [send(ada, f"/session/{handle}/values").text, ada.get(f"{PREFIX}/list").text]

    assert all(secret not in text for secret in secrets for text in texts)
    app.extensions["sessionplus"].store.close()
