"""The dashboard beside extensions that ask each view for its name."""

from __future__ import annotations

import re

import pytest
from flask_debugtoolbar import DebugToolbarExtension
from flask_wtf import CSRFProtect

from tests.pages.dashboards import PREFIX, create_app, handles, sign_in

SECRET = {"SECRET_KEY": "k" * 32}


def form_of(browser, path):
    """Return what the last form of a page sends, and where to."""
    form = re.findall(
        r"<form method=\"post\".*?</form>", browser.get(PREFIX + path).text, re.DOTALL
    )
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form[-1])
    return re.search('action="([^"]+)"', form[-1])[1], dict(found)


@pytest.mark.parametrize("is_exempt", [False, True])
def test_each_button_beside_flask_wtf(is_exempt):
    """With CSRFProtect each button does what it says, whether the blueprint is exempt or not."""
    app = create_app(SECRET, values=True)
    csrf = CSRFProtect(app)
    csrf.exempt(app.view_functions["sign_in"])
    if is_exempt:
        csrf.exempt(app.blueprints["dashboard"])
    sign_in(app, "bob")
    sign_in(app, "bob")
    ada = sign_in(app, "ada", role="admin")
    [_, other] = handles(app, "bob")
    for path, status, more in (
        (f"/session/{other}", 200, {}),
        ("/list?user=bob", 303, {}),
        ("/end-user?user=bob", 303, {}),
        ("/end-all", 200, {"phrase": "end all sessions"}),
    ):
        address, fields = form_of(ada, path)
        if not is_exempt:
            without = {key: value for key, value in fields.items() if key != "csrf_token"}
            assert ada.post(address, data={**without, **more}).status_code == 400
        assert ada.post(address, data={**fields, **more}).status_code == status
    assert (handles(app, "bob"), handles(app, "ada")) == ([], [])


def test_one_button_may_be_exempt():
    """A view is known to CSRFProtect by its module and name, as any other."""
    app = create_app(SECRET, guard=lambda: True)
    csrf = CSRFProtect(app)
    csrf.exempt("flask_sessionplus.pages.dashboard.blueprint.end_user")
    browser, here = app.test_client(), {"Sec-Fetch-Site": "same-origin"}

    assert browser.post(f"{PREFIX}/end-all", headers=here).status_code == 400
    answer = browser.post(f"{PREFIX}/end-user", headers=here, data={"user": "bob"})
    assert "Ended for the user bob: 0." in answer.text


def test_the_toolbar():
    """Flask-DebugToolbar is shown on each page."""
    app = create_app(SECRET, guard=lambda: True)
    app.debug = True
    DebugToolbarExtension(app)

    for path in ("", "/list", "/end-all"):
        answer = app.test_client().get(PREFIX + path)
        assert (answer.status_code, "flDebug" in answer.text) == (200, True)
