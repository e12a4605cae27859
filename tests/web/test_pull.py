"""`pull`: what is taken out is taken out at once, and by one request only."""

from __future__ import annotations

from functools import partial

import pytest
from flask import abort, session

from flask_sessionplus import Parameter
from tests.web.visiting import KNOWN, together


def test_it_is_gone_at_once(known):
    """Another request finds it gone before the first one has answered."""
    other = known.tab()

    def page():
        value = session.pull("name")
        return value, other.value(lambda: "name" in session)

    assert known.value(page) == ("Ada", False)
    assert known.value(lambda: dict(session)) == {"cart": ["tea"], "visits": 3}


def test_what_is_not_there(known, store):
    """Nothing is written for what is not there."""
    assert known.value(lambda: (session.pull("none"), session.pull("none", 5))) == (None, 5)
    assert store.new_calls() == ["load"]


def test_what_this_request_has_set(known, store):
    """What was set in this request is simply taken back."""

    def page():
        session["name"] = "Grace"
        return session.pull("name"), "name" in session

    assert known.value(page) == ("Grace", False)
    assert known.value(lambda: "name" in session) is False


def test_what_was_changed_inside(known):
    """It comes with what this request has done to it."""

    def page():
        session["cart"].append("milk")
        return session.pull("cart")

    assert known.value(page) == ["tea", "milk"]
    assert known.value(lambda: "cart" in session) is False


def test_it_is_written_even_if_the_page_fails(known):
    """Like `increment`, it is done when it is called."""

    def page():
        session.pull("name")
        abort(500)

    known(page)
    assert known.value(lambda: "name" in session) is False


def test_the_last_key_ends_the_session(visitor):
    """When nothing is left the cookie goes, as with `del`."""
    visitor(lambda: session.set("coupon", 1))
    answer = visitor(lambda: session.pull("coupon"))

    assert answer.cookie is not None
    assert answer.cookie.is_deletion


def test_a_large_value(known):
    """What lies beside the record is fetched, and removed with it."""
    known(lambda: session.set("text", "x" * 100_000))

    assert known.value(lambda: len(session.pull("text"))) == 100_000
    assert known.value(lambda: dict(session)) == KNOWN


def test_in_a_scope(known):
    """What is the scope's own is taken; what is inherited is removed from its view only."""
    known(lambda: session.scope("shop").update(step=2))

    def page():
        return session.scope("shop").pull("step"), session.scope("shop").pull("name")

    assert known.value(page) == (2, "Ada")
    assert known.value(lambda: sorted(session.scope("shop"))) == ["cart", "visits"]
    assert known.value(lambda: dict(session)) == KNOWN


def test_a_typed_parameter(embedded, make_site):
    """It comes with its type, also if it was stored with another one."""
    old = make_site(embedded).visitor()
    old(lambda: session.update(count="42"))
    new = make_site(embedded, SESSION_PARAMETERS={"count": Parameter(int)}).visitor(old.token)

    assert new.value(lambda: session.pull("count")) == 42


@pytest.mark.parametrize(
    "place",
    [lambda: session, lambda: session.scope("shop", inherit=False)],
    ids=["session", "scope"],
)
def test_only_one_request_gets_it(raced, place):
    """Eight requests take it at the same time, on every store: one has it."""
    visitor = raced.visitor()
    visitor(lambda: session.update(KNOWN))
    visitor(lambda: place().set("coupon", [1]))
    tabs = [visitor.tab() for _ in range(8)]
    found = together(*(partial(tab.value, lambda: place().pull("coupon")) for tab in tabs))

    assert found.count([1]) == 1
    assert found.count(None) == 7
    assert visitor.value(lambda: dict(session)) == KNOWN


def test_what_others_have_added_comes_along(known):
    """A list that another request has appended to since it was read is taken with that."""
    other = known.tab()

    def page():
        session["cart"]
        other(lambda: session.append("cart", "milk"))
        return session.pull("cart")

    assert known.value(page) == ["tea", "milk"]
    assert known.value(lambda: "cart" in session) is False


@pytest.mark.parametrize("move", [lambda: session.regenerate(), lambda: session.destroy()])
def test_nothing_comes_out_of_a_session_that_moved(known, move):
    """What went along with a new token, or ended, is not handed out a second time."""
    other = known.tab()

    def page():
        session.get("name")
        session.flash("unused", 1)
        other(move)
        return session.pull("visits"), session.pull("name")

    assert known.value(page) == (None, None)
