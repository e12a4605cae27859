"""The page of devices in the example shop: its layout, its languages, its own protection."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file

import flask_sessionplus.pages
from examples.shop.phrases import PHRASES
from flask_sessionplus.testing import FakeClock
from tests.pages.site import fields
from tests.web.shopping import ADA, make_shop, new_browser, post, sign_in

PAGE = "/account/devices"
FOLDER = Path(flask_sessionplus.pages.__file__).parent
PARTS = [*FOLDER.glob("*.py"), *FOLDER.glob("templates/sessionplus/devices/*.html")]


@pytest.fixture
def shop(tmp_path):
    """A shop with files of its own."""
    return make_shop(tmp_path)


@pytest.fixture
def ada(shop):
    """A browser in which Ada has signed in, as she did in another."""
    sign_in(new_browser(shop))
    browser = new_browser(shop)
    sign_in(browser)
    return browser


def test_it_is_a_page_of_the_shop(ada):
    """It has the shop's header, its policy and its language, and the way there is in the menu."""
    post(ada, "/preferences", language="de")
    answer = ada.get(PAGE)

    assert f'<a href="{PAGE}">Geräte</a>' in answer.text
    assert "<title>Ihre Geräte · Eckladen</title>" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'; ")
    assert answer.headers["Cache-Control"] == "no-store"


def test_all_others_are_signed_out(shop, ada):
    """The form carries the shop's token and the page's own; without either nothing is done."""
    there = new_browser(shop)
    sign_in(there)
    sent = fields(ada, PAGE)
    assert set(sent) == {"csrf", "sessionplus_form"}
    for missing in sent:
        some = {name: value for name, value in sent.items() if name != missing}
        assert ada.post(f"{PAGE}/sign-out-others", data=some).status_code == 403
    assert there.get("/account").status_code == 200

    assert ada.post(f"{PAGE}/sign-out-others", data=sent).location == PAGE
    assert there.get("/account").status_code == 302
    assert ada.get("/account").status_code == 200


def test_it_needs_a_recent_password(ada):
    """After a while, signing out another device leads to the password and back."""
    handle = re.findall(r'name="handle" value="([^"]+)"', ada.get(PAGE).text)[1]
    with FakeClock() as clock:
        clock.advance(16 * 60)
        sent = fields(ada, PAGE, handle=handle)
        came = {"Referer": f"http://localhost{PAGE}"}
        answer = ada.post(f"{PAGE}/sign-out", data=sent, headers=came)
        assert answer.location == "/confirm?next=%2Faccount%2Fdevices"
        post(ada, "/confirm", password=ADA["password"])

        done = ada.post(f"{PAGE}/sign-out", data=fields(ada, PAGE, handle=handle))
        assert done.location == PAGE
        assert "signed in nowhere else" in ada.get(PAGE).text


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_phrase_is_translated(part):
    """What the page can say, the shop can say in German and in French."""
    method = "jinja2" if part.suffix == ".html" else "python"
    found = {text for _, text, _, _ in extract_from_file(method, part, keywords={"_": None})}

    assert found - PHRASES.keys() == set()


def test_no_phrase_is_left_over():
    """A phrase that no page says any more is taken out."""
    files = [*FOLDER.glob("*.py"), *FOLDER.glob("templates/sessionplus/*.html"), *PARTS]
    methods = {".html": "jinja2", ".py": "python"}
    found = {
        text
        for file in files
        for _, text, _, _ in extract_from_file(methods[file.suffix], file, keywords={"_": None})
    }

    assert PHRASES.keys() - found == set()
    for english, others in PHRASES.items():
        for other in others:
            assert re.findall(r"%\(\w+\)s", other) == re.findall(r"%\(\w+\)s", english)


def test_the_dashboard_is_for_admins(shop, ada):
    """An admin finds the way there, others are refused, and it keeps its own strict policy."""
    grace = new_browser(shop)
    sign_in(grace, name="grace", password="first-real-bug")

    assert 'href="/admin/dashboard"' in ada.get("/admin/sessions").text
    answer = ada.get("/admin/dashboard")
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    assert grace.get("/admin/dashboard").status_code == 403
    asked = new_browser(shop).get("/admin/dashboard").location
    assert asked.startswith("/sign-in?next=")


def test_the_dashboard_needs_a_recent_password(ada):
    """Some time after the sign-in it is asked for again."""
    with FakeClock() as clock:
        clock.advance(16 * 60)

        assert ada.get("/admin/dashboard").location.startswith("/confirm?next=")
