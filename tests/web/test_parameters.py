"""`SESSION_PARAMETERS`: what is set is checked and converted, what is read has its type."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum

import pytest
from flask import session

from flask_sessionplus import Parameter, ParameterError, local_session
from tests.web.visiting import WatchedStore


class Colour(Enum):
    """What a theme may be."""

    RED = "red"
    BLUE = "blue"


@dataclass
class Address:
    """Where somebody lives."""

    city: str
    lines: list[str]


PARAMETERS = {
    "theme": Parameter(str, default="light", choices=["light", "dark"]),
    "day": Parameter(date),
    "price": Parameter(Decimal),
    "count": Parameter(int),
    "colour": Parameter(Colour),
    "address": Parameter(Address),
    "tags": Parameter(list[str], default=list),
    "trace": Parameter(int, scope="local"),
    "total": Parameter(Decimal, scope="global"),
}


@pytest.fixture
def visitor(embedded, make_site):
    """Return somebody at an app with typed parameters, on each store that needs no server."""
    return make_site(embedded, SESSION_PARAMETERS=PARAMETERS).visitor()


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("theme", "dark", "dark"),
        ("day", "2026-11-21", date(2026, 11, 21)),
        ("price", "12.30", Decimal("12.30")),
        ("count", "42", 42),
        ("colour", "red", Colour.RED),
        ("address", {"city": "Bath", "lines": ["1 High St"]}, Address("Bath", ["1 High St"])),
        ("tags", ("a", "b"), ["a", "b"]),
    ],
)
@pytest.mark.parametrize("write", [lambda s, k, v: s.set(k, v), lambda s, k, v: s.update({k: v})])
def test_what_is_set_is_converted_and_kept(visitor, name, given, expected, write):
    """As a form sends it, it becomes what it is to be, in the next request too."""
    visitor(lambda: write(session, name, given))

    assert visitor.value(lambda: session[name]) == expected
    assert visitor.value(lambda: type(session.get(name))) is type(expected)


@pytest.mark.parametrize(("name", "given"), [("theme", "blue"), ("count", "4.5"), ("price", "x")])
@pytest.mark.parametrize(
    "write",
    [
        lambda key, value: session.set(key, value),
        lambda key, value: session.update({key: value}),
        lambda key, value: session.setdefault(key, value),
        lambda key, value: session.atomic(key, lambda old: value),
        lambda key, value: session.scope("shop").set(key, value),
    ],
)
def test_a_wrong_value_is_refused(visitor, name, given, write):
    """However it is set: the error says which and what was expected, and nothing is changed."""
    with pytest.raises(ParameterError) as caught:
        visitor(lambda: write(name, given))

    assert (caught.value.name, caught.value.given) == (name, given)
    assert visitor.value(lambda: name in session) is False


def test_defaults(visitor):
    """`get` knows the default, and a list is a new one each time; the mapping has no such key."""
    assert visitor.value(lambda: (session.get("theme"), session.get("tags"))) == ("light", [])
    assert visitor.value(lambda: session.get("theme", "own")) == "own"
    assert visitor.value(lambda: ("theme" in session, dict(session))) == (False, {})
    with pytest.raises(KeyError):
        visitor(lambda: session["theme"])


def test_changes_inside_are_saved(visitor):
    """What is changed inside a dataclass or a list is found as everywhere."""
    visitor(lambda: session.update(address=Address("Bath", []), tags=["a"]))
    visitor(lambda: (session["address"].lines.append("1 High St"), session["tags"].append("b")))

    assert visitor.value(lambda: session["address"]) == Address("Bath", ["1 High St"])
    assert visitor.value(lambda: session["tags"]) == ["a", "b"]


@pytest.mark.parametrize("name", ["trace", "total"])
def test_each_parameter_belongs_somewhere(visitor, name):
    """One of the local or global session is refused in the browser's."""
    with pytest.raises(ParameterError, match=r"local_session|global_session"):
        visitor(lambda: session.set(name, 1))


def test_the_local_session_has_its_own(visitor):
    """Its parameters are checked too, and those of others are refused."""

    def page():
        local_session["trace"] = "7"
        with pytest.raises(ParameterError):
            local_session["theme"] = "dark"
        return local_session["trace"]

    assert visitor.value(page) == 7


def test_other_names(embedded, make_site):
    """They are allowed, or with a setting refused; those of extensions never are."""
    free = make_site(embedded, SESSION_PARAMETERS=PARAMETERS).visitor()
    strict = make_site(
        embedded, SESSION_PARAMETERS=PARAMETERS, SESSION_UNKNOWN_PARAMETERS="refuse"
    ).visitor()

    assert free.value(lambda: (session.set("other", 1), session["other"])[1]) == 1
    with pytest.raises(ParameterError, match="theme"):
        strict(lambda: session.set("thema", "dark"))
    assert strict.value(lambda: (session.set("_user_id", 1), session["_user_id"])[1]) == 1


def test_a_value_of_before_a_deployment(embedded, make_site):
    """One that does not fit any more is as if it were not there: the page goes on."""
    old = make_site(embedded).visitor()
    old(lambda: session.update(theme="purple", count="42"))
    new = make_site(embedded, SESSION_PARAMETERS=PARAMETERS).visitor(old.token)

    assert new.value(lambda: (session.get("theme"), session.get("count"))) == ("light", 42)


OLD = {"tags": ["1", "2"], "colour": "red", "count": "42", "price": [1]}


@pytest.mark.parametrize("place", [lambda: session, lambda: session.scope("shop", inherit=False)])
def test_what_is_converted_is_saved_when_it_changes(embedded, make_site, place):
    """A change inside what was converted on reading is not lost; reading writes nothing."""
    old = make_site(embedded).visitor()
    old(lambda: place().update(OLD))
    old(lambda: place()["tags"])
    now = {"tags": Parameter(list[int]), "count": Parameter(int)}
    store = WatchedStore(embedded)
    new = make_site(store, SESSION_PARAMETERS=now).visitor(old.token)

    assert new.value(lambda: (place()["tags"], place()["count"])) == ([1, 2], 42)
    assert store.new_calls() == ["load"]
    new(lambda: place()["tags"].append(3))
    assert new.value(lambda: place()["tags"]) == [1, 2, 3]
    assert new.value(lambda: place().increment("count")) == 43


class Size(Enum):
    """What nobody knows later."""

    SMALL = 1


@dataclass
class Colours:
    """What stands where something else stood."""

    first: str


def test_what_cannot_be_read_any_more(embedded, make_site):
    """A value of a class that has changed or gone is as if it were not there, everywhere."""
    before = {"size": Parameter(Size), "colour": Parameter(Colour)}
    old = make_site(embedded, SESSION_PARAMETERS=before).visitor()
    old(lambda: session.update(size=Size.SMALL, colour=Colour.RED, name="Ada"))
    after = {"size": Parameter(str, default="M"), "colour": Parameter(Colours)}
    new = make_site(embedded, SESSION_PARAMETERS=after).visitor(old.token)

    assert new.value(lambda: (session.get("size"), session.get("colour"))) == ("M", None)
    assert new.value(lambda: (session.all(), list(session.values()))) == ({"name": "Ada"}, ["Ada"])
    with pytest.raises(KeyError):
        new(lambda: session["size"])
    new(lambda: session.set("size", "L"))
    assert new.value(lambda: session["size"]) == "L"


def test_counting_begins_at_the_default(embedded, make_site):
    """`increment` and `append` begin with what `get` says."""
    parameters = {"n": Parameter(int, default=10), "log": Parameter(list[str], default=["a"])}
    visitor = make_site(embedded, SESSION_PARAMETERS=parameters).visitor()

    assert visitor.value(lambda: (session.get("n"), session.increment("n"))) == (10, 11)
    assert visitor.value(lambda: (session.append("log", "b"), session["log"])[1]) == ["a", "b"]
