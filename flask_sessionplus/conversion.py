"""From a type as it is written to the kind that converts to it."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterable, Iterator
from dataclasses import is_dataclass
from enum import Enum
from functools import partial
from typing import Any, Union, get_args, get_origin

from .classes import DataclassKind, EnumKind
from .codec import Codec
from .kinds import AnyKind, ClassKind, DictKind, Kind, ManyKind, NullableKind, PlainKind, StoredKind
from .spelling import SPELLINGS
from .tags import TAGS

_Known = dict[type, Kind]

# What the codec keeps by itself, and objects of classes made from it as that.
_KEPT = (str, float, bytes, list, dict, *(tag.type for tag in TAGS))


def kind_of(annotation: Any, known: _Known | None = None) -> Kind:
    """Return the kind for a type as it is written in annotations.

    :param known: the dataclasses met so far, which may hold themselves.
    :raises TypeError: if it is none that parameters support, saying which part of it.
    """
    known = {} if known is None else known
    if annotation is Any or annotation is object:
        return AnyKind()
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(origin or annotation, type) and not arguments:
        return _kind_of_class(origin or annotation, known)
    if origin in (Union, types.UnionType):
        inner = [each for each in arguments if each is not type(None)]
        if len(inner) == 1:
            return NullableKind(kind_of(inner[0], known))
    elif origin is dict:
        key, value = arguments
        return DictKind(kind_of(key, known), kind_of(value, known))
    elif origin in (list, set, frozenset) or (origin is tuple and arguments[1:] == (...,)):
        return ManyKind(origin, kind_of(arguments[0], known))
    raise TypeError(f"{annotation!r} is not supported")


def register_kinds(codec: Codec, kinds: Iterable[Kind]) -> None:
    """Teach *codec* the Enums and dataclasses in *kinds*, unless it knows them already."""
    for kind in _with_parts(kinds):
        if isinstance(kind, StoredKind) and not codec.is_registered(kind.cls):
            codec.register(kind.cls, kind.dump, kind.restore)


def not_kept(codec: Codec, kind: Kind) -> list[str]:
    """Return the classes in *kind* whose objects *codec* has not been taught to keep."""
    return [
        each.text
        for each in _with_parts([kind])
        if isinstance(each, ClassKind) and not _is_kept(each.cls, codec)
    ]


def _with_parts(kinds: Iterable[Kind]) -> Iterator[Kind]:
    waiting, met = list(kinds), set()
    while waiting:
        kind = waiting.pop()
        if kind not in met:
            met.add(kind)
            waiting.extend(kind.parts)
            yield kind


def _is_kept(cls: type, codec: Codec) -> bool:
    """Tell whether *codec* keeps objects of *cls*, or of one made from it, as PosixPath is."""
    if issubclass(cls, _KEPT) or codec.is_registered(cls):
        return True
    return any(_is_kept(each, codec) for each in type.__subclasses__(cls))


def _kind_of_class(cls: Any, known: _Known) -> Kind:
    if cls in SPELLINGS:
        return PlainKind(SPELLINGS[cls])
    if cls in (list, set, frozenset, tuple):
        return ManyKind(cls, AnyKind())
    if cls is dict:
        return DictKind(AnyKind(), AnyKind())
    if issubclass(cls, Enum):
        return EnumKind(cls)
    if is_dataclass(cls):
        return _kind_of_dataclass(cls, known)
    if not _makes_objects(cls):
        raise TypeError(f"{cls!r} is not supported")
    return ClassKind(cls)


def _kind_of_dataclass(cls: Any, known: _Known) -> Kind:
    if cls not in known:
        known[cls] = kind = DataclassKind(cls)
        kind.define(partial(kind_of, known=known))
    return known[cls]


def _makes_objects(cls: type) -> bool:
    """Tell whether *cls* can make an object of one value, and know it again.

    No NamedTuple can: it is stored as a tuple, and takes its values one by one.
    """
    try:
        isinstance(None, cls)
    except TypeError:
        return False
    return not (inspect.isabstract(cls) or issubclass(cls, (tuple, types.NoneType)))
