"""The page of devices in an app's own layout, with its own parts, and with hostile content."""

from __future__ import annotations

import re

import pytest
from jinja2 import ChoiceLoader, DictLoader

from flask_sessionplus.pages import Look
from flask_sessionplus.testing import FakeClock
from tests.pages.site import EDGE, FIREFOX, create_app, fields, sign_in

PAGE = "/account/devices"
BASE = (
    "<html><title>{% block title %}{% endblock %} at Home</title>"
    "{% macro post(x) %}THEIRS{% endmacro %}{% set _ = 'theirs' %}"
    "{% block content %}{% endblock %}<i>{{ _ }}{{ pages }}{{ post(1) }}</i></html>"
)


def site(templates, look=None, **options):
    """Return a browser of Ada, signed in with two, at a site with these templates."""
    app = create_app({"SESSION_CONFIRM_VIEW": None}, look, **options)
    app.jinja_loader = ChoiceLoader([DictLoader(templates)])
    sign_in(app, "ada")
    return sign_in(app, "ada")


def test_in_the_apps_layout():
    """The layout has its title and keeps its own names; the page brings its style sheet."""
    ada = site({"base.html": BASE}, Look(base_template="base.html"))
    text = ada.get(PAGE).text

    assert "<title>Your devices at Home</title>" in text
    assert re.search(r'<link rel="stylesheet" href="[^"]+/static/pages\.css\?v=', text)
    assert "<i>theirsTHEIRS</i>" in text
    assert text.count('<li class="sp-device') == 2
    refused = ada.post(f"{PAGE}/sign-out-others")
    assert "<title>Nothing was done at Home</title>" in refused.text


def test_a_page_that_extends_ours():
    """A block is the app's, the rest stays."""
    own = (
        '{% extends "sessionplus/devices/page.html" %}'
        "{% block intro %}<h1>Mine, {{ devices | length }}</h1>{% endblock %}"
    )
    text = site({"mine.html": own}, template="mine.html").get(PAGE).text

    assert "<h1>Mine, 2</h1>" in text
    assert "Sign out everywhere else" in text


def test_this_one_is_the_first_for_templates():
    """Though another was used later, whoever draws the list himself finds this one on top."""
    own = (
        "{% for each in devices %}{{ each.info.browser }}: {{ each.info.is_current }}. {% endfor %}"
    )
    app = create_app(template="mine.html")
    app.jinja_loader = DictLoader({"mine.html": own})
    with FakeClock() as now:
        ada = sign_in(app, "ada", FIREFOX)
        now.advance(60)
        sign_in(app, "ada", EDGE)

        found = ada.get(PAGE).text

    assert found == "Firefox 140 on Linux: True. Edge 142 on Windows: False. "


def test_a_device_that_is_drawn_otherwise():
    """The app's file of that name takes the place of our macro."""
    own = "{% macro device(each) %}<li>{{ each.info.address }}={{ each.shape }}</li>{% endmacro %}"
    text = site({"sessionplus/devices/device.html": own}).get(PAGE).text

    assert text.count("<li>203.0.113.24=computer</li>") == 2


def test_other_fields_of_forms():
    """What the app's own protection wants is in each form."""
    ada = site({}, Look(form_fields=lambda: {"csrf": '"theirs"'}))

    assert fields(ada)["csrf"] == "&#34;theirs&#34;"
    assert ada.get(PAGE).text.count('name="csrf"') == 3


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "' onmouseover='alert(1)",
    "{{ 1234 * 5678 }}{% raw %}",
    "%(device)s %s %",
    "\u202eevil\u2066",
    "\x1b[31mred",
    "&lt;b&gt; & co",
    "a" * 2000,
    "=cmd|'/C calc'!A0",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("agent", HOSTILE, ids=range(len(HOSTILE)))
def test_what_visitors_say_of_themselves_is_text(agent):
    """Whatever a browser calls itself, it is shown as text, also in the message that it is gone."""
    app = create_app({"SESSION_CONFIRM_VIEW": None})
    sent = agent.encode("utf-8").decode("latin-1")
    sign_in(app, "ada", sent, sent)
    ada = sign_in(app, "ada")
    page = ada.get(PAGE).text
    handle = re.findall(r'name="handle" value="([^"]+)"', page)[1]
    ada.post(f"{PAGE}/sign-out", data=fields(ada, handle=handle))
    after = ada.get(PAGE).text

    for text in (page, after):
        assert "<img" not in text
        assert "<script" not in text
        assert not re.search(r"<[^>]*\son\w+=", text)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "7006652" not in text
    assert "Signed out: " in after
    assert max(map(len, re.findall(r"<bdi>([^<]*)", page))) < 2100


def test_two_hundred_devices():
    """All are listed, and each button names its own."""
    app = create_app({"SESSION_MAX_PER_USER": None})
    for number in range(199):
        sign_in(app, "ada", address=f"192.0.2.{number}")
    text = sign_in(app, "ada").get(PAGE).text

    assert text.count('<li class="sp-device') == 200
    labels = re.findall(r'aria-labelledby="(sp-\S+-end sp-\S+-name)"', text)
    ids = set(re.findall(r' id="([^"]+)"', text))
    assert len(set(labels)) == 200
    assert {part for label in labels for part in label.split()} <= ids
    assert len(text) < 1_500 * 200
