"""A long text in several cookies: it comes back whole, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.http import dump_cookie

from flask_sessionplus.errors import SessionTooLarge
from flask_sessionplus.stores.chunks import join, leftovers, split

NAME = "__Host-session_data"


@given(
    name=st.sampled_from(["s", NAME, "a.b", "n" * 200]),
    text=st.text("ab-_09", max_size=3) | st.integers(0, 30_000).map(lambda size: "x" * size),
)
def test_what_was_split_is_joined(name, text):
    """A text of any length comes back, and no name and value takes more than 4,096 bytes."""
    cookies = split(name, text)

    assert join(name, cookies) == text
    assert all(len(each) + len(value) <= 3_900 for each, value in cookies.items())
    assert len(cookies) <= 1 + len(text) // 3_600


@pytest.mark.parametrize("size", [3_871, 3_872, 3_873, 3_874, 3_875, 7_746, 7_747])
def test_the_seam_is_tight(size):
    """Around the size at which a second cookie is needed nothing is lost or too long."""
    text = "".join(chr(ord("a") + n % 26) for n in range(size))
    cookies = split(NAME, text)

    assert join(NAME, cookies) == text
    assert len(cookies) == 1 + (size - 1) // (3_900 - len(NAME) - 8)


def test_a_whole_cookie_is_small_enough():
    """With all attributes a cookie of ours stays below what browsers take."""
    for name, value in split(NAME, "x" * 12_000).items():
        attributes = {"httponly": True, "secure": True, "samesite": "Lax", "path": "/"}
        header = dump_cookie(name, value, expires=0, **attributes, max_size=0)
        assert len(header) <= 4_096


@pytest.mark.parametrize("name", ["s", NAME])
def test_more_than_can_be_numbered_is_refused(name):
    """The longest text that 999 cookies hold comes back; one character more is an error."""
    most = 999 * (3_900 - len(name) - 8)
    cookies = split(name, "x" * most)

    assert len(cookies) == 999
    assert join(name, cookies) == "x" * most
    with pytest.raises(SessionTooLarge, match="999 cookies"):
        split(name, "x" * (most + 1))


@pytest.mark.parametrize("size", [3_891, 3_892, 3_893, 10_000])
def test_a_name_that_leaves_no_room_loses_nothing(size):
    """Where the name alone fills a cookie, a text is refused or comes back, never cut."""
    name = "n" * size
    if size == 3_891:
        assert join(name, split(name, "x" * 999)) == "x" * 999
    else:
        for text in ("", "x"):
            with pytest.raises(SessionTooLarge, match="SESSION_COOKIE_NAME"):
                split(name, text)


def test_small_texts_take_one_cookie():
    """A short text has one cookie, under the very name."""
    assert split(NAME, "abc") == {NAME: "1.abc"}
    assert split(NAME, "") == {NAME: "1."}


def test_names_are_numbered():
    """The second cookie is name_1, the third name_2."""
    assert list(split("s", "x" * 8_000)) == ["s", "s_1", "s_2"]


def test_what_is_left_of_a_longer_text_is_ignored():
    """Cookies that the browser still has of a longer text do not get into a shorter one."""
    jar = split(NAME, "long" * 4_000)
    jar |= split(NAME, "short" * 800)

    assert join(NAME, jar) == "short" * 800
    jar |= split(NAME, "tiny")
    assert join(NAME, jar) == "tiny"
    assert leftovers(NAME, jar, split(NAME, "tiny")) == [f"{NAME}_{n}" for n in (1, 2, 3, 4)]


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_part_is_noticed(missing):
    """If the browser has dropped one of the cookies there is no text, not a cut one."""
    jar = split("s", "x" * 8_000)
    del jar[list(jar)[missing]]

    assert join("s", jar) is None


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "x",
        "0.x",
        "-1.x",
        "+1.x",
        "01.x",
        "1x",
        " 1.x",
        "1000.x",
        "\u0661.x",
        "2.x",
        "1e1.x",
    ],
)
def test_nonsense_is_no_text(value):
    """A first cookie without a proper number, or with one that is too large, carries nothing."""
    assert join("s", {"s": value}) is None
    assert join("s", {}) is None


def test_leftovers_are_ours():
    """Only names that a text may have had are taken for leftovers."""
    others = ["session", "sx", "s_", "s_0", "s_01", "s_x", "s_1_1", "s_1000", "as_1", "S", "s.1"]

    assert leftovers("s", ["s", *others, "s_1", "s_999"]) == ["s", "s_1", "s_999"]
    assert leftovers("s", ["s", "s_1", "s_2"], ["s", "s_1"]) == ["s_2"]
    assert leftovers("a.b", ["a.b", "axb", "a.b_1"]) == ["a.b", "a.b_1"]
