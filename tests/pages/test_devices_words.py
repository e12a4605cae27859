"""The page of devices in other languages, by real catalogues of Flask-Babel."""

from __future__ import annotations

import re
from pathlib import Path

import flask_babel
import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from flask import request

import flask_sessionplus.pages
from flask_sessionplus.pages import Look
from flask_sessionplus.testing import FakeClock
from tests.pages.site import NOON, create_app, fields, furnish

PAGE = "/account/devices"
FOLDER = Path(flask_sessionplus.pages.__file__).parent
GERMAN = {
    "Your devices": "Ihre Geräte",
    "Last seen": "Zuletzt da",
    "%(count)s min ago": "vor %(count)s Min.",
    "a day ago": "gestern",
    "Sign out": "Abmelden",
    "Signed out: %(device)s.": "Abgemeldet: %(device)s.",
}


def texts():
    """Return all that the pages say, as `pybabel extract` finds it."""
    methods = [("**.py", "python"), ("**.html", "jinja2")]
    return {text for _, _, text, _, _ in extract_from_dir(FOLDER, methods, keywords={"_": None})}


@pytest.fixture(scope="module")
def catalogues(tmp_path_factory):
    """Return a folder with a German catalogue, and one in Arabic letters that marks each text."""
    folder = tmp_path_factory.mktemp("translations")
    marked = {text: f"«{text}»" for text in texts()}
    for language, words in {"de": GERMAN, "ar": marked}.items():
        catalogue = Catalog(locale=language)
        for text, translation in words.items():
            catalogue.add(text, translation)
        place = folder / language / "LC_MESSAGES"
        place.mkdir(parents=True)
        with (place / "messages.mo").open("wb") as file:
            write_mo(file, catalogue)
    return folder


@pytest.fixture
def browser(catalogues):
    """Somebody who is signed in at several places, at a site in the browser's language."""
    look = Look(
        translate=flask_babel.gettext,
        language=flask_babel.get_locale,
        format_time=flask_babel.format_datetime,
        format_date=flask_babel.format_date,
    )
    app = create_app({"BABEL_TRANSLATION_DIRECTORIES": str(catalogues)}, look)
    flask_babel.Babel(
        app, locale_selector=lambda: request.accept_languages.best_match(["de", "ar", "en"])
    )
    with FakeClock(NOON):
        pass
    cookie = furnish(app, "ada")
    client = app.test_client()
    client.set_cookie("session", cookie)
    with FakeClock(NOON):
        yield client


def test_in_german(browser):
    """Texts, times and dates are German; what is not translated stays English."""
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de-AT,de"
    text = browser.get(PAGE).text

    assert '<html lang="de" dir="ltr"' in text
    assert "<title>Ihre Geräte</title>" in text
    assert ">vor 8 Min.</time>" in text
    assert ">gestern</time>" in text
    assert 'title="09.11.2026, 09:00:00">09.11.2026</time>' in text
    assert "Sign out everywhere else" in text


def test_a_message_is_in_the_language_of_the_page_that_shows_it(browser):
    """What was done is told in German, though it was done in English."""
    handle = re.findall(r'name="handle" value="([^"]+)"', browser.get(PAGE).text)[1]
    browser.post(f"{PAGE}/sign-out", data=fields(browser, handle=handle))
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"

    assert "Abgemeldet: Mobile Safari 18 on iOS.</p>" in browser.get(PAGE).text


def test_every_text_can_be_translated(browser):
    """No word on any page of devices is said that no catalogue can reach."""
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = "ar"
    sent = fields(browser)
    pages = [browser.get(PAGE).text, browser.post(f"{PAGE}/sign-out-others").text]
    browser.post(f"{PAGE}/sign-out-others", data=sent)
    pages.append(browser.get(PAGE).text)

    for page in pages:
        assert '<html lang="ar" dir="rtl"' in page
        without = re.sub(r"«[^»]*»|<time.*?</time>|<bdi>.*?</bdi>|<[^>]*>", "", page)
        assert re.findall(r"[A-Za-z]+", without) == []
    assert "«You are signed out everywhere else.»" in pages[2]


def test_texts_are_found():
    """`pybabel extract` finds texts of templates and of code."""
    found = texts()

    assert {"Your devices", "just now", "6 days ago", "Signed out: %(device)s."} <= found
    assert {text for text in GERMAN if text not in found} == set()
