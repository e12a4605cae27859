"""What people who look after sessions see of a record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from flask_sessionplus.codec import Codec
from flask_sessionplus.names import FLASK_MESSAGE, MESSAGE, ScopeNames
from flask_sessionplus.record import BOOKKEEPING, IDENTITY
from flask_sessionplus.showing import UNDECODABLE, PlainCodec, is_message, label, type_name

VALUES = [
    *(None, True, False, 0, 1, 127, -1, -33, 300, 70_000, 2**40, -(2**40), 2**63, 2**70, -(2**70)),
    *(1.5, "", "x", "é" * 20, "x" * 300, "x" * 70_000, b"", b"x" * 300, b"x" * 70_000),
    *([], [1] * 20, [1] * 70_000, {}, {"a": 1}, {str(n): n for n in range(20)}),
    *((), (1, 2), tuple(range(300)), set(), {1}, frozenset({"a"}), set(range(70_000))),
    *(datetime.now(timezone.utc), date(2026, 1, 1), timedelta(1), Decimal("1.5"), uuid4()),
    *(Markup("<b>"), Markup("x" * 300), MultiDict({"a": "1"})),
]


class Money(SimpleNamespace):
    """A type of an app's own."""


def _codec(name: str | None = None) -> Codec:
    codec = Codec()
    codec.register(Money, lambda money: [money.amount, money.unit], _refuse, name)
    return codec


def _refuse(plain: object) -> object:
    raise AssertionError("This is the app's own code.")


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{type(value).__name__}")
def test_the_type_is_read_off_the_first_bytes(value: object) -> None:
    """Of every type that a session can hold, large or small, the name is that of Python."""
    assert type_name(Codec().encode(value)) == type(value).__name__


@pytest.mark.parametrize("name", [None, "money", "shop.Money", "x" * 40 + ".Money", "m" * 300])
def test_a_type_of_the_app_has_the_end_of_its_name(name: str | None) -> None:
    """The name that was registered, without the modules: the class itself may not be here."""
    data = _codec(name).encode(Money(amount=5, unit="EUR"))

    assert type_name(data) == (name or "Money").rpartition(".")[2]


def test_no_code_of_the_app_is_run() -> None:
    """A value of the app's own type is shown as the plain data that stand for it."""
    data = _codec().encode({"price": Money(amount=5, unit="EUR")})

    assert PlainCodec().decode(data) == {"price": [5, "EUR"]}


@given(st.binary(max_size=40))
def test_any_bytes_have_a_type(data: bytes) -> None:
    """Whatever is stored, asking for its type fails on nothing."""
    assert isinstance(type_name(data), str)


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\xc1\x02abc", b"\xc7", b"\xd4\x63\x00", b"\xd4"])
def test_what_is_no_value_is_called_so(data: bytes) -> None:
    """Nothing, a later format, and types that this version does not know."""
    assert type_name(data) == UNDECODABLE


def test_keys_are_shown_as_they_are() -> None:
    """A key is shown as the app knows it, the empty one too."""
    assert [label(name) for name in ("cart", "", "é", "scope:x")] == ["cart", "", "é", "scope:x"]


def test_keys_of_scopes_are_shown_with_their_scope() -> None:
    """With the names of all scopes around them; what was removed from a view is no value."""
    outer, inner = ScopeNames(["checkout"]), ScopeNames(["checkout", "2:gift"])

    assert label(outer.value("step")) == "scope:checkout/step"
    assert label(inner.value("to")) == "scope:checkout/2:gift/to"
    assert label(outer.removed("step")) is None


@pytest.mark.parametrize("prefix", [BOOKKEEPING, IDENTITY, MESSAGE, FLASK_MESSAGE])
def test_what_is_ours_is_not_shown(prefix: str) -> None:
    """Neither bookkeeping nor who is signed in nor messages are keys; messages are counted."""
    assert label(f"{prefix}anything") is None
    assert is_message(f"{prefix}anything") is (prefix in (MESSAGE, FLASK_MESSAGE))


@dataclass(frozen=True)
class Place:
    """A type of an app's own that can be in a set."""

    name: str


@pytest.mark.parametrize("plain", [dict, list])
def test_types_of_the_app_in_sets_and_as_keys(plain: type) -> None:
    """What the app can read is shown, though the data that stand for it are not hashable."""
    codec, place = Codec(), Place("here")
    codec.register(Place, lambda each: plain([("name", each.name)]), _refuse)

    for value in ({place}, frozenset({place}), {place: 1}, [{"all": {place}}]):
        assert "'here'" in repr(PlainCodec().decode(codec.encode(value)))
