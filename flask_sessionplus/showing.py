"""What is in a record, for people who look after it: without running any code of the app."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .codec import Codec
from .errors import UndecodableValue
from .names import FLASK_MESSAGE, MESSAGE
from .record import FIRST_VISIBLE, SCOPED
from .tags import REGISTERED, TAGS

#: What :func:`type_name` says of bytes that are no value.
UNDECODABLE = "undecodable"

_BY_CODE = {tag.code: tag.type.__name__ for tag in TAGS}

# By the first byte of a msgpack object, up to and with each: what it is.
_FIRST_BYTES = (
    (0x7F, "int"),
    (0x8F, "dict"),
    (0x9F, "list"),
    (0xBF, "str"),
    (0xC0, "NoneType"),
    (0xC1, UNDECODABLE),
    (0xC3, "bool"),
    (0xC6, "bytes"),
    (0xC9, ""),
    (0xCB, "float"),
    (0xD3, "int"),
    (0xD8, ""),
    (0xDB, "str"),
    (0xDD, "list"),
    (0xDF, "dict"),
    (0xFF, "int"),
)

# Where the code of an extension type stands: behind its length, if that is not in the first byte.
_CODE_AT = {0xC7: 2, 0xC8: 3, 0xC9: 5}

# Of a scope's names: behind its path, this stands before the key of a value.
_VALUE = "\x00"


class PlainCodec(Codec):
    """Decodes objects of the app's own types as the plain data that stands for them."""

    def decode(self, data: bytes) -> Any:
        """Return the value that was encoded as *data*, as far as it can be told without the app.

        :raises UndecodableValue: if it is no value, or was written by a later version.
        """
        try:
            return super().decode(data)
        except UndecodableValue:
            return _frozen_codec.decode(data)

    def _decoder(self, name: str) -> Callable[[Any], Any]:
        return _same


class _FrozenCodec(Codec):
    """Does so where they are in a set, or are keys: plain data must be hashable there."""

    def _decoder(self, name: str) -> Callable[[Any], Any]:
        return _frozen


_frozen_codec = _FrozenCodec()


def _same(plain: Any) -> Any:
    return plain


def _frozen(plain: Any) -> Any:
    if isinstance(plain, dict):
        return tuple((key, _frozen(value)) for key, value in plain.items())
    if isinstance(plain, (list, tuple)):
        return tuple(map(_frozen, plain))
    return frozenset(plain) if isinstance(plain, set) else plain


def type_name(data: bytes) -> str:
    """Return the name of the type of the value that was encoded as *data*.

    It is read off the first bytes, so a value that cannot be decoded has one as well.
    """
    first = data[0] if data else 0xC1
    name = next(name for last, name in _FIRST_BYTES if first <= last)
    return name or _extension_name(data, _CODE_AT.get(first, 1))


def _extension_name(data: bytes, at: int) -> str:
    code = data[at] if len(data) > at else -1
    if code != REGISTERED:
        return _BY_CODE.get(code, UNDECODABLE)
    # A list of the name and the plain value, of which only the first is wanted.
    return _registered_name(data[at + 1 :])


def _registered_name(packed: bytes) -> str:
    length, start = _text_at(packed[1:])
    name = packed[1 + start : 1 + start + length].decode("utf-8", "replace")
    return name.rpartition(".")[2] or UNDECODABLE


def _text_at(packed: bytes) -> tuple[int, int]:
    """Return how long the text is that *packed* begins with, and where it stands."""
    first = packed[0] if packed else 0
    if 0xA0 <= first <= 0xBF:
        return first - 0xA0, 1
    size = {0xD9: 1, 0xDA: 2}.get(first, 0)
    return int.from_bytes(packed[1 : 1 + size], "big"), 1 + size


def label(name: str) -> str | None:
    """Return how *name* is shown: a key as it is, one of a scope as ``scope:checkout/step``.

    :return: None for what is no value of the app, or one that was removed from a scope's view.
    """
    if not name or name >= FIRST_VISIBLE:
        return name
    if name[:1] != SCOPED:
        return None
    rest, path = name[1:], []
    while rest[:1].isdigit():
        size, _, rest = rest.partition(":")
        path.append(rest[: int(size)])
        rest = rest[int(size) :]
    return f"scope:{'/'.join([*path, rest[1:]])}" if rest[:1] == _VALUE else None


def is_message(name: str) -> bool:
    """Tell whether *name* is that of a flash message."""
    return name[:1] in (MESSAGE, FLASK_MESSAGE)
