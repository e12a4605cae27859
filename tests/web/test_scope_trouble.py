"""Scopes where it is easy to lose something: reading after dropping, and parallel requests."""

from __future__ import annotations

from functools import partial

import pytest
from flask import session

from tests.web.visiting import KNOWN, together


def scope(name="shop", **options):
    """Return a scope of this request's session."""
    return session.scope(name, **options)


@pytest.mark.parametrize("drop", ["discard", "commit_to_parent"])
def test_what_was_dropped_stays_dropped(known, drop):
    """Reading the key in the same request does not bring it back."""
    known(lambda: scope().update(cart=["draft"]))

    def page():
        getattr(scope(), drop)()
        return scope()["cart"]

    seen = known.value(page)
    assert seen == (["tea"] if drop == "discard" else ["draft"])
    known(lambda: session.update(cart=["new"]))
    assert known.value(lambda: scope()["cart"]) == ["new"]


def test_what_was_dropped_is_not_committed(known):
    """What is only inherited again does not overwrite what the parent has been given since."""
    known(lambda: scope().update(cart=["draft"]))

    def page():
        scope().discard()
        scope()["cart"]
        session["cart"] = [9]
        scope().commit_to_parent()

    known(page)
    assert known.value(lambda: session["cart"]) == [9]


@pytest.mark.parametrize("end", [lambda: session.reset(), lambda: scope().discard()])
def test_copies_are_taken_back(known, end):
    """What a scope has read before is not its own afterwards."""

    def page():
        cart = scope()["cart"]
        end()
        session["cart"] = ["new"]
        cart.append("old")
        return scope()["cart"], "cart" in scope(), "cart" in list(scope())

    assert known.value(page) == (["new"], True, True)
    assert known.value(lambda: (scope()["cart"], session["cart"])) == (["new"], ["new"])


def test_taking_what_is_inherited(raced):
    """Of parallel requests only one takes it out of the scope's view, on every store."""
    visitor = raced.visitor()
    visitor(lambda: session.update(KNOWN))
    tabs = [visitor.tab() for _ in range(8)]
    found = together(*(partial(tab.value, lambda: scope().pull("cart")) for tab in tabs))

    assert sorted(map(str, found)) == ["None"] * 7 + ["['tea']"]
    assert visitor.value(lambda: dict(session)) == KNOWN
    assert visitor.value(lambda: "cart" in scope()) is False


def test_taking_what_is_in_both(known):
    """The scope's own comes out, and the parent's does not show through."""
    known(lambda: scope().update(name="Grace"))
    other = known.tab()

    def page():
        return scope().pull("name"), other.value(lambda: scope().pull("name"))

    assert known.value(page) == ("Grace", None)
    assert known.value(lambda: ("name" in scope(), session["name"])) == (False, "Ada")


def test_removing_beats_a_setting_before_it(known):
    """One request sets a key of the scope, another removes it afterwards: it is gone."""
    other = known.tab()

    def page():
        scope()
        other(lambda: scope().update(name="Grace"))
        scope().remove("name")

    known(lambda: (scope().get("visits"), page())[1])
    assert known.value(lambda: scope().get("name")) is None


def test_clearing_many(known):
    """All keys go, those that are inherited from the view only; also if there are many."""
    known(lambda: scope().update({f"key{n}": n for n in range(3_000)}))
    known(lambda: scope().clear())

    assert known.value(lambda: (dict(scope()), session["name"])) == ({}, "Ada")


def test_all_large_values_at_once(known, store):
    """What lies apart, in the scope and outside, is fetched in one go."""
    known(lambda: session.update({f"out{n}": "x" * 9_000 for n in range(5)}))
    known(lambda: scope().update({f"in{n}": "y" * 9_000 for n in range(5)}))
    known(lambda: session.get("name"))
    store.new_calls()
    found = known.value(lambda: scope().all())

    assert len(found) == len(KNOWN) + 10
    assert store.new_calls() in (["load"], ["load", "fetch"])


@pytest.mark.parametrize("name", [5, ["x"], b"x", None])
def test_names_are_texts(known, name):
    """Nothing else is taken for one."""
    with pytest.raises(TypeError, match="a text"):
        known(lambda: scope(name))
