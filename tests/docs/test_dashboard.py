"""dashboard: it is there for who may see it, and shows values to whom it says."""

from __future__ import annotations

import logging
import re
from types import SimpleNamespace
from typing import Any

import flask_babel
import flask_login
import pytest
from flask import session

from flask_sessionplus import SessionPlus, role_required
from flask_sessionplus.pages import dashboard
from flask_sessionplus.pages.csrf import FIELD
from flask_sessionplus.testing import FakeClock
from tests.support.processes import ROOT
from tests.web.typing_in import Desk, runs

PAGE = "/admin/sessions"


@pytest.fixture
def sign_in(desk: Desk):
    """Return what signs somebody in, and returns his browser."""
    SessionPlus(desk.app)
    desk.names.update(dashboard=dashboard, role_required=role_required)

    @desk.app.get("/in/<role>")
    def enter(role: str) -> str:
        session.login(7, role_id=role)
        session["cart"] = ["tea"]
        return session.identifier

    def sign(role: str) -> Any:
        browser = desk.app.test_client()
        browser.handle = browser.get(f"/in/{role}").text
        return browser

    return sign


def mount(desk: Desk) -> None:
    """Put what the page has made into the app."""
    desk.app.register_blueprint(desk.names["blueprint"], url_prefix=PAGE)


def show_values(browser: Any) -> Any:
    """Press the button for the values of one's own session."""
    page = browser.get(f"{PAGE}/end-all").text
    token = re.search(rf'name="{FIELD}" value="([^"]+)"', page)[1]
    return browser.post(f"{PAGE}/session/{browser.handle}/values", data={FIELD: token})


@runs("dashboard 1")
def test_mounting(desk: Desk, sign_in: Any) -> None:
    """It is there with two lines, for admins alone."""
    desk.type("dashboard 1")

    assert sign_in("admin").get(PAGE).status_code == 200
    assert sign_in("customer").get(PAGE).status_code == 403
    assert show_values(sign_in("admin")).status_code == 403


@runs("dashboard 2")
def test_a_function(desk: Desk, sign_in: Any) -> None:
    """Flask-Login's user decides."""
    users = {"1": SimpleNamespace(is_authenticated=True, is_active=True, get_id=lambda: "1")}
    flask_login.LoginManager(desk.app).user_loader(users.get)
    desk.app.secret_key = "s" * 40
    desk.type("dashboard 2")
    mount(desk)

    @desk.app.get("/flask-login")
    def enter_there() -> str:
        flask_login.login_user(users["1"])
        return "in"

    browser = desk.app.test_client()
    assert browser.get(PAGE).status_code == 403
    browser.get("/flask-login")
    for users["1"].is_admin, status in ((True, 200), (False, 403)):
        assert browser.get(PAGE).status_code == status


@runs("dashboard 3")
def test_fresh(desk: Desk, sign_in: Any) -> None:
    """After ten minutes the password is asked for."""
    desk.type("dashboard 3")
    mount(desk)
    with FakeClock() as now:
        browser = sign_in("admin")
        assert browser.get(PAGE).status_code == 200
        now.advance(601)
        assert browser.get(PAGE).status_code == 401


@runs("dashboard 4", "dashboard 5")
def test_values(desk: Desk, sign_in: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Admins see values, support does not; who has seen them is noted."""
    desk.type("dashboard 4")
    desk.type("dashboard 5")
    mount(desk)
    support, admin = sign_in("support"), sign_in("admin")

    assert show_values(support).status_code == 403
    with caplog.at_level(logging.WARNING):
        assert "[&#39;tea&#39;]" in show_values(admin).text
    assert f"7 has seen the values of the session {admin.handle}" in caplog.messages


@runs("dashboard 6")
def test_language(desk: Desk, sign_in: Any) -> None:
    """Texts are asked of Flask-Babel."""
    desk.app.config["BABEL_DEFAULT_LOCALE"] = "de"
    flask_babel.Babel(desk.app)
    desk.type("dashboard 6")
    mount(desk)

    assert '<html lang="de"' in sign_in("admin").get(PAGE).text


def test_pictures_are_there() -> None:
    """Each picture that the page shows is in the repository."""
    found = re.findall(r"images/[\w-]+\.png", (ROOT / "docs/dashboard.md").read_text())

    assert len(found) == 5
    assert all((ROOT / "docs" / each).exists() for each in found)
