"""Objects to bytes and back, with their types.

One value is one msgpack object. What msgpack does not know is an extension
type: see :mod:`flask_sessionplus.tags`. Equal values always give equal bytes,
whatever the context they are encoded in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import msgpack
from markupsafe import Markup

from .errors import UndecodableValue, UnsupportedType
from .tags import REGISTERED, TAGS, Tag, find_base, simplify

T = TypeVar("T")

#: Types whose objects cannot change, so that a value once read need not be compared.
IMMUTABLE = frozenset(
    {type(None), bool, int, float, str, bytes, Markup}
    | {datetime, date, time, timedelta, Decimal, UUID}
)

# msgpack never uses this byte. A value of a later format begins with it and a
# version number; the first format has no prefix.
_VERSION_MARK = 0xC1

# What msgpack writes by itself; of int, what has up to 64 bits.
_NATIVE = frozenset({type(None), bool, float, str, bytes, list, dict})

_MAX_DEPTH = 64

_MISFITS = (TypeError, ValueError, OverflowError, RecursionError, AttributeError)
_UNREADABLE = (ValueError, TypeError, LookupError, ArithmeticError, RecursionError, AttributeError)


class _Depth(threading.local):
    """Counts how deep values of our types lie inside each other, and refuses to go on.

    Each level goes from Python into C and back, and C's stack ends without an exception.
    """

    level = 0

    def __enter__(self) -> None:
        if self.level >= _MAX_DEPTH:
            raise ValueError(f"nested more than {_MAX_DEPTH} levels deep")
        self.level += 1

    def __exit__(self, *_: object) -> None:
        self.level -= 1


class Codec:
    """Encodes and decodes values. One codec may serve many threads and apps."""

    def __init__(self) -> None:
        self._by_type: dict[type, Tag] = {tag.type: tag for tag in TAGS}
        self._by_code: dict[int, Tag] = {tag.code: tag for tag in TAGS}
        self._registered: dict[type, tuple[str, Callable[[Any], Any]]] = {}
        self._decoders: dict[str, Callable[[Any], Any]] = {}
        self._depth = _Depth()
        self._unpack: Callable[[bytes], Any] = partial(
            msgpack.unpackb,
            ext_hook=self._restore,
            strict_map_key=False,
            unicode_errors="surrogatepass",
        )

    def register(
        self,
        cls: type[T],
        encode: Callable[[T], Any],
        decode: Callable[[Any], T],
        name: str | None = None,
    ) -> None:
        """Let objects of *cls* be stored.

        :param encode: returns a value the codec knows already.
        :param decode: makes the object again from what *encode* returned.
        :param name: stored with each value; default: module and qualified name.
            Give one if the class may move.
        """
        name = name or f"{cls.__module__}.{cls.__qualname__}"
        self._registered[cls] = (name, encode)
        self._decoders[name] = decode

    def is_registered(self, cls: type) -> bool:
        """Tell whether :meth:`register` was called for exactly *cls*."""
        return cls in self._registered

    def encode(self, value: Any, path: str = "value") -> bytes:
        """Return *value* as bytes.

        :param path: how the app would spell the place of the value, for the message.
        :raises UnsupportedType: naming the path to the part that cannot be stored.
        """
        try:
            return self._pack(value)
        except _MISFITS as error:
            where, what = self._find_misfit(value, path, ())
            raise UnsupportedType(
                f"{where} is {what}, which a session cannot keep. Store plain data instead, or"
                " teach the type to the extension with register_type(cls, encode, decode)."
            ) from error

    def decode(self, data: bytes) -> Any:
        """Return the value that was encoded as *data*.

        :raises UndecodableValue: if it holds a type that is not registered here, was
            written by a later version, or is no value at all.
        """
        if data[:1] == b"\xc1":
            raise UndecodableValue(
                f"A value was written in format {data[1:2].hex() or '?'}, which this version does"
                " not know. Update Flask-SessionPlus in this process."
            )
        try:
            return self._unpack(data)
        except _UNREADABLE as error:
            raise UndecodableValue(f"A value could not be read: {error}") from error

    def same(self, old: bytes, new: bytes) -> bool:
        """Tell whether *old*, perhaps of an older format, holds the same value as *new*."""
        if old == new:
            return True
        return old[:1] == b"\xc1" and self.encode(self.decode(old)) == new

    def _pack(self, value: Any) -> bytes:
        packed: bytes = msgpack.packb(
            value, default=self._extend, strict_types=True, unicode_errors="surrogatepass"
        )
        return packed

    def _extend(self, value: Any) -> Any:
        with self._depth:
            cls = type(value)
            tag = self._by_type.get(cls)
            if tag is not None:
                return msgpack.ExtType(tag.code, tag.dump(value, self._pack))
            if cls in self._registered:
                name, encode = self._registered[cls]
                return msgpack.ExtType(REGISTERED, self._pack([name, encode(value)]))
            simpler = simplify(value)
            if simpler is not value:
                # msgpack does not ask a second time about the same value.
                return simpler if _is_native(simpler) else self._extend(simpler)
            base = find_base(cls, self._by_type)
            return msgpack.ExtType(base.code, base.dump(value, self._pack))

    def _restore(self, code: int, data: bytes) -> Any:
        with self._depth:
            tag = self._by_code.get(code)
            if tag is not None:
                return tag.load(data, self._unpack)
            if code != REGISTERED:
                raise ValueError(f"type code {code} is unknown to this version")
            name, plain = self._unpack(data)
            return self._decoder(name)(plain)

    def _decoder(self, name: str) -> Callable[[Any], Any]:
        decode = self._decoders.get(name)
        if decode is None:
            raise ValueError(
                f"it holds a {name!r}, which is not registered in this process."
                " Call register_type(cls, encode, decode) for it before the first request"
            )
        return decode

    def _find_misfit(self, value: Any, path: str, above: tuple[int, ...]) -> tuple[str, str]:
        """Return the path to the first part of *value* that cannot be packed, and what it is."""
        if id(value) in above:
            return path, "a reference to something around it"
        above = (*above, id(value))
        if len(above) > _MAX_DEPTH:
            return path, f"nested more than {_MAX_DEPTH} levels deep"
        for part, where in _parts(value, path):
            try:
                self._pack(part)
            except _MISFITS:
                return self._find_misfit(part, where, above)
        cls = type(value)
        return path, f"of type {cls.__module__}.{cls.__qualname__}"


def _is_native(value: Any) -> bool:
    if type(value) is int:
        return -(1 << 63) <= value < 1 << 64
    return type(value) in _NATIVE


def _parts(value: Any, path: str) -> list[tuple[Any, str]]:
    if isinstance(value, dict):
        keys = [(key, f"a key of {path}") for key in value]
        return keys + [(part, f"{path}[{key!r}]") for key, part in value.items()]
    if isinstance(value, (list, tuple)):
        return [(part, f"{path}[{index}]") for index, part in enumerate(value)]
    if isinstance(value, (set, frozenset)):
        return [(part, f"a member of {path}") for part in value]
    return []
