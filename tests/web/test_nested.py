"""Changes inside values are found without `modified = True`, and equal means untouched."""

from __future__ import annotations

import pytest
from flask import after_this_request, session
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from tests.web.visiting import KNOWN


@pytest.mark.parametrize(
    ("value", "change", "expected"),
    [
        ([1], lambda v: v.append(2), [1, 2]),
        ([3, 1], lambda v: v.sort(), [1, 3]),
        ([[1]], lambda v: v[0].append(2), [[1, 2]]),
        ({"a": 1}, lambda v: v.update(b=2), {"a": 1, "b": 2}),
        ({"a": {"b": [1]}}, lambda v: v["a"]["b"].clear(), {"a": {"b": []}}),
        (([1],), lambda v: v[0].append(2), ([1, 2],)),
        ({1}, lambda v: v.add(2), {1, 2}),
        ({(1, 2): [1]}, lambda v: v[1, 2].append(2), {(1, 2): [1, 2]}),
        (MultiDict({"a": 1}), lambda v: v.add("a", 2), MultiDict([("a", 1), ("a", 2)])),
        ([1], lambda v: v.__setitem__(0, True), [True]),
        ([1], lambda v: v.__setitem__(0, 1.0), [1.0]),
        ([(1,)], lambda v: v.__setitem__(0, [1]), [[1]]),
        (["x"], lambda v: v.__setitem__(0, Markup("x")), [Markup("x")]),
    ],
)
def test_a_change_inside_a_value_is_saved(visitor, value, change, expected):
    """However deep it is, and even if only the type is another one, a change is saved."""
    visitor(lambda: session.update(value=value))
    visitor(lambda: change(session["value"]))

    assert repr(visitor.value(lambda: session["value"])) == repr(expected)


@pytest.mark.parametrize(
    "read",
    [
        lambda: session["cart"],
        lambda: session.get("cart"),
        lambda: dict(session)["cart"],
        lambda: session.copy()["cart"],
        lambda: session.all()["cart"],
        lambda: dict(session.items())["cart"],
        lambda: next(value for value in session.values() if isinstance(value, list)),
        lambda: session.setdefault("cart", []),
        lambda: session.set("cart", ["tea"]) or session["cart"],
    ],
)
def test_a_change_is_found_however_the_value_was_got(known, read):
    """Whatever way hands out the value, what is done to it is saved."""
    known(lambda: read().append("milk"))

    assert known.value(lambda: session["cart"]) == ["tea", "milk"]


def test_a_change_after_setting_is_saved(visitor):
    """What is done to a value after it was put in is saved with it."""

    def page():
        cart = session["cart"] = []
        cart.append("tea")

    visitor(page)

    assert visitor.value(lambda: session["cart"]) == ["tea"]


def test_a_change_after_an_early_save_is_saved(known):
    """A value that was saved once goes on being watched."""

    def page():
        cart = session["cart"]
        cart.append("milk")
        session.save()
        cart.append("bread")

    known(page)

    assert known.value(lambda: session["cart"]) == ["tea", "milk", "bread"]


def test_a_change_after_an_exact_operation_is_saved(known):
    """A value goes on being watched after `append` and `increment`."""

    def page():
        session.append("log", "a")
        session["log"].append("b")
        session.increment("visits")
        session["log"].append("c")

    known(page)

    assert known.value(lambda: session["log"]) == ["a", "b", "c"]


def test_what_follows_the_view_is_watched_too(known):
    """What a function changes that runs after the view is saved as well."""

    def page():
        @after_this_request
        def add_milk(response):
            session["cart"].append("milk")
            return response

    known(page)

    assert known.value(lambda: session["cart"]) == ["tea", "milk"]


@pytest.mark.parametrize(
    "act",
    [
        lambda: session.update(KNOWN),
        lambda: session.update(cart=["tea"]),
        lambda: session.update(name="A" + "da"),
        lambda: session["cart"].append("milk") or session["cart"].pop(),
        lambda: session.update(cart=session.pop("cart")),
        lambda: session.update(name="Eve") or session.update(name="Ada"),
        lambda: session.update(more=1) or session.pop("more"),
        lambda: session.setdefault("name", "Eve"),
        lambda: session.atomic("visits", lambda n: n),
        lambda: session.increment("visits", 0),
    ],
)
def test_equal_means_untouched(known, store, act):
    """What ends as it was is not written."""
    known(act)

    assert set(store.new_calls()) == {"load"}


def test_a_change_that_was_undone_sends_no_cookie(known):
    """Who changes something inside a value and takes it back has only read."""
    assert known(lambda: session["cart"].append("milk") or session["cart"].pop()).cookies == []


@pytest.mark.parametrize("value", [{1, "a", (2, 3)}, {"b": 1, "a": [{3, 1, 2}]}, float("nan")])
def test_reading_what_has_no_order_is_no_change(visitor, store, value):
    """Sets and NaN are equal to themselves, so reading them writes nothing."""
    visitor(lambda: session.update(value=value))
    visitor(lambda: session["value"])
    store.new_calls()

    visitor(lambda: session["value"])

    assert store.new_calls() == ["load"]


def test_one_key_changed_is_one_key_written(known, raw_changes):
    """Only the keys that differ are handed to the store."""
    known(lambda: (session["name"], session["cart"].append("milk"), session["visits"]))

    [changes] = raw_changes
    assert (set(changes.sets), set(changes.updates)) == (set(), {"cart"})
    assert set(changes.removals) == set()


@pytest.fixture
def raw_changes(store, monkeypatch):
    """Collect what the store is told to change."""
    seen = []
    apply = store.inner.apply

    def note(sid, record, changes):
        seen.append(changes)
        return apply(sid, record, changes)

    monkeypatch.setattr(store.inner, "apply", note)
    return seen


def test_a_nested_change_brings_nothing_back(known):
    """A change inside a value does not bring back the key that another request has removed."""
    other = known.tab()

    def page():
        session["cart"].append("milk")
        other(lambda: session.pop("cart"))

    known(page)

    assert known.value(lambda: "cart" in session) is False
