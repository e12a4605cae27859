"""The words that other session systems have: set, get, has, all, remove, pull, reset."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal

import pytest
from flask import session

from tests.web.visiting import KNOWN


def test_set_and_get(visitor):
    """`set` puts a value in, `get` finds it in the next request."""
    visitor(lambda: session.set("theme", "dark"))

    assert visitor.value(lambda: session.get("theme")) == "dark"
    assert visitor.value(lambda: session["theme"]) == "dark"


def test_get_converts(visitor):
    """`get(type=)` converts what is there, as Werkzeug's `args.get` does."""
    visitor(lambda: session.update(page="7", price="1.50"))

    def page():
        return session.get("page", type=int), session.get("price", type=Decimal)

    assert visitor.value(page) == (7, Decimal("1.50"))


@pytest.mark.parametrize("value", ["seven", None, [1], ""])
def test_get_falls_back_if_it_cannot_convert(visitor, value):
    """A value that `type` refuses gives the default, not an error."""
    visitor(lambda: session.set("page", value))

    assert visitor.value(lambda: session.get("page", 1, type=int)) == 1
    assert visitor.value(lambda: session.get("page", type=int)) is None


def test_get_converts_no_default(visitor):
    """The default is returned as it is, never converted."""
    assert visitor.value(lambda: session.get("page", "none", type=int)) == "none"


def test_get_hides_no_other_error(visitor):
    """What `type` raises beyond ValueError and TypeError is the app's bug, and shows."""
    visitor(lambda: session.set("page", "7"))

    def page():
        with pytest.raises(ZeroDivisionError):
            session.get("page", type=lambda value: 1 / 0)

    visitor.value(page)


def test_has(known):
    """`has` tells whether a key is there, even with a value that is false."""

    def page():
        session["zero"] = None
        return [session.has(key) for key in ("name", "zero", "nothing")]

    assert known.value(page) == [True, True, False]


def test_all_is_a_dict_of_its_own(known):
    """`all` gives everything in a plain dict; to change it leaves the session alone."""

    def page():
        everything = session.all()
        copy = deepcopy(everything)
        everything["name"] = "Eve"
        return type(everything), copy

    assert known.value(page) == (dict, KNOWN)
    assert known.value(lambda: session["name"]) == "Ada"


def test_remove(known):
    """`remove` takes a key out, and does not mind if it is not there."""

    def page():
        session.remove("name")
        session.remove("nothing")

    known(page)
    assert known.value(lambda: session.has("name")) is False


def test_pull(known):
    """`pull` hands a value out once, and then the default."""

    def page():
        return session.pull("name"), session.pull("name"), session.pull("name", "nobody")

    assert known.value(page) == ("Ada", None, "nobody")
    assert known.value(lambda: "name" in session) is False


def test_destroy_of_a_key(known):
    """`destroy(key)` removes that key only, as in Lucid; without it, it is no error."""
    token = known.token

    def page():
        session.destroy("name")
        session.destroy("nothing")

    known(page)

    assert known.value(lambda: dict(session)) == {"cart": ["tea"], "visits": 3}
    assert known.token == token


def test_destroy_of_the_empty_key(known):
    """The empty string is a key like any other: `destroy("")` ends no session."""
    known(lambda: session.destroy(""))

    assert known.value(lambda: dict(session)) == KNOWN


def test_reset_takes_everything_out(known):
    """`reset` removes data and messages of both kinds."""

    def page():
        session.flash("note", "for later")
        session.reset()
        return dict(session), bool(session)

    assert known.value(page) == ({}, False)
    assert known.value(lambda: session.all()) == {}


def test_reset_goes_on_with_the_same_session(known):
    """What is put in after `reset` belongs to the same session, with the same name."""
    before = known.value(lambda: session.identifier)
    token = known.token

    def page():
        session.reset()
        session["theme"] = "dark"

    known(page)

    assert known.token == token
    assert known.value(lambda: session.identifier) == before
    assert known.value(lambda: dict(session)) == {"theme": "dark"}


def test_reset_of_the_flash_only(known):
    """`reset(flash_only=True)` removes all messages, waiting and new, and no data."""
    from flask import flash

    def say():
        session.flash("note", "old")
        flash("old")

    def page():
        session.flash("note", "new")
        flash("new")
        session.reset(flash_only=True)
        return session.get_flash("note"), session.get("_flashes")

    known(say)

    assert known.value(page) == (None, None)
    assert known.value(lambda: session.all()) == KNOWN


@pytest.mark.parametrize("by", [1, 5, -2, 0.5, Decimal("0.10")])
def test_increment(visitor, by):
    """`increment` begins at 0, adds what it is told, and returns the sum."""
    first = visitor.value(lambda: session.increment("n", by))
    second = visitor.value(lambda: session.increment("n", by=by))

    assert (first, second) == (by, by + by)
    assert visitor.value(lambda: session["n"]) == by + by


def test_append(visitor):
    """`append` begins an empty list, and goes on with the one that is there."""
    visitor(lambda: session.append("log", "a"))
    visitor(lambda: session.append("log", "b"))

    assert visitor.value(lambda: session["log"]) == ["a", "b"]


@pytest.mark.parametrize(
    "act", [lambda: session.increment("name"), lambda: session.append("name", 1)]
)
def test_no_number_and_no_list(known, act):
    """To count what is no number, or to append to what is no list, is a TypeError."""

    def page():
        with pytest.raises(TypeError):
            act()

    known.value(page)
    assert known.value(lambda: session["name"]) == "Ada"


def test_atomic(known):
    """`atomic` sets what the function returns, and returns it too."""
    assert known.value(lambda: session.atomic("visits", lambda n: n * 2)) == 6
    assert known.value(lambda: session.atomic("more", lambda n: n + 1, default=10)) == 11
    assert known.value(lambda: session.atomic("none", lambda n: [n])) == [None]
    assert known.value(lambda: (session["visits"], session["more"])) == (6, 11)


def test_atomic_with_a_function_that_changes_its_argument(known):
    """A function may change the list that it gets and return it."""

    def add_milk(cart):
        cart.append("milk")
        return cart

    assert known.value(lambda: session.atomic("cart", add_milk)) == ["tea", "milk"]
    assert known.value(lambda: session["cart"]) == ["tea", "milk"]


def test_atomic_keeps_its_default_clean(visitor, store):
    """A default that the function changes is as the app gave it when the function is called."""
    default: list = []
    seen = []

    def add(cart):
        seen.append(list(cart))
        cart.append("tea")
        return cart

    visitor(lambda: session.update(name="Ada"))
    other = visitor.tab()

    def page():
        session.get("name")

        def put_and_remove():
            other(lambda: session.set("cart", ["milk"]))
            store.before["apply"] = lambda: other(lambda: session.remove("cart"))

        store.before["apply"] = put_and_remove
        session.atomic("cart", add, default)

    visitor(page)

    assert visitor.value(lambda: session["cart"]) == ["tea"]
    assert [] in seen


def test_setdefault_may_be_changed_at_once(known):
    """`session.setdefault(key, []).append(x)` is saved, like any nested change."""
    known(lambda: session.setdefault("log", []).append("a"))
    known(lambda: session.setdefault("log", []).append("b"))

    assert known.value(lambda: session["log"]) == ["a", "b"]


def test_increment_goes_on_with_what_this_request_has_set(known):
    """In one request the exact operations see what was set before."""

    def page():
        session["visits"] = 10
        session["cart"].append("milk")
        session.append("cart", "bread")
        return session.increment("visits"), session["cart"]

    assert known.value(page) == (11, ["tea", "milk", "bread"])
    assert known.value(lambda: (session["visits"], session["cart"])) == (
        11,
        ["tea", "milk", "bread"],
    )


def test_an_error_in_the_view_does_not_take_an_increment_back(known):
    """`increment` is written at once: it counts even if the view fails afterwards."""
    known.site.app.testing = False

    def page():
        session.increment("visits")
        raise RuntimeError

    assert known(page).status == 500
    assert known.value(lambda: session["visits"]) == 4
