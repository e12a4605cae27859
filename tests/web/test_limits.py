"""`SESSION_MAX_BYTES`: what would grow beyond it is refused, and the old record stays."""

from __future__ import annotations

import pytest
from flask import flash, session

from flask_sessionplus import SessionTooLarge


@pytest.fixture
def limited(store, make_site):
    """Return somebody at an app with sessions of at most 1,000 bytes, and 500 in use."""
    visitor = make_site(store, SESSION_MAX_BYTES=1000).visitor()
    visitor(lambda: session.update(a="x" * 500))
    visitor(lambda: session.get("a"))
    store.new_calls()
    return visitor


GROWTHS = {
    "set": lambda: session.update(b="y" * 600),
    "nested": lambda: session.update(b=["y" * 600]),
    "flash": lambda: session.flash("note", "y" * 600),
    "flask.flash": lambda: flash("y" * 600),
    "append": lambda: session.append("b", "y" * 600),
    "atomic": lambda: session.atomic("b", lambda old: "y" * 600),
    "setdefault": lambda: session.setdefault("b", "y" * 600),
    "many keys": lambda: session.update({f"key{number}": number for number in range(100)}),
}


@pytest.mark.parametrize("grow", GROWTHS.values(), ids=GROWTHS)
def test_too_much_is_refused(limited, store, grow):
    """However a session grows too large, it is an error, and nothing of the request is stored."""

    def page():
        session["c"] = 1
        grow()

    with pytest.raises(SessionTooLarge):
        limited(page)

    assert "apply" not in store.new_calls()
    assert limited.value(lambda: session.all()) == {"a": "x" * 500}


def test_the_error_says_what_is_large(limited):
    """The message names the size, the setting and the largest key."""
    with pytest.raises(SessionTooLarge, match=r"SESSION_MAX_BYTES is 1000") as caught:
        limited(lambda: session.update(basket="y" * 700))

    assert "'basket'" in str(caught.value)


def test_too_much_is_a_500(limited):
    """Without a handler it is a 500, no cookie is sent, and the error page does not fail again."""
    limited.site.app.testing = False

    answer = limited(lambda: session.update(b="y" * 600))

    assert answer.status == 500
    assert answer.cookies == []


def test_a_new_session_that_is_too_large_is_not_made(make_site, store):
    """A first visit that brings too much leaves neither record nor cookie."""
    visitor = make_site(store, SESSION_MAX_BYTES=1000).visitor()

    with pytest.raises(SessionTooLarge):
        visitor(lambda: session.update(a="x" * 2000))

    assert store.new_calls() == []
    assert visitor.token is None


@pytest.mark.parametrize(
    "exchange",
    [
        lambda: session.update(b=session.pop("a")),
        lambda: (session.pop("a"), session.update(b="y" * 900)),
        lambda: (session.reset(), session.update(b="y" * 900)),
        lambda: session.update(a="y" * 900),
        lambda: (session.destroy(), session.update(b="y" * 900)),
        lambda: session.atomic("a", lambda old: "y" * 900),
    ],
    ids=["move", "replace", "reset", "overwrite", "destroy", "atomic"],
)
def test_what_goes_makes_room(limited, exchange):
    """What is removed in a request makes room for what is put in."""
    assert limited(lambda: (exchange(), None)[1]).status == 200
    assert len(limited.value(lambda: session.get("b") or session["a"])) >= 500


def test_reading_what_is_too_large_already(limited, make_site, store):
    """A session that is larger than a new limit can be read, touched, shrunk and ended."""
    token = limited.token
    visitor = make_site(store, SESSION_MAX_BYTES=100).visitor(token)

    assert len(visitor.value(lambda: session["a"])) == 500
    assert visitor(lambda: session.renew()).status == 200
    assert visitor(lambda: session.regenerate()).status == 200
    assert visitor(lambda: session.update(a="x")).status == 200
    assert visitor(lambda: session.destroy()).status == 200


@pytest.mark.parametrize("size", [8_000, 65_535, 65_536, 1_000_000, 15_000_000])
def test_large_values_are_kept_whole(visitor, size):
    """Up to the default limit of 16 MB a value is kept, byte by byte."""
    value = bytes(range(256)) * (size // 256 + 1)
    visitor(lambda: session.update(value=value[:size]))

    assert visitor.value(lambda: session["value"]) == value[:size]


def test_many_keys(visitor):
    """Ten thousand keys are no problem."""
    visitor(lambda: session.update({f"key{number}": number for number in range(10_000)}))
    visitor(lambda: session.update(key5=-5))

    assert visitor.value(lambda: (len(session), session["key5"], session["key9999"])) == (
        10_000,
        -5,
        9999,
    )
