"""Typed parameters and what is stored: changed inside, changed by a deployment, read twice."""

from __future__ import annotations

import copy
from decimal import Decimal

import pytest
from flask import session

from flask_sessionplus import Parameter, ParameterError


@pytest.fixture
def visitor(embedded, make_site):
    """Return somebody at an app with typed parameters, on each store that needs no server."""
    parameters = {"ids": Parameter(list[int]), "prices": Parameter(dict[str, Decimal])}
    return make_site(embedded, SESSION_PARAMETERS=parameters).visitor()


PLACES = [lambda: session, lambda: session.scope("shop", inherit=False)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("read", [lambda s: s["ids"], lambda s: s.get("ids"), lambda s: s.all()])
def test_reading_again_loses_nothing(visitor, place, read):
    """What was put into a list of numbers as text is a number when it is read, and is saved."""
    visitor(lambda: place().update(ids=[1]))

    def page():
        mine = place()["ids"]
        mine.append("2")
        read(place())
        mine.append(3)
        return place()["ids"]

    assert visitor.value(page) == [1, 2, 3]
    assert visitor.value(lambda: place()["ids"]) == [1, 2, 3]


def test_a_new_value_that_is_read_again(visitor):
    """The assignment is saved, not only what was changed after it."""

    def page():
        session["ids"] = []
        session["prices"] = {}
        session["ids"].append("1")
        session["prices"]["tea"] = "2.50"
        return session["ids"], session["prices"]

    assert visitor.value(page) == ([1], {"tea": Decimal("2.50")})
    assert visitor.value(lambda: dict(session)) == {"ids": [1], "prices": {"tea": Decimal("2.50")}}


@pytest.mark.parametrize("place", PLACES)
def test_what_does_not_fit_inside_is_refused(visitor, place):
    """It is told when it is saved, and what was stored is as it was."""
    visitor(lambda: place().update(ids=[1, 2]))
    with pytest.raises(ParameterError, match="ids"):
        visitor(lambda: place()["ids"].append("oops"))

    assert visitor.value(lambda: place()["ids"]) == [1, 2]


@pytest.mark.parametrize("place", PLACES)
def test_what_does_not_fit_any_more_is_not_there(embedded, make_site, place):
    """Every way to look agrees, and every way to write begins anew."""
    old = make_site(embedded).visitor()
    old(lambda: place().update(n="abc", log="x", name="Ada"))
    parameters = {"n": Parameter(int), "log": Parameter(list[int], default=[7])}
    new = make_site(embedded, SESSION_PARAMETERS=parameters).visitor(old.token)

    def look():
        data = place()
        return "n" in data, len(data), list(data), dict(data), {**data}, data.all(), data.has("n")

    rest = {"name": "Ada"}
    assert new.value(look) == (False, 1, ["name"], rest, rest, rest, False)
    assert new.value(lambda: (place().pull("n"), place().pop("n", 5))) == (None, 5)
    assert new.value(lambda: place().setdefault("n", 3)) == 3
    assert new.value(lambda: place().increment("n")) == 4
    assert new.value(lambda: (place().append("log", 8), copy.copy(place()["log"]))[1]) == [7, 8]
