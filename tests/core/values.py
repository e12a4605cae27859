"""Values that a session keeps, and what it means that one is another one exactly."""

from __future__ import annotations

import struct
from collections.abc import Hashable
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from markupsafe import Markup
from werkzeug.datastructures import ImmutableMultiDict, MultiDict

BERLIN = ZoneInfo("Europe/Berlin")
CET = timezone(timedelta(hours=1), "CET")
ODD = timezone(timedelta(hours=-3, minutes=-7, seconds=-11, microseconds=-13))

PLAIN = [
    None,
    True,
    False,
    *(0, 1, -1, 127, 128, -32, -33, 255, 256, 65535, 65536, 2**31, -(2**31) - 1),
    *(2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**100, -(10**100)),
    *(0.0, -0.0, 1.5, 0.1 + 0.2, 5e-324, 1.7976931348623157e308),
    *(float("inf"), float("-inf"), float("nan")),
    *("", "a", "ä", "€", "😀", "a\x00b", "\ud800", "x" * 70_000),
    *(b"", b"a", bytes(range(256)), b"x" * 70_000),
    *(date(2026, 2, 28), date.min, date.max),
    *(datetime(2026, 2, 28, 12, 30), datetime(2026, 2, 28, 12, 30, 1, 5), datetime.min),
    *(datetime.max, datetime(2026, 10, 25, 2, 30, fold=1)),
    *(datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2026, 1, 1, tzinfo=CET)),
    *(datetime(2026, 1, 1, tzinfo=ODD), datetime(2026, 7, 1, tzinfo=BERLIN)),
    *(datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=fold) for fold in (0, 1)),
    *(datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC")), datetime(2026, 1, 1, tzinfo=CET, fold=1)),
    *(time(12, 30), time(0), time(12, 30, 1, 5), time(2, 30, fold=1)),
    *(time(12, tzinfo=timezone.utc), time(12, tzinfo=CET), time(12, tzinfo=BERLIN)),
    *(timedelta(0), timedelta(days=-1, microseconds=1), timedelta.min, timedelta.max),
    *(Decimal("0"), Decimal("-0"), Decimal("1.10"), Decimal("1E+500"), Decimal("1" * 60)),
    *(Decimal("NaN"), Decimal("-sNaN123"), Decimal("Infinity"), Decimal("-Infinity")),
    *(UUID(int=0), UUID(int=2**128 - 1)),
    *(Markup(""), Markup("<b>ä</b>")),
]

CONTAINERS = [
    *([], (), {}, set(), frozenset(), [[]], ((),), [()], {"": {}}),
    *([1, "a", None], (1, "a", None), [(1, [2, (3,)])], ("a",), (("a",),)),
    {"a": 1, "b": [1, 2], "c": {"d": (1, 2)}},
    {1: "int", "1": "str", 1.5: "float", None: "none", b"1": "bytes"},
    {(1, 2): "tuple", (1, (2, "a")): "nested", frozenset({1}): "frozenset", (): "empty"},
    {date(2026, 1, 1): 1, UUID(int=1): 2, Decimal("1.1"): 3, datetime(2026, 1, 1): 4},
    {"b": 1, "a": 2, "c": 3},
    {1, 2, 3},
    {"a", "b", (1, 2), frozenset({3}), None},
    frozenset({"a", ("b",), frozenset()}),
    {True: "yes", "list": [{1}, {2}], "deep": {"deeper": {"deepest": {1: (2, {3})}}}},
    [Markup("<b>"), "<b>"],
    MultiDict([("a", "1"), ("b", "2"), ("a", "3")]),
    ImmutableMultiDict([("a", "1"), ("a", "2")]),
    MultiDict(),
    {"form": MultiDict([("a", ["1", 2])])},
    list(range(1000)),
    {str(number): number for number in range(1000)},
]

_zones = st.one_of(
    st.none(),
    st.timezones(),
    st.sampled_from([timezone.utc, CET, ODD]),
    st.integers(-86_399, 86_399).map(lambda seconds: timezone(timedelta(seconds=seconds))),
)

_text = st.text(st.characters(exclude_categories=()))

hashable: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False),
        _text,
        st.binary(),
        st.datetimes(timezones=_zones, allow_imaginary=True),
        st.dates(),
        st.times(timezones=_zones),
        st.timedeltas(),
        st.decimals(allow_nan=False),
        st.uuids(),
        _text.map(Markup),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(tuple), st.frozensets(inner, max_size=4)
    ),
    max_leaves=6,
)

values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(hashable, st.floats(), st.decimals()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.lists(inner, max_size=5).map(tuple),
        st.dictionaries(hashable, inner, max_size=5),
        st.sets(hashable, max_size=5),
        st.lists(st.tuples(_text, inner), max_size=4).map(MultiDict),
        st.lists(st.tuples(_text, inner), max_size=4).map(ImmutableMultiDict),
    ),
    max_leaves=12,
)


def exactly(value: Any) -> Hashable:
    """Return something that is equal for two values only if they are the same in every way."""
    kind = type(value).__name__
    if isinstance(value, MultiDict):
        return kind, tuple((exactly(key), exactly(each)) for key, each in value.lists())
    if isinstance(value, dict):
        return kind, tuple((exactly(key), exactly(each)) for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return kind, tuple(map(exactly, value))
    if isinstance(value, (set, frozenset)):
        return kind, tuple(sorted(map(repr, map(exactly, value))))
    if isinstance(value, float):
        return kind, struct.pack(">d", value) if value == value else "nan"
    if isinstance(value, Decimal):
        return kind, value.as_tuple()
    if isinstance(value, (datetime, time)):
        zone = value.tzinfo
        named = getattr(zone, "key", None) or (zone and (zone.utcoffset(None), zone.tzname(None)))
        naive = value.replace(tzinfo=None).isoformat()
        return kind, naive, value.fold, named, value.utcoffset(), value.tzname()
    return kind, value
