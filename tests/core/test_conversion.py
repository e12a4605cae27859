"""What becomes of a value that is put in as a type, and what is refused instead of guessed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from typing import Any, List, Optional, Union  # noqa: UP035  the old spelling is one too
from uuid import UUID

import pytest
from flask_babel import LazyString
from hypothesis import given
from hypothesis import strategies as st

from flask_sessionplus.codec import Codec
from flask_sessionplus.conversion import kind_of, register_kinds
from flask_sessionplus.kinds import Misfit
from tests.core.typed import (
    Around,
    Asking,
    Item,
    Level,
    Lost,
    Money,
    Nobody,
    Pair,
    Point,
    Right,
    Shape,
    Slug,
    Span,
    Theme,
    Tree,
    Walks,
    Word,
)
from tests.core.values import exactly

UTC = timezone.utc
WEST = timezone(timedelta(hours=-3))
NUMBER = UUID("12345678-1234-5678-1234-56789abcdef0")
DIGITS = "1" * 100

# What is put in, and what it becomes.
TAKEN: list[tuple[Any, Any, Any]] = [
    *((str, text, text) for text in ("", "a", " a ", "42", "\ud800")),
    (str, LazyString(lambda: "now"), "now"),
    *((int, text, 42) for text in ("42", "+42", "042", " 42\n")),
    *((int, text, int(text)) for text in ("-1", "0", DIGITS)),
    *((float, given, 1.5) for given in (1.5, "1.5", "+1.50", "15e-1")),
    *((float, given, 3.0) for given in (3, "3", "3.", 3.0)),
    *((float, text, 0.5) for text in (".5", "0.5")),
    *((bool, text, True) for text in ("true", "True", "TRUE", "1", "yes", "on", " On ")),
    *((bool, text, False) for text in ("false", "0", "NO", "off")),
    *((Decimal, text, Decimal(text)) for text in ("12.30", "-0.10", "1e3", "0", DIGITS)),
    (Decimal, 12, Decimal(12)),
    (Decimal, 10**40, Decimal(10**40)),
    (date, "2026-11-21", date(2026, 11, 21)),
    (datetime, "2026-11-21T10:00:00Z", datetime(2026, 11, 21, 10, tzinfo=UTC)),
    (datetime, "2026-11-21T10:00:00.250Z", datetime(2026, 11, 21, 10, 0, 0, 250_000, UTC)),
    (datetime, "2026-11-21T10:00:00-03:00", datetime(2026, 11, 21, 10, tzinfo=WEST)),
    (datetime, "2026-11-21T10:00", datetime(2026, 11, 21, 10)),
    (datetime, "2026-11-21 10:00:01", datetime(2026, 11, 21, 10, 0, 1)),
    (time, "10:00", time(10)),
    (time, "10:00:01.5", time(10, 0, 1, 500_000)),
    (time, "10:00Z", time(10, tzinfo=UTC)),
    *((timedelta, given, timedelta(seconds=90)) for given in (90, 90.0, "90", "PT1M30S", "PT90S")),
    (timedelta, "-0.5", timedelta(seconds=-0.5)),
    (timedelta, "P1W2DT3H4M5.25S", timedelta(9, 5, 250_000, 0, 4, 3)),
    (timedelta, "-P1D", timedelta(-1)),
    *((UUID, text, NUMBER) for text in (str(NUMBER), str(NUMBER).upper(), NUMBER.hex)),
    *((bytes, given, b"ab") for given in (bytearray(b"ab"), memoryview(b"ab"))),
    *((Theme, given, Theme.DARK) for given in ("dark", "DARK")),
    *((Level, given, Level.GUEST) for given in (0, "0", "GUEST")),
    *((Word, given, Word.NO) for given in ("no", "NO")),
    (Word, "", Word.NOTHING),
    *((Right, given, Right.READ) for given in (1, "READ", "1")),
    (Right, 3, Right.READ | Right.WRITE),
    (Slug, "ABC", Slug("abc")),
    *((kind, ["1", 2], [1, 2]) for kind in (list[int], List[int])),  # noqa: UP006
    (list[int], ("1", 2), [1, 2]),
    (list, (1, "a"), [1, "a"]),
    (set[int], ["1", 1, "2"], {1, 2}),
    (frozenset[int], {"1"}, frozenset({1})),
    (tuple[int, ...], ["1"], (1,)),
    (dict[str, Decimal], {"a": "1.0"}, {"a": Decimal("1.0")}),
    (dict[int, int], MappingProxyType({"1": "2"}), {1: 2}),
    *((kind, None, None) for kind in (int | None, Optional[int])),  # noqa: UP045
    *((kind, "", None) for kind in (int | None, date | None, list[int] | None)),
    (str | None, "", ""),
    (list[int | None], ["", "1"], [None, 1]),
    (Money, {"amount": "1.50"}, Money(Decimal("1.50"))),
    (Money, {"amount": 1, "currency": "USD"}, Money(Decimal(1), "USD")),
    (Point, {"x": 1, "y": "2"}, Point(1.0, 2.0)),
    (
        Item,
        {"name": "tea", "price": {"amount": "2"}, "tags": ["hot"], "theme": "dark"},
        Item("tea", Money(Decimal(2)), {"hot"}, Theme.DARK),
    ),
    (Item, Item("tea", {"amount": "2"}), Item("tea", Money(Decimal(2)))),  # type: ignore[arg-type]
    (Money, Money("2"), Money(Decimal(2))),  # type: ignore[arg-type]
    (Tree, {"name": "a", "children": [{"name": "b"}]}, Tree("a", [Tree("b")])),
    (Span, {"first": "1", "last": 3}, Span(1, 3)),
    (dict[str, list[Money]], {"a": [{"amount": 1}]}, {"a": [Money(Decimal(1))]}),
    (Any, NUMBER, NUMBER),
    (object, None, None),
]

# What is refused, and where.
REFUSED: list[tuple[Any, Any, str]] = [
    *((str, given, "") for given in (None, 42, True, b"a", ["a"], NUMBER)),
    *((int, given, "") for given in (True, 4.5, 4.0, "4.5", "4.0", "", "1_000", "0x10", "٤٢")),
    *((int, given, "") for given in (None, Decimal(4), DIGITS + "1", "4 2", b"42")),
    *((float, given, "") for given in (True, "nan", "inf", "-Infinity", float("nan"), "1e999")),
    *((float, given, "") for given in (float("inf"), 2**53 + 1, 10**400, "1_0.0", "", Decimal(1))),
    *((bool, given, "") for given in (1, 0, None, "", "2", "y", "truely", 1.0, b"1")),
    *((Decimal, given, "") for given in (12.3, 12.0, True, "NaN", "sNaN", "Infinity", "12,30")),
    *((Decimal, given, "") for given in (Decimal("NaN"), Decimal("Infinity"), "1e1000", "1_0", "")),
    *((date, given, "") for given in (datetime(2026, 11, 21), "2026-11-21T00:00", "21.11.2026")),
    *((date, given, "") for given in ("2026-02-30", "20261121", "2026-W47-6", 1, "")),
    *((datetime, given, "") for given in (date(2026, 11, 21), "2026-11-21", 1_700_000_000, "now")),
    *((datetime, given, "") for given in ("2026-11-21T25:00Z", "2026-11-21T10:00:00.1234567Z")),
    *((time, given, "") for given in ("10", "24:00", "10:00:60", 10, datetime(2026, 1, 1))),
    *((timedelta, given, "") for given in (True, "P", "PT", "P1Y", "1:30", "", "1e999", "1e-7")),
    *((timedelta, given, "") for given in (float("nan"), 10**30, "P999999999DT24H", None)),
    *((UUID, given, "") for given in (NUMBER.int, NUMBER.bytes, f"{{{NUMBER}}}", NUMBER.urn, "1")),
    *((bytes, given, "") for given in ("ab", 3, [1, 2], None)),
    *((Theme, given, "") for given in ("Dark", "blue", None, 1, ["dark"], Word.YES)),
    *((Level, given, "") for given in (True, 1.0, "2", "admin", "", None)),
    *((Right, given, "") for given in (4, "READ|WRITE", True, -1.0)),
    *((Slug, given, "") for given in ("a b", 42, None)),
    (list[int], "12", ""),
    (list[int], {1, 2}, ""),
    (list[int], {"1": 2}, ""),
    (list[int], [1, 2, "x"], "[2]"),
    (list[list[int]], [[1], [2, True]], "[1][1]"),
    (set[int], ["x"], "[...]"),
    (set[list[int]], [[1]], ""),
    (tuple[int, ...], [None], "[0]"),
    (dict[str, int], [("a", 1)], ""),
    (dict[str, int], {1: 1}, "[...]"),
    (dict[str, int], {"a": "x"}, "['a']"),
    (dict[str, int], {"a" * 21: "x"}, "[...]"),
    (dict[int, int], {"1": 1, 1: 2}, ""),
    (int | None, "x", ""),
    (Money, {}, ".amount"),
    (Money, {"amount": 1, "iban": "x"}, ".iban"),
    (Money, {"amount": 1, 2: "x"}, "[...]"),
    (Money, {"amount": 1, "a b": "x"}, "[...]"),
    (Money, {"amount": 1.5}, ".amount"),
    (Money, Money(1.5), ".amount"),  # type: ignore[arg-type]
    (Money, [1, "EUR"], ""),
    (Money, None, ""),
    (Item, {"name": "tea", "price": {"amount": 1}, "tags": [1]}, ".tags[...]"),
    (list[Item], [{"name": "tea", "price": {}}], "[0].price.amount"),
    (Span, {"first": 3, "last": 1}, ""),
    (Span, {"first": 1, "last": 3, "length": 7}, ".length"),
]

UNSUPPORTED = [
    *(None, 42, "int", "Money", int | str, Union[int, str, None], list[complex | int]),  # noqa: UP007
    *(tuple[int, str], type[int], Mapping, Mapping[str, int], lambda value: value, Pair, Shape),
    *(Walks, Nobody, Asking, Lost, Around, type(None)),
]


@pytest.mark.parametrize(("kind", "given", "becomes"), TAKEN)
def test_a_value_is_converted(kind, given, becomes):
    """What says a value of the type without a guess becomes that value, of exactly that type."""
    assert exactly(kind_of(kind).convert(given)) == exactly(becomes)


@pytest.mark.parametrize(("kind", "given", "path"), REFUSED)
def test_a_value_is_refused(kind, given, path):
    """What is of another type, ambiguous or not exact is refused, by the place where it is."""
    with pytest.raises(Misfit) as caught:
        kind_of(kind).convert(given)

    assert caught.value.path == path
    assert caught.value.expected
    assert caught.value.__context__ is None


@pytest.mark.parametrize(("kind", "_", "value"), TAKEN)
def test_a_value_of_the_type_stays_the_same_object(kind, _, value):
    """What is of the type already is not even copied."""
    assert kind_of(kind).convert(value) is value


@pytest.mark.parametrize(("kind", "_", "value"), TAKEN)
def test_a_converted_value_comes_back_from_the_store(kind, _, value):
    """What the codec makes of it is a value of the type again: the same one."""
    codec, compiled = Codec(), kind_of(kind)
    register_kinds(codec, [compiled])
    stored = codec.encode(value)

    assert exactly(compiled.convert(codec.decode(stored))) == exactly(value)
    assert codec.encode(codec.decode(stored)) == stored


@pytest.mark.parametrize("annotation", UNSUPPORTED, ids=repr)
def test_a_type_that_is_not_supported(annotation):
    """A type that nothing could be converted to is told at once, not by the first visitor."""
    with pytest.raises(TypeError, match=r"supported|members|asks for|not found"):
        kind_of(annotation)


def test_the_field_of_an_unsupported_type_is_named():
    """Of a dataclass, the field is told that cannot be."""
    with pytest.raises(TypeError, match=r"Around\.inner: complex \| bytes is not supported"):
        kind_of(list[Around])


def test_a_frozen_value_is_copied_not_changed():
    """A dataclass whose field had to be converted is a new object; the old one is as it was."""
    old = Money("2")  # type: ignore[arg-type]

    assert kind_of(Money).convert(old) == Money(Decimal(2))
    assert old.amount == "2"


def test_no_message_holds_a_value():
    """A misfit tells what was expected and where, and nothing of what was given."""
    with pytest.raises(Misfit) as caught:
        kind_of(dict[str, list[int]]).convert({"k" * 30: ["secret"]})

    assert str(caught.value) == "value[...][0] must be int"
    assert caught.value.given == "secret"


_kinds: list[Any] = [
    *(str, int, float, bool, Decimal, date, datetime, time, timedelta, UUID, bytes, Theme, Level),
    *(list[int], set[Decimal], dict[str, date], tuple[bool, ...], int | None, Money, Item, Point),
]
_words = st.text() | st.sampled_from(["1", "-2.5", "on", "dark", "0", "2026-11-21", "10:00", ""])
_given: st.SearchStrategy[Any] = st.recursive(
    _words
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.dates()
    | st.datetimes()
    | st.timedeltas()
    | st.uuids()
    | st.sampled_from(list(Theme)),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(_words | st.sampled_from(["amount", "x", "y"]), inner, max_size=4)
    ),
    max_leaves=6,
)


@given(kind=st.sampled_from(_kinds), given=_given)
def test_converting_twice_is_converting_once(kind, given):
    """A value is refused by a Misfit, or becomes one that is stored, comes back and fits."""
    codec, compiled = Codec(), kind_of(kind)
    register_kinds(codec, [compiled])
    try:
        value = compiled.convert(given)
    except Misfit:
        return

    assert compiled.convert(value) is value
    assert exactly(codec.decode(codec.encode(value))) == exactly(value)


@given(
    text=st.from_regex(r"[0-9+\-.eE_TPZ:DHMS nNaif,]{0,12}", fullmatch=True),
    kind=st.sampled_from([int, float, Decimal, date, datetime, time, timedelta, UUID, bool]),
)
def test_strange_texts(text, kind):
    """However a text looks, it is read or refused: no other error comes out."""
    try:
        value = kind_of(kind).convert(text)
    except Misfit:
        return

    assert type(value) is kind
