"""What parameters refuse of odd classes, flags and forms, and what was changed inside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from enum import IntFlag
from ipaddress import IPv4Address
from pathlib import Path, PosixPath
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import ImmutableMultiDict, MultiDict

from flask_sessionplus import SessionPlus
from flask_sessionplus.codec import Codec
from flask_sessionplus.conversion import kind_of
from flask_sessionplus.errors import ConfigError, ParameterError, UndecodableValue
from flask_sessionplus.kinds import DictKind, ManyKind, Misfit, PlainKind
from flask_sessionplus.parameters import Parameter, Schema, check_parameters
from tests.core.typed import Item, Money, Point, Right, Slug, Theme, Tree

TWICE = MultiDict([("x", "1"), ("x", "2")])


@dataclass
class Ratio:
    part: Decimal
    whole: Decimal

    def __post_init__(self) -> None:
        self.share = self.part / self.whole


@dataclass
class Upload:
    path: str

    def __post_init__(self) -> None:
        raise FileNotFoundError(self.path)


@dataclass
class Meeting:
    zone: ZoneInfo


class Permission(IntFlag):
    READ = 1
    WRITE = 2


@dataclass
class Chain:
    """Holds one of itself, or none, and so no list that could be empty."""

    size: int
    rest: Chain | None = None


def schema(**parameters):
    """Return the schema of a session with these parameters."""
    return Schema(check_parameters(parameters))


@pytest.mark.parametrize(
    ("type_", "given"),
    [
        (Ratio, {"part": 1, "whole": 0}),
        (Upload, {"path": "hunter2"}),
        (ZoneInfo, "America"),
        (ZoneInfo, "A" * 5000),
        (ZoneInfo, "hunter2"),
    ],
)
def test_whatever_a_class_raises_is_a_refusal(type_, given):
    """A visitor's value that a class breaks over is a ParameterError, and no error 500."""
    with pytest.raises(ParameterError) as caught:
        Parameter(type_).convert("x", given)

    assert caught.value.name == "x"
    assert caught.value.given is given
    assert caught.value.__context__ is None


def test_what_a_class_says_of_a_stored_value_is_not_told():
    """A stored value that its class breaks over cannot be read, and the error does not show it."""
    codec = Codec()
    schema(x=Parameter(Upload)).register_types(codec)
    other = Codec()
    name = f"{Upload.__module__}.{Upload.__qualname__}"
    other.register(Money, lambda _: {"path": "hunter2"}, lambda _: Money(Decimal(0)), name=name)

    with pytest.raises(UndecodableValue, match="must be what Upload accepts") as caught:
        codec.decode(other.encode(Money(Decimal(1))))

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("type_", "named"),
    [
        (ZoneInfo, "ZoneInfo"),
        (IPv4Address, "IPv4Address"),
        (Path, "Path"),
        (dict[str, list[IPv4Address | None]], "IPv4Address"),
        (Meeting, "ZoneInfo"),
    ],
)
@pytest.mark.parametrize("scope", ["session", "global"])
def test_a_class_that_cannot_be_stored(type_, named, scope):
    """`init_app` tells it, and not the first visitor's session."""
    app = Flask(__name__)
    app.config["SESSION_PARAMETERS"] = {"x": Parameter(type_, scope=scope)}

    with pytest.raises(ConfigError, match=rf"'x' has .* stored, {named}\. Call register_type"):
        SessionPlus(app)


@pytest.mark.parametrize("registered", [ZoneInfo, PosixPath])
def test_a_class_that_was_registered(registered):
    """Who has taught it to the extension may use it, or the class that it is made from."""
    extension = SessionPlus()
    extension.register_type(registered, str, registered)
    app = Flask(__name__)
    kind = Path if registered is PosixPath else registered
    app.config["SESSION_PARAMETERS"] = {"x": Parameter(kind), "y": Parameter(list[kind])}

    extension.init_app(app)


@pytest.mark.parametrize("type_", [Slug, MultiDict, list[Slug]])
def test_a_class_made_from_a_plain_one_is_stored(type_):
    """The codec keeps its objects as what it is made from."""
    schema(x=Parameter(type_)).register_types(Codec())


def test_the_local_session_takes_every_class():
    """It is never stored."""
    schema(x=Parameter(IPv4Address, scope="local")).register_types(Codec())


@pytest.mark.parametrize("flag", [Right, Permission])
@pytest.mark.parametrize("given", [-1, -2, 4, 4096, 2**70, "-1"])
def test_a_flag_takes_no_bits_that_nobody_named(flag, given):
    """JSON's -1 is not every permission there is."""
    with pytest.raises(Misfit):
        kind_of(flag).convert(given)


@pytest.mark.parametrize("flag", [Right, Permission])
def test_a_flag_takes_its_own_bits(flag):
    """All of them, and none."""
    kind = kind_of(flag)

    assert [kind.convert(given) for given in (0, 1, 3)] == [flag(0), flag.READ, flag(3)]


def test_a_flag_that_the_app_made_stays():
    """An IntFlag may have any bits, if the app says so itself."""
    value = Permission(4096)

    assert kind_of(Permission).convert(value) is value


@pytest.mark.parametrize("type_", [dict[str, int], dict[str, str], dict[Slug, Any]])
@pytest.mark.parametrize("form", [TWICE, ImmutableMultiDict(TWICE)])
def test_a_form_with_two_values_for_one_name(type_, form):
    """It is refused: a dict would have the first, and lose the other."""
    with pytest.raises(ParameterError) as caught:
        Parameter(type_).convert("x", form)

    error = caught.value
    assert (error.name, error.expected, error.given) == ("x['x']", "given once", ["1", "2"])


def test_a_field_that_is_sent_twice():
    """Nor is one value of two guessed for a dataclass."""
    with pytest.raises(ParameterError) as caught:
        Parameter(Point).convert("p", MultiDict([("x", "1"), ("y", "2"), ("y", "3")]))

    assert (caught.value.name, caught.value.given) == ("p.y", ["2", "3"])


def test_forms_that_lose_nothing():
    """Each name once becomes a dict; where anything may be in it, a form stays the form."""
    assert kind_of(dict[str, int]).convert(MultiDict({"x": "1"})) == {"x": 1}
    assert kind_of(dict).convert(TWICE) is TWICE
    assert kind_of(dict[str, Any]).convert(TWICE) is TWICE


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (list[int], [1, 2]),
        (list[list[int | None]], [[1, None], []]),
        (dict[str, list[Decimal]], {"a": [Decimal(1)]}),
        (set[float], {1.5}),
        (list[Item], [Item("tea", Money(Decimal(1)), {"hot"}, Theme.DARK)]),
        (list[Tree], [Tree("a", [Tree("b")])]),
        (list[Chain], [Chain(1, Chain(2))]),
        (list, [1, "a"]),
    ],
)
def test_what_fits_already_is_not_looked_at_one_by_one(type_, value):
    """A page that reads a long list often does not wait for each of its members each time."""
    with patch.object(PlainKind, "convert", side_effect=AssertionError):
        assert schema(x=Parameter(type_)).offer("x", value) is value


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (int, True),
        (int, "1"),
        (float, math.nan),
        (float, 1),
        (Decimal, Decimal("Infinity")),
        (int | None, "1"),
        (list[int], [1, True]),
        (list[int], (1,)),
        (dict[str, int], {1: 1}),
        (dict[str, int], {"a": "1"}),
        (dict[str, str], TWICE),
        (Theme, "dark"),
        (Slug, "a"),
        (Money, Money(Decimal("NaN"))),
        (Money, {"amount": 1}),
        (Tree, Tree("a", [Tree("b", [Tree(1)])])),  # type: ignore[arg-type]
        (Chain, Chain(1, Chain("2"))),  # type: ignore[arg-type]
        (Chain, object.__new__(Chain)),
    ],
)
def test_what_is_not_exact_does_not_pass_the_quick_look(type_, value):
    """Between values that fit, one that does not is found."""
    kind = kind_of(type_)

    assert kind.all_fit([]) is True
    assert kind.all_fit([value]) is False


_inside = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(), st.text()),
    *(st.builds(Money, st.decimals() | st.text()), st.builds(Point, st.floats(), st.integers())),
    st.builds(Chain, st.integers() | st.text(), st.none() | st.builds(Chain, st.integers())),
)
_values = st.one_of(
    *(st.lists(_inside, max_size=2), st.sets(st.integers() | st.floats(), max_size=2)),
    *(st.lists(st.lists(_inside, max_size=2)), st.dictionaries(st.text(), _inside, max_size=2)),
)
_members: list[Any] = [int, float, Decimal, bool, str, int | None, Money, Point, Chain, list[int]]


@given(member=st.sampled_from(_members), value=_values)
def test_the_quick_look_and_the_long_one_agree(member, value):
    """What passes the quick look would have stayed the same object without it."""
    for type_ in (list[member], set[member], dict[str, member]):
        kind = kind_of(type_)
        if kind.all_fit([value]):
            with (
                patch.object(ManyKind, "all_fit", return_value=False),
                patch.object(DictKind, "all_fit", return_value=False),
            ):
                assert kind.convert(value) is value


@pytest.mark.parametrize(
    ("type_", "value", "name"),
    [
        (list[int], [1, "oops"], "x[1]"),
        (list[int], [1, "2"], "x"),
        (list[int], [1, True], "x[1]"),
        (dict[str, Decimal], {"a": Decimal(1), "b": 0.5}, "x['b']"),
        (dict[str, Decimal], {"a": "1"}, "x"),
        (list[list[int]], [(1,)], "x"),
        (Item, Item("tea", Money("2")), "x"),  # type: ignore[arg-type]
        (Item, Item("tea", None), "x.price"),  # type: ignore[arg-type]
        (list[Item], [{"name": "tea", "price": {"amount": "1"}}], "x"),
    ],
)
def test_what_was_changed_inside_to_something_else(type_, value, name):
    """It is refused before it is saved: later it would be lost, or something else."""
    with pytest.raises(ParameterError) as caught:
        schema(x=Parameter(type_)).check("x", value)

    assert caught.value.name == name
    assert caught.value.__context__ is None


def test_what_was_changed_inside_to_no_choice():
    """The choices hold for what a value has become."""
    with pytest.raises(ParameterError, match="must be one of"):
        schema(x=Parameter(list[int], choices=[[1], [1, 2]])).check("x", [1, 3])


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (list[int], [1, 2]),
        (list[Decimal], [Decimal(1), 2]),
        (list[float], [1.5, 2]),
        (Item | None, Item("tea", Money(Decimal(1)))),
        (Item | None, None),
        (dict, {"a": object()}),
    ],
)
def test_what_was_changed_inside_and_fits(type_, value):
    """What becomes something equal is no loss."""
    schema(x=Parameter(type_)).check("x", value)


def test_what_is_none_of_the_scope_is_not_checked():
    """Names that are no parameters, and those of another scope, have no type here."""
    known = schema(total=Parameter(int, scope="global"))

    known.check("total", "x")
    known.check("other", object())
