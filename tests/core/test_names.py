"""Names of values: none can be taken for another, and messages show them as they were written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_sessionplus.names import ScopeNames, has_keys, message_name, shown
from flask_sessionplus.record import FIRST_VISIBLE, SCOPED

_texts = st.text(min_size=1, max_size=4) | st.sampled_from(["1:a", "\x00", "a\x00b", ":", "2"])
_paths = st.lists(_texts, min_size=1, max_size=3).map(tuple)


@given(_paths, _paths, _texts, _texts)
def test_no_scope_reads_another_one(path, other, key, other_key):
    """Two names are the same only if scope, key and kind are (CVE-2026-6873)."""
    one, two = ScopeNames(path), ScopeNames(other)
    kinds = ("value", "removed", "flash")
    names = {(path, key, kind): getattr(one, kind)(key) for kind in kinds}
    names |= {(other, other_key, kind): getattr(two, kind)(other_key) for kind in kinds}

    assert len(set(names.values())) == len(names)


@given(_paths, _paths, _texts)
def test_a_scope_finds_its_own_keys_only(path, other, key):
    """What lies in another scope, in one within it or around it too, is not found."""
    mine, its = ScopeNames(path), ScopeNames(other)
    found = mine.keys_set([mine.value(key), mine.removed("r"), mine.flash("f"), its.value("x")])

    assert found == ([key, "x"] if path == other else [key])


def test_scoped_names_are_hidden():
    """They sort before all that a session shows."""
    assert SCOPED < ScopeNames(["shop"]).value("cart") < FIRST_VISIBLE


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cart", "session['cart']"),
        ("it's", 'session["it\'s"]'),
        (ScopeNames(["shop"]).value("cart"), "session.scope('shop')['cart']"),
        (ScopeNames(["a", "1:b"]).value("c"), "session.scope('a').scope('1:b')['c']"),
    ],
)
def test_names_in_messages(name, text):
    """An error says the name as the app's author has written it."""
    assert shown(name) == text


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], False),
        (["\x00permanent"], False),
        ([message_name("\x01a\x00"), message_name("\x02")], False),
        (["\x03user"], True),
        ([ScopeNames(["shop"]).value("cart")], True),
        (["", "\x00a"], True),
    ],
)
def test_what_is_a_key(names, expected):
    """Bookkeeping and messages are no keys; who is signed in and what is in a scope counts."""
    assert has_keys(names) is expected
