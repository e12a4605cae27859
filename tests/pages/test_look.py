"""The language of the pages: texts, times, directions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from markupsafe import Markup

from flask_sessionplus.pages.look import Look, Page
from flask_sessionplus.pages.times import ago, plain_date, plain_time
from flask_sessionplus.testing import FakeClock
from tests.pages.site import NOON


def page(**look):
    """Return what templates get."""
    return Page(Look(**look), lambda filename: filename, None)


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(minutes=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 min ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(hours=23, minutes=59), "23 h ago"),
        (timedelta(hours=24), "a day ago"),
        (timedelta(hours=48), "2 days ago"),
        (timedelta(days=6, hours=23), "6 days ago"),
        (timedelta(days=7), "2026-11-14"),
        (timedelta(days=400), "2025-10-17"),
    ],
)
def test_how_long_ago(age, text):
    """The words change where a person would use others; after a week a date says more."""
    at = NOON - age
    with FakeClock(NOON):
        shown = page().ago(at)

    assert shown == Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(), plain_time(at), text
    )


def test_a_text_of_ago_needs_no_plural():
    """No number is put into a text of days, which languages put into several plurals."""
    for days in range(1, 7):
        text, _ = ago(NOON - timedelta(days=days), NOON)
        assert "%" not in text


def test_moment():
    """A time is shown as the app formats it, and machines can read it."""
    shown = page(format_time=lambda at: f"<{at:%H:%M}>").moment(NOON)

    assert shown == '<time datetime="2026-11-21T12:00:00+00:00">&lt;12:00&gt;</time>'
    assert plain_date(NOON) == "2026-11-21"


def test_text():
    """A text is translated first and filled then; it is HTML only if something in it is."""
    german = page(translate={"Hello %(name)s & co": "Hallo %(name)s & Co"}.__getitem__)

    assert german.text("Hello %(name)s & co", name="<b>") == "Hallo <b> & Co"
    assert not hasattr(german.text("Hello %(name)s & co", name="<b>"), "__html__")
    bold = german.text("Hello %(name)s & co", name=Markup("<b>"))
    assert bold == Markup("Hallo <b> &amp; Co")


@pytest.mark.parametrize("wrong", ["%(nom)s", "100 %", "%(name)d", "%s and %s"])
def test_a_translation_that_does_not_fit(wrong):
    """A slip of a translator breaks no page: the text is English then."""
    assert page(translate=lambda text: wrong).text("Hello %(name)s", name="Ada") == "Hello Ada"


@pytest.mark.parametrize(
    ("given", "language", "direction"),
    [
        ("en", "en", "ltr"),
        ("pt_BR", "pt-BR", "ltr"),
        ("he_IL", "he-IL", "rtl"),
        ("ar", "ar", "rtl"),
        ("FA-ir", "FA-ir", "rtl"),
        (None, "en", "ltr"),
    ],
)
def test_language(given, language, direction):
    """Browsers are told the language in their own spelling, and where its lines begin."""
    found = page(language=lambda: given)

    assert (found.language, found.direction) == (language, direction)
