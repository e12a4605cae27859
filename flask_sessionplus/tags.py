"""The types that msgpack does not know, each a small tag of its own.

A code is never used again for anything else: stored bytes outlive releases.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.local import LocalProxy

Pack = Callable[[Any], bytes]
Unpack = Callable[[bytes], Any]

#: The code of types an app registers: name and plain value follow.
REGISTERED = 32


@dataclass(frozen=True)
class Tag:
    """How objects of exactly *type* become the bytes of extension type *code*, and back."""

    code: int
    type: type
    dump: Callable[[Any, Pack], bytes]
    load: Callable[[bytes, Unpack], Any]


def _text(code: int, cls: type, dump: Callable[[Any], str], load: Callable[[str], Any]) -> Tag:
    """Make a tag for a type that has an exact spelling."""
    return Tag(
        code,
        cls,
        lambda value, pack: dump(value).encode("utf-8", "surrogatepass"),
        lambda data, unpack: load(data.decode("utf-8", "surrogatepass")),
    )


def _plain(code: int, cls: type, dump: Callable[[Any], Any], load: Callable[[Any], Any]) -> Tag:
    """Make a tag for a type that another value stands for."""
    return Tag(
        code,
        cls,
        lambda value, pack: pack(dump(value)),
        lambda data, unpack: load(unpack(data)),
    )


def _dump_set(value: Any, pack: Pack) -> bytes:
    # Sorted by their bytes: a set has no order, equal sets need equal bytes.
    return pack(sorted(pack(member) for member in value))


def _load_set(cls: type) -> Callable[[bytes, Unpack], Any]:
    return lambda data, unpack: cls(unpack(member) for member in unpack(data))


def _dump_int(value: int, pack: Pack) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)


def _load_int(data: bytes, unpack: Unpack) -> int:
    return int.from_bytes(data, "big", signed=True)


def _dump_moment(value: datetime | time) -> Any:
    """Return the ISO spelling if that says all; else spelling, fold, offset, zone and name."""
    zone, offset = value.tzinfo, value.utcoffset()
    if not value.fold and _is_unnamed(zone):
        return value.isoformat()
    return [
        value.replace(tzinfo=None).isoformat(),
        value.fold,
        None if offset is None else [offset.days, offset.seconds, offset.microseconds],
        getattr(zone, "key", None) or getattr(zone, "zone", None),
        value.tzname(),
    ]


def _is_unnamed(zone: tzinfo | None) -> bool:
    """Tell whether *zone* is none, or a bare difference from UTC."""
    if not isinstance(zone, timezone):
        return zone is None
    return zone.tzname(None) == timezone(zone.utcoffset(None)).tzname(None)


def _load_moment(cls: type[datetime] | type[time]) -> Callable[[Any], Any]:
    def load(plain: Any) -> Any:
        if isinstance(plain, str):
            return cls.fromisoformat(plain)
        spelling, fold, offset, zone, name = plain
        return cls.fromisoformat(spelling).replace(fold=fold, tzinfo=_zone(offset, zone, name))

    return load


def _zone(offset: list[int] | None, zone: str | None, name: str | None) -> tzinfo | None:
    if zone is not None:
        try:
            return ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            # This machine's time zone database lacks it: the offset is still right.
            name = zone
    if offset is None:
        return None
    days, seconds, microseconds = offset
    difference = timedelta(days=days, seconds=seconds, microseconds=microseconds)
    return timezone(difference) if name is None else timezone(difference, name)


def _dump_delta(value: timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


def _dump_multidict(value: MultiDict[Any, Any]) -> list[Any]:
    return [[key, values] for key, values in value.lists()]


TAGS = (
    _plain(1, tuple, list, tuple),
    Tag(2, set, _dump_set, _load_set(set)),
    Tag(3, frozenset, _dump_set, _load_set(frozenset)),
    Tag(4, int, _dump_int, _load_int),
    _plain(5, datetime, _dump_moment, _load_moment(datetime)),
    _text(6, date, date.isoformat, date.fromisoformat),
    _plain(7, time, _dump_moment, _load_moment(time)),
    _plain(8, timedelta, _dump_delta, lambda parts: timedelta(*parts)),
    _text(9, Decimal, str, Decimal),
    Tag(10, UUID, lambda value, pack: value.bytes, lambda data, unpack: UUID(bytes=data)),
    _text(11, Markup, str, Markup),
    _plain(12, MultiDict, _dump_multidict, lambda lists: MultiDict(dict(lists))),
    _plain(13, ImmutableMultiDict, _dump_multidict, lambda lists: ImmutableMultiDict(dict(lists))),
)

# flask_babel and speaklater, Babel, WTForms. Their classes have no common base.
_LAZY_STRINGS = frozenset({"LazyString", "_LazyString", "LazyProxy", "_LazyProxy"})

_PLAIN_BASES: tuple[Any, ...] = (dict, list, str, float, bytes)


def simplify(value: Any) -> Any:
    """Return the plain value that *value* stands for, or *value* itself.

    A lazy string becomes the text it has now, a proxy what it stands for, and an
    object of a subclass of a plain type becomes one of that type, as in Flask.
    """
    cls = type(value)
    if cls is LocalProxy:
        return value._get_current_object()
    if cls.__name__ in _LAZY_STRINGS:
        return str(value)
    if isinstance(value, Enum):
        # One that is a number or a text as well is stored as that, as in Flask.
        return value.value if isinstance(value, (str, int, float)) else value
    if isinstance(value, (Markup, MultiDict)):
        return value
    for base in _PLAIN_BASES:
        if isinstance(value, base):
            return base(value)
    if isinstance(value, int) and cls is not int:
        return int(value)
    return value


def find_base(cls: type, tags: Mapping[type, Tag]) -> Tag:
    """Return the tag of the nearest base of *cls*, as for a named tuple.

    :raises TypeError: if there is none.
    """
    for base in cls.__mro__:
        if base in tags:
            return tags[base]
    raise TypeError(f"{cls!r} cannot be stored")
