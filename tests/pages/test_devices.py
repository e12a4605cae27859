"""The page on which a user sees where he is signed in, and ends it."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask_login import LoginManager, UserMixin, login_user

from flask_sessionplus import SessionPlus, StoreConflict, global_session
from flask_sessionplus.pages import devices
from flask_sessionplus.testing import FakeClock
from tests.pages.site import (
    EDGE,
    IPAD,
    IPHONE,
    NOON,
    create_app,
    fields,
    furnish,
    issue,
    make_key,
    sign_in,
)

PAGE = "/account/devices"
TOKENS = {
    "SESSION_JWT_ISSUER": "https://shop.example",
    "SESSION_JWT_AUDIENCE": "shop",
}


@pytest.fixture
def app():
    """A site that asks for a recent password, and for apps, too."""
    return create_app({**TOKENS, "SESSION_JWT_KEY": make_key()})


def listed(browser):
    """Return what is shown of each device, and its handle."""
    rows = re.findall('<li class="sp-device.*?</li>', browser.get(PAGE).text, re.DOTALL)
    return [(shown(row), re.search(r'name="handle" value="([^"]+)"', row)[1]) for row in rows]


def shown(html):
    """Return the words of some HTML."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def told(browser):
    """Return what the page tells on top."""
    page = browser.get(PAGE).text
    found = re.search(r'<p class="sp-message sp-(\w+)" role="status">(.*?)</p>', page)
    return found and (found[1], unescape(found[2]))


def of(app, user="ada"):
    """Return the kinds of what a user has."""
    with app.app_context():
        return [each.kind for each in app.extensions["sessionplus"].extension.sessions_of(user)]


def test_what_is_listed(app):
    """This browser comes first, then the others, the one seen last before the rest."""
    cookie = furnish(app, "ada")
    sign_in(app, "eve")
    browser = app.test_client()
    browser.set_cookie("session", cookie)

    with FakeClock(NOON):
        found = [text.removesuffix(" Sign out") for text, _ in listed(browser)]

    assert found == [
        "Firefox 140 on Linux Last seen now Signed in 8 min ago Address 203.0.113.24",
        "CornerShop/4.2 App Last seen 40 min ago Signed in 40 min ago Address 198.51.100.6",
        "Mobile Safari 18 on iOS Last seen 4 h ago Signed in a day ago Address 203.0.113.24",
        "Mobile Safari 18 on iOS Last seen 2 days ago Signed in 6 days ago"
        " Address 2001:db8:3fe4:10::7",
        "Edge 142 on Windows Last seen 2026-11-12 Signed in 2026-11-09 Address 192.0.2.81",
    ]


def test_the_users_own_data_are_no_device(app):
    """The global session is not offered to be signed out: it would be removed."""
    app.add_url_rule("/own", view_func=lambda: str(global_session.update(cart=["mug"])))
    ada = sign_in(app, "ada")
    app.test_client().get("/own", headers={"Authorization": f"Bearer {issue(app, 'ada').access}"})

    assert sorted(of(app)) == ["browser", "global", "token"]
    assert len(listed(ada)) == 2


def test_who_is_signed_in_nowhere_else(app):
    """Then that is said, and there is nothing to press for it."""
    text = sign_in(app, "ada").get(PAGE).text

    assert "You are signed in nowhere else." in text
    assert "sign-out-others" not in text


@pytest.mark.parametrize("kind", ["browser", "token"])
def test_one_is_signed_out(app, kind):
    """A browser or an app is signed out, the others are not, and the page says which it was."""
    other = sign_in(app, "ada", EDGE)
    pair = issue(app, "ada")
    ada = sign_in(app, "ada")
    rows = {text.partition(" Last")[0]: handle for text, handle in listed(ada)}
    name = {"browser": "Edge 142 on Windows", "token": "CornerShop/4.2"}[kind]
    handle = rows[name if kind == "browser" else f"{name} App"]

    answer = ada.post(f"{PAGE}/sign-out", data=fields(ada, handle=handle))

    assert (answer.status_code, answer.location) == (303, PAGE)
    assert told(ada) == ("success", f"Signed out: {name}.")
    assert told(ada) is None
    header = {"Authorization": f"Bearer {pair.access}"}
    assert other.get(PAGE).status_code == (302 if kind == "browser" else 200)
    status = app.test_client().get(PAGE, headers=header).status_code
    assert status == (401 if kind == "token" else 200)


def test_all_others_are_signed_out(app):
    """Browsers and apps are; this one gets a new token, and other users are left alone."""
    other, eve = sign_in(app, "ada"), sign_in(app, "eve")
    pair, ada = issue(app, "ada"), sign_in(app, "ada")
    before = ada.get_cookie("session").value

    answer = ada.post(f"{PAGE}/sign-out-others", data=fields(ada))

    assert (answer.status_code, answer.location) == (303, PAGE)
    assert told(ada) == ("success", "You are signed out everywhere else.")
    assert ada.get_cookie("session").value != before
    assert of(app) == ["browser"]
    assert other.get(PAGE).location.startswith("/sign-in")
    assert eve.get(PAGE).status_code == 200
    header = {"Authorization": f"Bearer {pair.access}"}
    assert app.test_client().get(PAGE, headers=header).status_code == 401


def test_a_second_click_leads_back(app, monkeypatch):
    """Of two clicks at once one ends the others; the other one is no error for its visitor."""
    ada = sign_in(app, "ada")

    def revoke_user(*_, **__):
        raise StoreConflict("The session has a new token since. Try again.")

    monkeypatch.setattr(devices.directory, "revoke_user", revoke_user)
    answer = ada.post(f"{PAGE}/sign-out-others", data=fields(ada))

    assert (answer.status_code, answer.location) == (303, PAGE)
    assert told(ada) is None


@pytest.mark.parametrize(
    ("goodbye", "target"), [(None, "/sign-in"), ("home", "/"), ("/bye", "/bye")]
)
def test_this_one_is_signed_out(goodbye, target):
    """To end the session one is in is to sign out, with all that belongs to that."""
    app = create_app(goodbye=goodbye)
    ada = sign_in(app, "ada")
    [(_, handle)] = listed(ada)

    answer = ada.post(f"{PAGE}/sign-out", data=fields(ada, handle=handle))

    assert (answer.status_code, answer.location) == (303, target)
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert ada.get_cookie("session") is None
    assert of(app) == []


def test_to_leave_needs_no_password():
    """At a computer of others, whoever signs out is signed out, however long ago he signed in."""
    app = create_app({"SESSION_LOGIN_VIEW": None})
    with FakeClock() as now:
        ada = sign_in(app, "ada")
        [(_, handle)] = listed(ada)
        now.advance(timedelta(minutes=16))
        sent = fields(ada, handle=handle)
        answer = ada.post(f"{PAGE}/sign-out", data=sent, base_url="http://localhost/app")

    assert (answer.status_code, answer.location) == (303, "/app/")
    assert of(app) == []


def test_of_very_many_some_are_shown(app, monkeypatch):
    """The page has an end, says how many more there are, and signs all of them out."""
    monkeypatch.setattr(devices, "MOST", 2)
    ada = sign_in(app, "ada")
    for _ in range(4):
        sign_in(app, "ada")
    text = shown(ada.get(PAGE).text)

    assert len(listed(ada)) == 2
    assert "This device" in text
    assert "Other devices 4" in text
    assert "3 more are not shown." in text
    ada.post(f"{PAGE}/sign-out-others", data=fields(ada))
    assert of(app) == ["browser"]
    assert "more are not shown" not in ada.get(PAGE).text


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_nobody_learns_of_anothers_session(app, accept):
    """A handle of another user's session is answered like one that never was, to the letter."""
    sign_in(app, "eve")
    with app.app_context():
        eves = app.extensions["sessionplus"].extension.sessions_of("eve")[0].handle
    ada = sign_in(app, "ada")
    answers = []
    for handle in (eves, "A" * 22, "", "x" * 5000, "../../etc"):
        sent = fields(ada, handle=handle)
        answer = ada.post(f"{PAGE}/sign-out", data=sent, headers={"Accept": accept})
        headers = [line for line in answer.headers if line[0] != "Content-Security-Policy"]
        answers.append((answer.status_code, answer.text, headers, told(ada)))

    assert [each for each in answers if each != answers[0]] == []
    assert answers[0][0] == (303 if accept == "text/html" else 404)
    assert of(app, "eve") == ["browser"]


def test_one_that_was_gone(app):
    """Who is a moment late is told to look again."""
    other = sign_in(app, "ada")
    ada = sign_in(app, "ada")
    handle = listed(ada)[1][1]
    sent = fields(ada, handle=handle)
    other.post("/sign-in", data={"user": "ada"})

    ada.post(f"{PAGE}/sign-out", data=sent)

    assert told(ada)[0] == "error"
    assert of(app) == ["browser"] * 2


@pytest.mark.parametrize("form", ["sign-out", "sign-out-others"])
def test_a_recent_password_is_asked_for(app, form):
    """Who has given it a while ago is sent to give it again, and comes back to the page."""
    with FakeClock() as now:
        sign_in(app, "ada")
        ada = sign_in(app, "ada")
        handle = listed(ada)[1][1]
        now.advance(timedelta(minutes=16))
        sent = fields(ada, handle=handle)
        answer = ada.post(
            f"{PAGE}/{form}", data=sent, headers={"Referer": f"http://localhost{PAGE}"}
        )

        assert answer.location == "/confirm?next=%2Faccount%2Fdevices"
        program = ada.post(f"{PAGE}/{form}", data=sent, headers={"Accept": "application/json"})
        assert program.status_code == 401
        assert of(app) == ["browser"] * 2
        ada.post("/confirm")
        assert ada.post(f"{PAGE}/{form}", data=fields(ada, handle=handle)).location == PAGE
        assert of(app) == ["browser"]


@pytest.mark.parametrize("settings", [{"SESSION_CONFIRM_VIEW": None}, {}])
def test_a_password_need_not_be_asked_for(settings):
    """Not if there is no page for it, and not if the blueprint says so."""
    app = create_app(settings, needs_fresh=bool(settings))
    with FakeClock() as now:
        sign_in(app, "ada")
        ada = sign_in(app, "ada")
        now.advance(timedelta(minutes=16))

        assert ada.post(f"{PAGE}/sign-out-others", data=fields(ada)).location == PAGE


def test_strangers(app):
    """Who is not signed in is sent to the sign-in, a program gets 401; none gets a session."""
    client = app.test_client()

    assert client.get(PAGE).location == "/sign-in?next=%2Faccount%2Fdevices"
    assert client.get(PAGE, headers={"Accept": "application/json"}).status_code == 401
    for form in ("sign-out", "sign-out-others"):
        assert client.post(f"{PAGE}/{form}").location == "/sign-in"
    assert client.get_cookie("session") is None


def test_without_a_sign_in_page():
    """Then it is 401."""
    app = create_app({"SESSION_LOGIN_VIEW": None})

    assert app.test_client().get(PAGE).status_code == 401


def test_with_flask_login():
    """Who has signed in by Flask-Login has the page, and what is ended here is ended there."""
    app = Flask(__name__)
    app.config["SECRET_KEY"] = "k" * 32
    SessionPlus(app, store="memory://")
    LoginManager(app).user_loader(user)
    app.add_url_rule("/in", view_func=lambda: str(login_user(user("7"))), endpoint="sign_in")
    app.register_blueprint(devices.create_blueprint())
    here, there = app.test_client(), app.test_client()
    for browser in (here, there):
        browser.get("/in")
    sent = fields(here, "/devices")

    assert here.get("/devices").text.count('<li class="sp-device') == 2
    assert here.post("/devices/sign-out-others", data=sent).status_code == 303
    assert there.get("/devices").status_code == 401
    assert here.get("/devices").status_code == 200


def user(user_id):
    """Return the user with this id."""
    found = UserMixin()
    found.id = user_id
    return found


def test_a_store_that_does_not_know_its_owners():
    """Then it is said, and nothing can be ended."""
    app = create_app({"SESSION_STORE": "cookie://", "SECRET_KEY": "k" * 32})
    ada = sign_in(app, "ada")
    page = ada.get(PAGE).text
    sent = {"sessionplus_form": re.search(r'name="sessionplus_form" value="([^"]+)', page)}

    assert "cannot be listed" in page
    assert sent["sessionplus_form"] is None


def test_shapes(app):
    """A picture tells telephones, tablets, computers and apps apart."""
    for agent in (IPHONE, IPAD, EDGE):
        sign_in(app, "ada", agent)
    issue(app, "ada")
    ada = sign_in(app, "ada", "")
    text = ada.get(PAGE).text

    pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(set(pictures)) == 4
    assert "A browser" in text
