"""A parameter's definition, its default, and what a session asks of all of them."""

from __future__ import annotations

import logging
import traceback
from datetime import datetime, timezone
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from flask_sessionplus.codec import Codec
from flask_sessionplus.errors import ConfigError, ParameterError, UndecodableValue
from flask_sessionplus.parameters import EXTENSIONS_NAMES, Parameter, Schema, check_parameters
from tests.core.typed import Around, Item, Money, Point, Right, Theme, Tree
from tests.core.values import exactly


def schema(unknown="allow", **parameters):
    """Return the schema of a session with these parameters."""
    return Schema(check_parameters(parameters), unknown)


def refusal(function, *arguments):
    """Return the error with which this is refused."""
    with pytest.raises(ParameterError) as caught:
        function(*arguments)
    return caught.value


def test_the_error_tells_name_expected_and_given():
    """A program finds in the error what it needs for its own message."""
    error = refusal(Parameter(str, choices=["light", "dark"]).convert, "theme", "blue")

    assert (error.name, error.expected, error.given) == ("theme", "one of 'light', 'dark'", "blue")
    assert isinstance(error, ValueError)


def test_the_error_tells_the_place_inside():
    """In a list of objects, the one that is wrong is found."""
    tea = {"name": "tea", "price": {"amount": 1}}
    error = refusal(Parameter(list[Item]).convert, "items", [tea, {**tea, "price": {"amount": []}}])

    assert error.name == "items[1].price.amount"
    assert error.given == []


@pytest.mark.parametrize(
    ("parameter", "given"),
    [
        (Parameter(int), "hunter2-hunter2"),
        (Parameter(Theme), "hunter2-hunter2"),
        (Parameter(str, choices=["a"]), "hunter2-hunter2"),
        (Parameter(list[Decimal]), ["hunter2-hunter2"]),
        (Parameter(dict[str, int]), {"hunter2-hunter2-hunter2": ""}),
        (Parameter(Money), {"amount": "hunter2-hunter2"}),
        (Parameter(Money), {"amount": 1, "hunter2-hunter2-hunter2": 1}),
    ],
)
def test_no_traceback_shows_the_value(parameter, given):
    """A secret that was put in the wrong place does not get into a log (ASVS 16.2.5)."""
    error = refusal(parameter.convert, "x", given)

    assert "hunter2" not in "".join(traceback.format_exception(error))
    assert "hunter2" not in logging.Formatter().formatException((ParameterError, error, None))
    assert error.__context__ is None


def test_a_message_does_not_grow_with_the_choices():
    """Of very many choices, some are named."""
    error = refusal(Parameter(int, choices=range(10_000)).convert, "n", -1)

    assert len(str(error)) < 300


def test_choices_are_values_of_the_type():
    """A choice is compared with the converted value: text from a form finds its number."""
    parameter = Parameter(Decimal, choices=[1, Decimal("2.50")])

    assert exactly(parameter.convert("x", "2.5")) == exactly(Decimal("2.5"))
    assert refusal(parameter.convert, "x", "3").expected == "one of '1', '2.50'"


def test_nullable():
    """Only a nullable parameter may be None, whatever the choices are."""
    assert Parameter(str, nullable=True, choices=["a"]).convert("x", None) is None
    assert Parameter(str | None, nullable=True).convert("x", None) is None
    assert refusal(Parameter(str).convert, "x", None).given is None


def test_a_value_that_is_nested_for_ever():
    """What has no end is refused, and does not break the process."""
    endless = Tree("a")
    endless.children.append(endless)
    deep: Any = {"name": "a", "children": []}
    for _ in range(5_000):
        deep = {"name": "a", "children": [deep]}

    for given in (endless, deep):
        assert refusal(Parameter(Tree).convert, "tree", given).expected == "nested less deeply"


def test_a_default_that_can_change_is_copied():
    """Nobody gets what somebody else has changed, however deep."""
    parameter = Parameter(list[Item], default=[Item("tea", Money(Decimal(1)))])
    first = parameter.make_default("x")
    first[0].tags.add("hot")

    assert parameter.make_default("x") == [Item("tea", Money(Decimal(1)))]


def test_a_default_that_cannot_change_is_itself():
    """A member of an Enum stays that member."""
    assert Parameter(Theme, default=Theme.DARK).make_default("x") is Theme.DARK
    assert Parameter(str).make_default("x") is None


def test_a_default_is_of_the_type():
    """A default may be written as a number, and is the type all the same."""
    assert exactly(Parameter(Decimal, default=0).make_default("x")) == exactly(Decimal(0))


def test_a_function_is_called_each_time():
    """A default may be what it is just then."""
    numbers = iter(["1", "2"])
    parameter = Parameter(int, default=lambda: next(numbers))

    assert [parameter.make_default("x"), parameter.make_default("x")] == [1, 2]


def test_a_function_with_a_wrong_result():
    """It is an error of the app, which names the parameter."""
    parameter = Parameter(int, default=list)

    with pytest.raises(
        ConfigError, match=r"'x' has a default function, whose result must be int\."
    ):
        parameter.make_default("x")


class Rule(Enum):
    """A value that can be called, and is no function of an app."""

    STRICT = 1

    def __call__(self) -> int:
        """Return something."""
        return 7


def test_a_value_that_can_be_called_is_a_value():
    """What is of the type is the default itself."""
    assert Parameter(Rule, default=Rule.STRICT).make_default("x") is Rule.STRICT


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        (Parameter(str, "blue", choices=["light"]), "has a default that is not one of its choices"),
        (Parameter(int, "1"), "has a default that is not of its type int"),
        (Parameter(int, True), "has a default that is not of its type int"),
        (Parameter(list[int], (1,)), r"has a default that is not of its type list\[int\]"),
        (Parameter(Money, {"amount": 1}), "has a default that is not of its type Money"),
        (Parameter(int, choices=[1, "2"]), "has a choice that is not of its type int"),
        (Parameter(int, choices=[1, True]), "has a choice that is not of its type int"),
        (Parameter(str, choices=[]), "has no choices"),
        (Parameter(str, choices="light"), "has no choices"),
        (Parameter(str, choices=1), "has no choices"),  # type: ignore[arg-type]
        (Parameter(str, scope="cookie"), "has the scope 'cookie', not one of 'session', 'local'"),
        (Parameter(complex | str), r"has a type that cannot be one: complex \| str is not"),
        (Parameter(list[Around]), r"has a type that cannot be one: Around\.inner: complex"),
        (Parameter("str"), "has a type that cannot be one: 'str' is not supported"),
        (str, r"must be a Parameter\(type, \.\.\.\)"),
    ],
)
def test_a_wrong_definition(parameter, message):
    """It is told when the settings are read, with the parameter's name."""
    with pytest.raises(ConfigError, match=f"^SESSION_PARAMETERS: 'theme' {message}.*\\.$"):
        check_parameters({"theme": parameter})


@pytest.mark.parametrize("value", [[], "theme", {1: Parameter(str)}, {"": Parameter(str)}])
def test_wrong_parameters(value):
    """Names are texts, and there is a dict of them."""
    with pytest.raises(ConfigError, match="SESSION_PARAMETERS"):
        check_parameters(value)


@pytest.mark.parametrize("name", ["_user_id", "\x00a", "\x04a"])
def test_names_of_others(name):
    """Names of Flask, of extensions and of our own are no parameters."""
    with pytest.raises(ConfigError, match="SESSION_PARAMETERS"):
        check_parameters({name: Parameter(str)})


def test_checked_parameters_cannot_change():
    """What was checked stays as it was checked."""
    given = {"theme": Parameter(str)}
    checked = check_parameters(given)
    given["late"] = Parameter(complex | str)

    assert list(checked) == ["theme"]


def test_accept_converts():
    """What is put in is of the type afterwards."""
    assert schema(n=Parameter(int)).accept("n", "42") == 42


def test_unknown_names_are_allowed_or_not():
    """A setting decides; the error says what is known, or what may have been meant."""
    value = object()
    refusing = schema("refuse", theme=Parameter(str), n=Parameter(int))

    assert schema(theme=Parameter(str)).accept("thme", value) is value
    assert "(did you mean 'theme'?)" in str(refusal(refusing.accept, "thme", 1))
    assert "one of 'theme', 'n'" in str(refusal(refusing.accept, "x", 1))
    assert refusal(refusing.accept, "thme", value).given is value
    assert len(str(refusal(refusing.accept, "secret" * 9, 1))) < 120
    assert refusal(schema("refuse").accept, "x", 1).name == "x"


@pytest.mark.parametrize("name", ["_user_id", "_permanent", "_x", *sorted(EXTENSIONS_NAMES)])
def test_names_of_extensions_are_always_allowed(name):
    """Flask-Login, Flask-WTF and their like need not know of parameters."""
    assert schema("refuse", theme=Parameter(str)).accept(name, "x") == "x"


@pytest.mark.parametrize("unknown", ["allow", "refuse"])
def test_a_name_of_another_scope(unknown):
    """It is not put where nobody would look for it, and the error says where it belongs."""
    both = schema(unknown, total=Parameter(Decimal, scope="global"), note=Parameter(str))

    assert "put into global_session" in str(refusal(both.accept, "total", 1))
    assert both.for_scope("global").accept("total", 1) == Decimal(1)
    assert "put into session" in str(refusal(both.for_scope("local").accept, "note", "a"))
    assert "'total'" not in str(refusal(schema("refuse", a=Parameter(int)).accept, "b", 1))


def test_defaults_are_those_of_the_scope():
    """Another scope's default does not show, nor does that of a name that is none."""
    both = schema(total=Parameter(Decimal, 0, scope="global"), note=Parameter(str, "none"))

    assert [both.default(name) for name in ("total", "note", "x")] == [None, "none", None]
    assert both.for_scope("global").default("total") == 0
    assert [name in both for name in ("total", "note", "x", 1)] == [False, True, False, False]


def test_offer_returns_what_fits():
    """What was stored as it should be is the same object; an older spelling is converted."""
    value = [1, 2]
    known = schema(n=Parameter(list[int]), day=Parameter(datetime))

    assert known.offer("n", value) is value
    assert known.offer("other", value) is value
    assert known.for_scope("local").offer("n", "x") == "x"
    assert known.offer("day", "2026-11-21T10:00Z") == datetime(
        2026, 11, 21, 10, tzinfo=timezone.utc
    )


def test_offer_returns_the_default_for_what_does_not_fit():
    """A value from before a deployment does not break a page."""
    known = schema(
        theme=Parameter(str, "light", choices=["light", "dark"]),
        n=Parameter(int),
        items=Parameter(list[int], list),
    )

    assert known.offer("theme", "purple") == "light"
    assert known.offer("n", None) is None
    assert known.offer("items", {"a": 1}) == []
    assert known.offer("items", {"a": 1}, "gone") == "gone"


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (Theme, Theme.DARK),
        (Right, Right.READ | Right.WRITE),
        (dict[str, list[Item]], {"a": [Item("tea", Money(Decimal(1)), {"hot"}, Theme.DARK)]}),
        (tuple[Point, ...], (Point(1.0, 2.0),)),
        (Tree | None, Tree("a", [Tree("b"), Tree("c", [Tree("d")])])),
    ],
)
def test_types_of_an_app_are_stored(type_, value):
    """Enums and dataclasses, inside each other and frozen, come back as what they were."""
    codec = Codec()
    schema(x=Parameter(type_, scope="local")).register_types(codec)
    stored = codec.encode({"anything": value})

    assert codec.decode(stored) == {"anything": value}
    assert codec.encode(codec.decode(stored)) == stored


def test_a_change_inside_a_dataclass_is_seen():
    """Its bytes are others then, which is how a session finds nested changes."""
    codec, item = Codec(), Item("tea", Money(Decimal(1)))
    schema(x=Parameter(list[Item])).register_types(codec)
    before = codec.encode([item])
    item.tags.add("hot")

    assert codec.encode([item]) != before


def test_what_the_app_registered_stays():
    """Who has taught a type to the extension has decided how it is stored."""
    codec = Codec()
    codec.register(Money, lambda money: "mine", lambda _: Money(Decimal(7)), name="money")
    schema(x=Parameter(Item)).register_types(codec)

    assert codec.decode(codec.encode(Item("a", Money(Decimal(1))))).price.amount == 7


def stored_money(fields):
    """Return the bytes of a Money of another version of the app, with these fields."""
    codec = Codec()
    codec.register(Money, lambda _: fields, lambda _: Money(Decimal(0)))
    return codec.encode(Money(Decimal(0)))


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"amount": Decimal(1), "iban": ""}, r"value\.iban must be left out"),
        ({"currency": "EUR"}, r"value\.amount must be given"),
        ({"amount": "hunter2"}, r"value\.amount must be Decimal"),
        ([], "without its fields"),
    ],
)
def test_a_dataclass_that_has_changed_too_much(fields, reason):
    """Fields that are gone, or needed since then, are told as a value that cannot be read."""
    codec = Codec()
    schema(x=Parameter(Money)).register_types(codec)

    with pytest.raises(UndecodableValue, match=reason):
        codec.decode(stored_money(fields))


def test_a_dataclass_with_a_new_field():
    """A field with a default may be added, and one may get another type that fits."""
    codec = Codec()
    schema(x=Parameter(Money)).register_types(codec)

    assert codec.decode(stored_money({"amount": "1"})) == Money(Decimal(1), "EUR")
