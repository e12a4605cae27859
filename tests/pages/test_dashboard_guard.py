"""Who may see the dashboard: nobody but whom the guard lets in, on all of its addresses."""

from __future__ import annotations

import pytest
from flask import Flask, abort, redirect, session

from flask_sessionplus import (
    ConfigError,
    SessionPlus,
    fresh_required,
    get_data,
    login_required,
    no_session,
    put_data,
    role_required,
    scoped,
)
from flask_sessionplus.pages import dashboard
from flask_sessionplus.testing import FakeClock
from tests.pages.dashboards import PREFIX, admin, create_app, handles, send, sign_in

GETS = ["", "/list", "/list?q=bob", "/session/{handle}", "/end-user?user=bob", "/end-all"]
POSTS = ["/session/{handle}/values", "/session/{handle}/end", "/end-user", "/end-all"]


def everything(app, browser):
    """Try every address; return the answers."""
    [handle] = handles(app, "bob")
    paths = [PREFIX + path.format(handle=handle) for path in GETS + POSTS]
    data = {"user": "bob", "phrase": "end all sessions"}
    return [browser.get(path) for path in paths[: len(GETS)]] + [
        browser.post(path, data=data) for path in paths[len(GETS) :]
    ]


def test_without_a_guard():
    """The dashboard is off: without a guard there is none, and the error says what to give."""
    with pytest.raises(ConfigError, match=r"needs a guard\. Give a function .*guard=role_req"):
        dashboard.create_blueprint()


@pytest.mark.parametrize("guard", [True, "admin", 7, ["admin"]])
def test_what_is_no_guard(guard):
    """What cannot be asked lets nobody in: it is refused at once."""
    with pytest.raises(ConfigError, match="must be a function, not"):
        dashboard.create_blueprint(guard=guard)


@pytest.mark.parametrize("guard", [scoped("x"), get_data("x"), put_data("x"), no_session()])
def test_decorators_that_keep_nobody_out(guard):
    """A decorator that is for something else is no guard."""
    with pytest.raises(ConfigError, match="keeps nobody out: those that do are login_required"):
        dashboard.create_blueprint(guard=guard)


@pytest.mark.parametrize(
    "guard", [login_required(), login_required(level="2fa"), role_required(1), fresh_required()]
)
def test_decorators_that_keep_people_out(guard):
    """Those for who is signed in, has a role or gave the password just now are guards."""
    app = create_app(guard=guard)

    assert app.test_client().get(PREFIX).status_code == 401


@pytest.mark.parametrize("values", [None, 1, "yes", role_required("owner")])
def test_what_cannot_permit_values(values):
    """Whether values are shown is said by True, False or a function."""
    with pytest.raises(ConfigError, match="must be True, False or a function"):
        dashboard.create_blueprint(guard=lambda: True, values=values)


def test_nothing_is_there_by_itself():
    """An app that has not asked for the dashboard has no address of it."""
    app = Flask(__name__)
    app.config["SESSION_STORE"] = "memory://"
    before = len(list(app.url_map.iter_rules()))
    SessionPlus(app)

    assert len(list(app.url_map.iter_rules())) == before


@pytest.mark.parametrize("no", [False, None, 0])
def test_who_is_not_let_in(no):
    """No address answers with anything but 403, and nothing is ended or shown."""
    app = create_app({"SESSION_HISTORY": 0}, guard=lambda: no, values=True)
    sign_in(app, "bob")
    browser = sign_in(app, "eve")
    answers = everything(app, browser)

    assert {answer.status_code for answer in answers} == {403}
    assert all("bob" not in answer.text for answer in answers)
    assert len(handles(app, "bob")) == 1


def test_the_guard_is_asked_for_each_request():
    """Who is no admin any more is out with the next request (ASVS 8.3.2)."""
    admins = {"ada"}
    app = create_app(guard=lambda: session.get("name") in admins)
    app.add_url_rule("/call", view_func=lambda: session.update(name="ada") or "", methods=["POST"])
    browser = app.test_client()
    browser.post("/call")
    assert browser.get(PREFIX).status_code == 200
    admins.clear()

    assert browser.get(PREFIX).status_code == 403


def test_a_guard_may_answer_itself():
    """What a guard returns as a response is the answer, and no yes."""
    app = create_app(guard=lambda: redirect("/sign-in"))
    sign_in(app, "bob")

    answers = everything(app, app.test_client())
    assert {(answer.status_code, answer.location) for answer in answers} == {(302, "/sign-in")}


def test_a_guard_may_abort():
    """A guard that aborts has said no in its own way."""
    app = create_app(guard=lambda: abort(404))
    sign_in(app, "bob")

    assert {answer.status_code for answer in everything(app, app.test_client())} == {404}


async def later():
    """Let nobody in, by an async function."""
    return False


def test_an_async_guard():
    """A coroutine is true to Python; it is waited for, and what it says counts."""
    app = create_app(guard=later)

    assert app.test_client().get(PREFIX).status_code == 403


@pytest.mark.parametrize(
    "said",
    [
        lambda: ("no", 403),
        lambda: "no",
        lambda: print,
        lambda: {"is_admin": False},
        lambda: 403,
        lambda: -1,
        lambda: 1.0,
    ],
)
def test_what_is_true_by_accident(said):
    """A view's answer, a status, forgotten brackets: all true to Python, and let nobody in."""
    app = create_app(guard=said)

    answer = app.test_client().get(PREFIX)
    assert (answer.status_code, "Sessions" in answer.text) == (500, False)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(TypeError, match="neither yes nor no"):
        app.test_client().get(PREFIX)


def test_a_guard_that_fails():
    """A guard that raises lets nobody in."""

    def fail():
        raise LookupError("no such role")

    app = create_app(guard=fail, values=True)
    sign_in(app, "bob")

    assert {answer.status_code for answer in everything(app, app.test_client())} == {500}
    assert len(handles(app, "bob")) == 1


def test_a_decorator_as_guard():
    """`role_required` covers every address: 401 for nobody, 403 for others, the page for admins."""
    app = create_app()
    sign_in(app, "bob")

    assert {each.status_code for each in everything(app, app.test_client())} == {401}
    assert {each.status_code for each in everything(app, sign_in(app, "eve"))} == {403}
    assert len(handles(app, "bob")) == 1
    assert admin(app).get(PREFIX).status_code == 200


def test_decorators_over_the_blueprint():
    """`fresh_required` over the blueprint asks for the password again after a while."""
    app = Flask(__name__)
    app.config["SESSION_STORE"] = "memory://"
    SessionPlus(app)
    blueprint = fresh_required(600)(dashboard.create_blueprint(guard=role_required("admin")))
    app.register_blueprint(blueprint, url_prefix=PREFIX)
    app.add_url_rule("/in", view_func=lambda: session.login("ada", role_id="admin") or "in")
    browser = app.test_client()
    with FakeClock() as now:
        browser.get("/in")

        assert browser.get(PREFIX).status_code == 200
        now.advance(601)
        assert browser.get(PREFIX).status_code == 401


def test_a_decorator_that_was_not_called():
    """`guard=login_required` is no guard: what it returns is neither yes nor no."""
    app = create_app(guard=login_required)

    assert app.test_client().get(PREFIX).status_code == 500


@pytest.mark.parametrize("guard", [lambda: False, role_required("admin")])
def test_style_is_for_everybody(guard):
    """The style sheet has no data, and can be had without the guard, from caches, too."""
    app = create_app(guard=guard)

    with app.test_client().get(f"{PREFIX}/static/dashboard.css") as answer:
        assert (answer.status_code, answer.mimetype) == (200, "text/css")
        assert "Vary" not in answer.headers


@pytest.mark.parametrize("yes", [True, 1])
def test_who_is_let_in(yes):
    """True lets in, and 1 as databases say it."""
    assert create_app(guard=lambda: yes).test_client().get(PREFIX).status_code == 200


@pytest.mark.parametrize("permits", [False, lambda: False, lambda: None])
def test_values_are_hidden(permits):
    """Without permission there is no button for values, and the address gives none."""
    app = create_app(values=permits)
    sign_in(app, "bob")
    [handle] = handles(app, "bob")
    browser = admin(app)

    assert "Show the values" not in browser.get(f"{PREFIX}/session/{handle}").text
    answer = send(browser, f"/session/{handle}/values")
    assert (answer.status_code, "dark" in answer.text) == (403, False)


def test_values_for_who_may():
    """A function decides for each request who sees values, beside the guard."""
    app = create_app(values=lambda: session.user_id == "ada")
    sign_in(app, "bob")
    [handle] = handles(app, "bob")

    for name, status in (("ada", 200), ("eve", 403)):
        assert send(admin(app, name), f"/session/{handle}/values").status_code == status
