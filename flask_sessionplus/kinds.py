"""The kinds of types a parameter may have, and how a value becomes one of them.

A value that is of the type already stays the same object. What holds others is looked through
to the bottom, for a session hands out next time what it took this time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from .spelling import Spelling

#: What readers and constructors raise when a value is not for them. OSError: ZoneInfo and
#: its like look for a file of that name.
REFUSALS = (TypeError, ValueError, ArithmeticError, AttributeError, LookupError, OSError)

# Of a name or value that was sent, more may be part of a secret.
_MAX_SHOWN = 20


class Misfit(ValueError):
    """A value that cannot be taken.

    :param expected: what can, in words.
    :param given: the value; it is in no message.
    :param path: where it is, such as ``[2].city``; it grows on the way out.
    """

    def __init__(self, expected: str, given: Any, path: str = "") -> None:
        super().__init__(expected, path)
        self.expected = expected
        self.given = given
        self.path = path

    def __str__(self) -> str:
        return f"value{self.path} must be {self.expected}"


class Kind(ABC):
    """A type, as parameters see it.

    :ivar text: how it is written, such as ``list[int]``.
    :ivar parts: the kinds it is made of.
    """

    text: str
    parts: tuple[Kind, ...] = ()

    @abstractmethod
    def convert(self, value: Any) -> Any:
        """Return *value* as one of the type.

        :raises Misfit: if that cannot be done without a guess or a loss.
        """

    def all_fit(self, values: Collection[Any]) -> bool:
        """Tell whether all *values* are of exactly the type, so that none need be converted.

        Many at once, for a list is looked through each time that it is read. False says
        nothing: :meth:`convert` finds out.
        """
        return False


class StoredKind(Kind):
    """A class that the codec has to be taught, to keep its objects and what is inside them."""

    cls: type

    @abstractmethod
    def dump(self, value: Any) -> Any:
        """Return what is stored for *value*."""

    @abstractmethod
    def restore(self, stored: Any) -> Any:
        """Return the value for which *stored* was stored.

        :raises ValueError: if the class has changed so much that there is none; LookupError
            and TypeError too, which the codec takes alike.
        """


class AnyKind(Kind):
    """Takes everything."""

    text = "Any"

    def convert(self, value: Any) -> Any:
        """Return *value* itself."""
        return value

    def all_fit(self, values: Collection[Any]) -> bool:
        """Tell that they do."""
        return True


class PlainKind(Kind):
    """One of the types of :mod:`flask_sessionplus.spelling`."""

    def __init__(self, spelling: Spelling) -> None:
        self.text = spelling.cls.__name__
        self._cls = spelling.cls
        self._is_finite = spelling.is_finite
        self._expected = spelling.expected
        self._fits = spelling.fits
        self._read = spelling.read

    def convert(self, value: Any) -> Any:
        """Return *value*, or what its text spells."""
        if self._fits(value):
            return value
        try:
            return self._read(value)
        except REFUSALS:
            pass  # Not chained: the reader's message holds the value.
        raise Misfit(self._expected, value)

    def all_fit(self, values: Collection[Any]) -> bool:
        """Tell whether all are of the type, and finite."""
        if not are_all(self._cls, values):
            return False
        return self._is_finite is None or all(map(self._is_finite, values))


class ClassKind(Kind):
    """A class of the app that makes its objects from one value.

    :param cls: the class, which the codec has to know.
    """

    def __init__(self, cls: type) -> None:
        self.text = cls.__name__
        self.cls = cls

    def convert(self, value: Any) -> Any:
        """Return *value*, or what the class makes of it."""
        if isinstance(value, self.cls):
            return value
        made = None
        try:
            made = self.cls(value)
        except REFUSALS:
            pass
        if not isinstance(made, self.cls):
            raise Misfit(self.text, value)
        return made

    def all_fit(self, values: Collection[Any]) -> bool:
        """Tell whether all are of the class."""
        return are_all(self.cls, values)


class NullableKind(Kind):
    """None, or a value of the kind inside; an empty form field is None if it is nothing else."""

    def __init__(self, inner: Kind) -> None:
        self.text = f"{inner.text} | None"
        self.parts = (inner,)
        self._inner = inner

    def convert(self, value: Any) -> Any:
        """Return None for None and for an empty text that means nothing else."""
        if value is None:
            return None
        try:
            return self._inner.convert(value)
        except Misfit:
            if isinstance(value, str) and not value:
                return None
            raise

    def all_fit(self, values: Collection[Any]) -> bool:
        """Tell whether all that are not None are of the kind inside."""
        return self._inner.all_fit([value for value in values if value is not None])


class ManyKind(Kind):
    """A list, tuple, set or frozenset of values of one kind."""

    def __init__(self, cls: Any, member: Kind) -> None:
        dots = ", ..." if cls is tuple else ""
        self.text = f"{cls.__name__}[{member.text}{dots}]"
        self._cls = cls
        self.parts = (member,)
        self._member = member
        self._is_ordered = cls in (list, tuple)
        self._sources = (list, tuple) if self._is_ordered else (set, frozenset, list, tuple)

    def convert(self, value: Any) -> Any:
        """Return *value*, or a new one if members had to be converted."""
        if self.all_fit((value,)):
            return value
        if not isinstance(value, self._sources):
            raise Misfit(self.text, value)
        members = list(self._converted(value))
        if isinstance(value, self._cls) and _same(members, value):
            return value
        try:
            return self._cls(members)
        except TypeError:
            pass
        raise Misfit(f"{self.text}, of members that cannot change", value)

    def all_fit(self, values: Collection[Any]) -> bool:
        """Tell whether all have only members that fit."""
        return are_all(self._cls, values) and all(map(self._member.all_fit, values))

    def _converted(self, value: Iterable[Any]) -> Iterator[Any]:
        for index, member in enumerate(value):
            try:
                yield self._member.convert(member)
            except Misfit as misfit:
                misfit.path = (f"[{index}]" if self._is_ordered else "[...]") + misfit.path
                raise


class DictKind(Kind):
    """A dict of keys and values of one kind each."""

    def __init__(self, key: Kind, value: Kind) -> None:
        self.text = f"dict[{key.text}, {value.text}]"
        self.parts = (key, value)
        self._key = key
        self._value = value

    def convert(self, value: Any) -> Any:
        """Return *value*, or a new dict if keys or values had to be converted."""
        if self.all_fit((value,)):
            return value
        if not isinstance(value, Mapping):
            raise Misfit(self.text, value)
        items = [self._converted(*item) for item in value.items()]
        is_same = isinstance(value, dict) and all(
            _same(new, old) for new, old in zip(items, value.items(), strict=True)
        )
        # Where anything may be in it, a form stays what it is, with all of its values.
        if not (is_same and isinstance(self._value, AnyKind)):
            for key, several in repeated(value).items():
                raise Misfit("given once", several, f"[{shown(key)}]")
        if is_same:
            return value
        converted = dict(items)
        if len(converted) != len(items):
            raise Misfit(f"{self.text}, of keys that stay different", value)
        return converted

    def all_fit(self, values: Collection[Any]) -> bool:
        """Tell whether all are dicts with keys and values that fit, and not forms."""
        return are_all(dict, values) and all(
            self._key.all_fit(each) and self._value.all_fit(each.values()) for each in values
        )

    def _converted(self, key: Any, value: Any) -> tuple[Any, Any]:
        try:
            return self._key.convert(key), self._value.convert(value)
        except Misfit as misfit:
            misfit.path = f"[{shown(key)}]{misfit.path}"
            raise


def are_all(cls: type, values: Collection[Any]) -> bool:
    """Tell whether all *values* are of exactly this class, and of none made from it."""
    # In C, and by identity: this is what takes the time.
    return [*map(type, values)].count(cls) == len(values)


def repeated(value: Mapping[Any, Any]) -> dict[Any, list[Any]]:
    """Return what a form has several values for; all but the first would be lost."""
    if not isinstance(value, MultiDict):
        return {}
    return {key: values for key, values in value.lists() if len(values) > 1}


def _same(new: Iterable[Any], old: Iterable[Any]) -> bool:
    return all(one is other for one, other in zip(new, old, strict=True))


def shown(name: object) -> str:
    """Return a key or name that was sent, for a message; ``...`` if it is long or no plain text."""
    if isinstance(name, str) and len(name) <= _MAX_SHOWN and name.isprintable():
        return repr(name)
    return "..."


def one_of(words: list[str]) -> str:
    """Return "one of ..." the *words*, or the first of them if they are many."""
    more = ", ..." if len(words) > _MAX_SHOWN else ""
    return f"one of {', '.join(map(repr, words[:_MAX_SHOWN]))}{more}"
