"""What the dashboard shows of a value, however large or odd it is."""

from __future__ import annotations

import pytest
from markupsafe import Markup

from flask_sessionplus.pages.dashboard.shown import LENGTH, shown


class Rude:
    """Says nothing of itself."""

    def __repr__(self) -> str:
        raise ValueError("not for you")


class Nosy(str):
    """Counts how often it is written."""

    asked = 0

    def __repr__(self) -> str:
        type(self).asked += 1
        return "nosy"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (["a", 1, (2.5,)], "['a', 1, (2.5,)]"),
        ({"cart": {"tea": 2}}, "{'cart': {'tea': 2}}"),
        (b"\x00\xff", r"b'\x00\xff'"),
        ("<script>", "'<script>'"),
        (10**5000, "<a number of 16,610 bits>"),
    ],
    ids=["none", "list", "dict", "bytes", "markup", "number"],
)
def test_small_values_are_shown_whole(value, text):
    """A value is shown as Python writes it."""
    assert shown(value) == text


@pytest.mark.parametrize(
    "value",
    ["a" * 10**6, b"\0" * 10**6, Markup("b" * 10**6), list(range(10**5)), {"k": ["x" * 5000] * 99}],
    ids=["text", "bytes", "markup", "list", "nested"],
)
def test_large_values_are_cut(value):
    """Of a large value only a beginning is shown, and it is seen that something is missing."""
    text = shown(value)

    assert len(text) <= LENGTH
    assert "..." in text or text.endswith("…")


def test_no_more_is_written_than_is_shown():
    """A value of a million parts is not written whole to be cut then."""
    hundred = [[[Nosy()] * 100] * 100] * 100

    assert len(shown(hundred)) <= LENGTH
    assert 0 < Nosy.asked <= LENGTH


def test_an_object_that_fails_is_named():
    """A class whose repr() raises does not keep the page from being shown."""
    assert "Rude" in shown({"it": Rude()})
