"""How forms and JSON spell the plain types, and what is too loose to be taken for one.

Each reader takes a value that is not of the type yet. What it refuses is a ValueError or
TypeError, whose text nobody sees: it may hold the value.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from .tags import simplify

# Python's own readers take "1_000", other alphabets' digits, NaN, and numbers that fill the memory.
_is_int = re.compile(r"[+-]?[0-9]{1,100}", re.ASCII).fullmatch
_is_number = re.compile(
    r"[+-]?([0-9]{1,100}(\.[0-9]{0,100})?|\.[0-9]{1,100})([eE][+-]?[0-9]{1,3})?", re.ASCII
).fullmatch

# RFC 3339, with the seconds left out as <input type=datetime-local> does. The reader of
# Python 3.10 takes less than the one of 3.11, so both get one spelling.
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"([0-9]{2}:[0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,6}))?)?([Zz]|[+-][0-9]{2}:[0-9]{2})?"
_is_day = re.compile(_DAY, re.ASCII).fullmatch
_is_clock = re.compile(_CLOCK, re.ASCII).fullmatch
_is_moment = re.compile(rf"({_DAY})[Tt ]({_CLOCK})", re.ASCII).fullmatch

_is_duration = re.compile(
    r"([+-])?P(?=[0-9T])(?:([0-9]{1,9})W)?(?:([0-9]{1,9})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,12})H)?(?:([0-9]{1,12})M)?"
    r"(?:([0-9]{1,15})(?:\.([0-9]{1,6}))?S)?)?",
    re.ASCII,
).fullmatch

_is_uuid = re.compile(
    r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}", re.ASCII | re.I
).fullmatch

_YES = frozenset({"true", "1", "yes", "on"})
_NO = frozenset({"false", "0", "no", "off"})


@dataclass(frozen=True)
class Spelling:
    """How values of the plain type *cls* are known and read.

    :param expected: what is taken, in words, for messages.
    :param fits: tells whether a value is one already.
    :param read: makes one of something else.
    :param is_finite: for types with infinite values, what tells them from the others.
    """

    cls: type
    expected: str
    fits: Callable[[Any], bool]
    read: Callable[[Any], Any]
    is_finite: Callable[[Any], bool] | None = None


def text_of(value: Any) -> str:
    """Return *value* without the space around it, if it is a text.

    :raises TypeError: if it is anything else.
    """
    if not isinstance(value, str):
        raise TypeError
    return value.strip()


def _read_str(value: Any) -> str:
    # A lazy string is the text that it has now. Of anything else str() would make a text too.
    plain = simplify(value)
    if not isinstance(plain, str):
        raise TypeError
    return plain


def _read_int(value: Any) -> int:
    text = text_of(value)
    if not _is_int(text):
        raise ValueError
    return int(text)


def _read_float(value: Any) -> float:
    number = float(value if _is_whole(value) else _number(value))
    if not math.isfinite(number) or (_is_whole(value) and number != value):
        raise ValueError
    return number


def _read_bool(value: Any) -> bool:
    text = text_of(value).lower()
    if text not in _YES and text not in _NO:
        raise ValueError
    return text in _YES


def _read_decimal(value: Any) -> Decimal:
    # Not of a float: 12.3 is 12.300000000000000710... already, and money must not be guessed.
    return Decimal(value if _is_whole(value) else _number(value))


def _read_date(value: Any) -> date:
    text = text_of(value)
    if not _is_day(text):
        raise ValueError
    return date.fromisoformat(text)


def _read_datetime(value: Any) -> datetime:
    match = _is_moment(text_of(value))
    if match is None:
        raise ValueError
    return datetime.fromisoformat(f"{match[1]}T{_clock(match[2])}")


def _read_time(value: Any) -> time:
    return time.fromisoformat(_clock(text_of(value)))


def _read_timedelta(value: Any) -> timedelta:
    if _is_whole(value) or _is_float(value):
        return timedelta(seconds=value)
    text = text_of(value)
    match = _is_duration(text)
    if match is None:
        return timedelta(microseconds=_microseconds(text))
    sign, *parts, fraction = match.groups()
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in parts)
    length = timedelta(
        weeks=weeks,
        days=days,
        hours=hours,
        minutes=minutes,
        seconds=seconds,
        microseconds=int((fraction or "").ljust(6, "0")),
    )
    return -length if sign == "-" else length


def _read_uuid(value: Any) -> UUID:
    text = text_of(value)
    if not _is_uuid(text):
        raise ValueError
    return UUID(text)


def _read_bytes(value: Any) -> bytes:
    # Not of a text, which does not say its encoding.
    if not isinstance(value, (bytearray, memoryview)):
        raise TypeError
    return bytes(value)


def _number(value: Any) -> str:
    text = text_of(value)
    if not _is_number(text):
        raise ValueError
    return text


def _microseconds(text: str) -> int:
    """Return how many microseconds *text*, a number of seconds, is.

    :raises ValueError: if it says more than that.
    """
    exact = Decimal(_number(text)) * 1_000_000
    if exact != exact.to_integral_value():
        raise ValueError
    return int(exact)


def _clock(text: str) -> str:
    match = _is_clock(text)
    if match is None:
        raise ValueError
    minutes, seconds, fraction, zone = match.groups()
    zone = "+00:00" if zone in ("Z", "z") else zone or ""
    return f"{minutes}:{seconds or '00'}.{(fraction or '').ljust(6, '0')}{zone}"


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_float(value: Any) -> bool:
    return isinstance(value, float) and math.isfinite(value)


def _is_finite(value: Any) -> bool:
    return isinstance(value, Decimal) and value.is_finite()


def _is_date(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _is(cls: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, cls)


_SPELLINGS = (
    Spelling(str, "str", _is(str), _read_str),
    Spelling(bool, "bool, or 'true' or 'false'", _is(bool), _read_bool),
    Spelling(int, "int", _is_whole, _read_int),
    Spelling(float, "float, and finite", _is_float, _read_float, math.isfinite),
    Spelling(
        Decimal,
        "Decimal, and finite; a float is not exact",
        _is_finite,
        _read_decimal,
        Decimal.is_finite,
    ),
    Spelling(date, "date, as in '2026-11-21'", _is_date, _read_date),
    Spelling(datetime, "datetime, as in '2026-11-21T10:00:00Z'", _is(datetime), _read_datetime),
    Spelling(time, "time, as in '10:00:00'", _is(time), _read_time),
    Spelling(timedelta, "timedelta, seconds, or as in 'PT1H30M'", _is(timedelta), _read_timedelta),
    Spelling(UUID, "UUID", _is(UUID), _read_uuid),
    Spelling(bytes, "bytes", _is(bytes), _read_bytes),
)

#: The spelling of each plain type.
SPELLINGS: dict[type, Spelling] = {spelling.cls: spelling for spelling in _SPELLINGS}
