"""Where a user's data are: no two users of any issuers have the same place (ASVS 10.3.3)."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from flask_sessionplus.global_session import Principal
from flask_sessionplus.tokens import handle, is_wellformed

names = st.text(max_size=12) | st.sampled_from(["", "1:", "2:a", "a:b", "\0", "1:a1:b", "é", "é"])


@given(names, names, names, names)
def test_no_two_have_the_same(one, two, three, four):
    """Two different pairs are in two places, wherever one ends and the other begins."""
    first, second = Principal(one, two, ""), Principal(three, four, "")

    assert (first.sid == second.sid) == ((one, two) == (three, four))


def test_a_hundred_thousand_pairs():
    """Of 10^5 pairs of issuers and users no two collide, ("ab", "c") and ("a", "bc") included."""
    parts = [
        "",
        "a",
        "b",
        "ab",
        "ba",
        ":",
        "1:",
        "2:",
        "a:",
        ":a",
        "\0",
        "a\0",
        "0",
        "1",
        "11",
        "é",
    ]
    pieces = [f"{a}{b}{c}" for a, b, c in product(parts[:11], parts, ["", "a", ":"])]
    unique = sorted(set(pieces))[:320]
    pairs = list(product(unique, unique))
    places = {Principal(issuer, subject, "").sid for issuer, subject in pairs}

    assert len(pairs) > 100_000
    assert len(places) == len(pairs)
    assert len({handle(sid) for sid in places}) == len(pairs)


def test_no_cookie_leads_there():
    """What stands for a place is not of the form that a cookie may have."""
    token = Principal("https://issuer.example", "42", "42").token

    assert not is_wellformed(token)
    assert repr(token) == "<token>"
