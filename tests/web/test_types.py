"""What is put in comes out again, with its type, after a real request on every store."""

from __future__ import annotations

import enum
import math
from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, request, session
from flask_babel import Babel, lazy_gettext
from markupsafe import Markup

from flask_sessionplus import SessionPlus, UndecodableValue
from tests.web.visiting import Site

BERLIN = ZoneInfo("Europe/Berlin")
VALUES = [
    None,
    True,
    0,
    -1,
    2**63,
    2**64,
    -(2**63) - 1,
    10**400,
    1.5,
    -0.0,
    math.inf,
    -math.inf,
    5e-324,
    "",
    "grüße 🍵",
    "\x00",
    "\ud800",
    b"",
    b"\x00\xff",
    [],
    [1, [2, (3, [4])]],
    (),
    (1,),
    ("danger", "<b>no</b>"),
    {},
    {"a": {"b": [1]}},
    {1: "int", "1": "str", (1, 2): "tuple", None: "none", b"1": "bytes"},
    set(),
    {1, "a", (2, b"3")},
    frozenset({frozenset({1}), "x"}),
    datetime(2026, 2, 3, 4, 5, 6, 789),
    datetime(2026, 2, 3, tzinfo=timezone.utc),
    datetime(2026, 2, 3, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    datetime(2026, 2, 3, tzinfo=timezone(timedelta(hours=1), "CET")),
    datetime(2026, 7, 3, tzinfo=BERLIN),
    datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=0),
    datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1),
    datetime.min,
    datetime.max,
    date(2026, 2, 3),
    time(1, 2, 3, 4),
    time(1, 2, tzinfo=timezone.utc),
    time(1, 2, tzinfo=BERLIN),
    timedelta(days=-1, microseconds=1),
    timedelta.max,
    Decimal("1.10"),
    Decimal("-0"),
    Decimal("Infinity"),
    Decimal("1E+400"),
    UUID("12345678123456781234567812345678"),
    Markup("<b>Hi</b>"),
    [Markup("<i>a</i>"), Decimal("0.1"), {date(2026, 1, 1): (None,)}],
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{value!r:.40}")
def test_a_value_comes_back_as_it_was(visitor, value):
    """Equal, of the same type, and so is everything in it."""
    visitor(lambda: session.update(value=value))

    found = visitor.value(lambda: session["value"])

    assert found == value
    assert _shape(found) == _shape(value)


def test_nan_comes_back(visitor):
    """NaN, which equals nothing, comes back as NaN."""
    visitor(lambda: session.update(values=[math.nan, Decimal("nan")]))

    number, decimal = visitor.value(lambda: session["values"])

    assert math.isnan(number)
    assert decimal.is_nan()


def test_a_zone_comes_back_as_itself(visitor):
    """A datetime with a named zone still knows the rules of that zone."""
    visitor(lambda: session.update(at=datetime(2026, 7, 3, 12, tzinfo=BERLIN)))

    found = visitor.value(lambda: session["at"])

    assert found.tzinfo is BERLIN
    assert (found + timedelta(days=180)).utcoffset() == timedelta(hours=1)


def test_a_zone_keeps_its_name(visitor):
    """The name of a fixed zone is kept too."""
    visitor(lambda: session.update(at=datetime(2026, 7, 3, tzinfo=timezone(timedelta(0), "UTZ"))))

    assert visitor.value(lambda: session["at"].tzname()) == "UTZ"


def test_markup_is_not_escaped_again(visitor):
    """What was safe HTML before is safe HTML afterwards."""
    visitor(lambda: session.update(text=Markup("<b>Hi</b>")))

    assert visitor.value(lambda: Markup("{}").format(session["text"])) == "<b>Hi</b>"


def test_a_lazy_string_becomes_the_text_it_has_now(tmp_path):
    """A translated text is kept in the language of the request that stored it."""
    app = Flask("site", instance_path=str(tmp_path))
    Babel(app, locale_selector=lambda: request.args.get("lang", "en"))
    SessionPlus(app, store="memory://")
    visitor = Site(app).visitor()
    visitor(lambda: session.update(text=lazy_gettext("Hello"), texts=[lazy_gettext("Bye")]))

    found = visitor.value(lambda: (session["text"], session["texts"]))

    assert found == ("Hello", ["Bye"])
    assert _shape(found) == _shape(("Hello", ["Bye"]))


def test_a_proxy_is_kept_as_what_it_stands_for(visitor):
    """A `LocalProxy`, which Flask is full of, is stored as the object behind it."""
    from werkzeug.local import LocalProxy

    visitor(lambda: session.update(cart=LocalProxy(lambda: ["tea"])))

    assert visitor.value(lambda: _shape(session["cart"])) == _shape(["tea"])


class Colour(enum.Enum):
    """Something that has to be registered."""

    RED = "red"


class Level(enum.IntEnum):
    """An enum that is a number as well."""

    LOW = 1


Point = namedtuple("Point", "x y")


class Text(str):
    """A string of another class."""


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (OrderedDict(a=1), {"a": 1}),
        (defaultdict(list, a=[1]), {"a": [1]}),
        (Point(1, 2), (1, 2)),
        (Text("x"), "x"),
        (Level.LOW, 1),
        ({Level.LOW: [Level.LOW]}, {1: [1]}),
    ],
)
def test_a_subclass_becomes_its_plain_type(visitor, value, plain):
    """As with Flask's own sessions, an object of a subclass comes back as the plain type."""
    visitor(lambda: session.update(value=value))

    assert visitor.value(lambda: _shape(session["value"])) == _shape(plain)


@dataclass
class Money:
    """A class of the app."""

    amount: Decimal
    currency: str


@pytest.fixture
def taught(site):
    """Return somebody at an app that has taught `Money` and `Colour` to its sessions."""
    extension = site.app.extensions["sessionplus"].extension
    extension.register_type(Money, lambda m: (m.amount, m.currency), lambda parts: Money(*parts))
    extension.register_type(Colour, lambda colour: colour.value, Colour)
    return site.visitor()


def test_a_registered_type_comes_back(taught):
    """What the app registers is kept, deep inside values too."""
    price = Money(Decimal("9.90"), "EUR")
    taught(lambda: session.update(price=price, cart=[{"price": price}], colours=(Colour.RED,)))

    assert taught.value(lambda: session["price"]) == price
    assert taught.value(lambda: session["cart"][0]["price"]) == price
    assert taught.value(lambda: session["colours"][0]) is Colour.RED


def test_a_change_inside_a_registered_type_is_saved(taught):
    """An object of the app is watched like any other value."""
    taught(lambda: session.update(price=Money(Decimal(1), "EUR")))
    taught(lambda: setattr(session["price"], "currency", "CHF"))

    assert taught.value(lambda: session["price"]) == Money(Decimal(1), "CHF")


def test_a_type_that_is_registered_no_more(store, make_site, tmp_path):
    """Where a type is not registered its value cannot be read, but all others can, and it stays."""
    old, new = make_site(store), make_site(store)
    old.app.extensions["sessionplus"].extension.register_type(Money, vars, lambda d: Money(**d))
    visitor = old.visitor()
    visitor(lambda: session.update(price=Money(Decimal(1), "EUR"), name="Ada"))

    def page():
        with pytest.raises(UndecodableValue, match="Money"):
            session["price"]
        session["name"] += "!"
        return session["name"], "price" in session

    assert new.visitor(visitor.token).value(page) == ("Ada!", True)
    assert visitor.value(lambda: session["price"]) == Money(Decimal(1), "EUR")


def _shape(value):
    """Return the value with the type of everything in it."""
    if isinstance(value, dict):
        return type(value), [(_shape(k), _shape(v)) for k, v in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value), [_shape(part) for part in value]
    if isinstance(value, (set, frozenset)):
        return type(value), {repr(_shape(part)) for part in value}
    return type(value), repr(value)
