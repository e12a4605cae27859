"""Enums and dataclasses as types of parameters: checked, and stored so that they come back."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import MISSING, fields
from enum import Enum, Flag
from operator import attrgetter
from typing import Any, get_type_hints

from .kinds import REFUSALS, Kind, Misfit, StoredKind, are_all, one_of, repeated, shown


class EnumKind(StoredKind):
    """The members of an Enum, taken by value or by name, and stored by name.

    Not by value: where ``auto()`` counts, a new member in between changes the values behind
    it, and what is stored would silently become another member.
    """

    def __init__(self, cls: type[Enum]) -> None:
        if not cls.__members__:
            raise TypeError(f"{cls.__name__}, an Enum without members")
        self.cls: Any = cls
        self.text = " | ".join(_word(member) for member in cls)
        self._expected = one_of([_word(member) for member in cls])
        self._bits = 0
        if issubclass(cls, Flag):
            for each in cls.__members__.values():
                self._bits |= max(each.value, 0)

    def convert(self, value: Any) -> Any:
        """Return *value*, or the member that has it as value, as name or as number in a text."""
        if isinstance(value, self.cls):
            return value
        member = self._by_value(value)
        if member is None and isinstance(value, str):
            member = self._by_name(value)
        if member is None:
            raise Misfit(self._expected, value)
        return member

    def all_fit(self, values: Collection[Any]) -> bool:
        """Tell whether all are members."""
        return are_all(self.cls, values)

    def dump(self, value: Any) -> Any:
        """Return the name; of a Flag, whose members may be combined, the number."""
        return value.value if isinstance(value, Flag) else value.name

    def restore(self, stored: Any) -> Any:
        """Return the member."""
        return self.cls(stored) if issubclass(self.cls, Flag) else self.cls[stored]

    def _by_value(self, value: Any) -> Any:
        try:
            member: Any = self.cls(value)
        except REFUSALS:
            return None
        # True == 1 == 1.0: an Enum takes one for the other.
        is_loose = isinstance(value, (int, float)) and type(member.value) is not type(value)
        return None if is_loose or self._has_strange_bits(value) else member

    def _has_strange_bits(self, value: Any) -> bool:
        """Tell whether a Flag takes *value* although nobody has named all of its bits.

        It takes -1 for all that there are, and an IntFlag takes every number.
        """
        is_number = issubclass(self.cls, Flag) and isinstance(value, int)
        return is_number and (value < 0 or value & ~self._bits != 0)

    def _by_name(self, text: str) -> Any:
        if text in self.cls.__members__:
            return self.cls.__members__[text]
        # A form sends the number of a member as text.
        return next((each for each in self.cls if _is_number(each, text)), None)


def _word(member: Enum) -> str:
    return member.value if isinstance(member.value, str) else str(member.name)


def _is_number(member: Enum, text: str) -> bool:
    return type(member.value) is int and str(member.value) == text.strip()


class DataclassKind(StoredKind):
    """Objects of a dataclass, taken as they are or from a mapping of their fields.

    :param cls: the dataclass.
    """

    def __init__(self, cls: type) -> None:
        self.cls: Any = cls
        self.text = cls.__name__
        self._fields: dict[str, Kind] = {}
        # What the class takes, and of that, what it has to be given.
        self._taken: set[str] = set()
        self._needed: set[str] = set()

    def define(self, kind_of: Callable[[Any], Kind]) -> None:
        """Find the kinds of the fields, which may be this one again.

        :param kind_of: returns the kind for an annotation.
        :raises TypeError: naming the field that cannot be one of a parameter.
        """
        for field in fields(self.cls):
            if field.init:
                self._taken.add(field.name)
                if field.default is MISSING and field.default_factory is MISSING:
                    self._needed.add(field.name)
        for name, argument in inspect.signature(self.cls).parameters.items():
            if name not in self._taken and argument.default is argument.empty:
                raise TypeError(f"{self.text}, which asks for {name!r} and keeps no such field")
        hints = self._hints()
        for field in fields(self.cls):
            try:
                self._fields[field.name] = kind_of(hints[field.name])
            except TypeError as error:
                raise TypeError(f"{self.text}.{field.name}: {error}") from error
        self.parts = tuple(self._fields.values())

    def convert(self, value: Any) -> Any:
        """Return *value*, or the object that a mapping of fields describes."""
        if isinstance(value, self.cls):
            return self._checked(value)
        if not isinstance(value, Mapping):
            raise Misfit(f"{self.text}, or a mapping of its fields", value)
        self._refuse_unknown(value, self._taken)
        for name, several in repeated(value).items():
            raise Misfit("given once", several, f".{name}")
        return self._make(self._converted(value), value)

    def all_fit(self, values: Collection[Any]) -> bool:
        """Tell whether all are of the class, with fields that fit."""
        # Of none all do: what a class that holds itself has inside would never end.
        if not values:
            return True
        if not are_all(self.cls, values):
            return False
        try:
            return all(
                kind.all_fit([*map(attrgetter(name), values)])
                for name, kind in self._fields.items()
            )
        except AttributeError:
            return False

    def dump(self, value: Any) -> Any:
        """Return the fields by name."""
        return {name: getattr(value, name) for name in self._fields}

    def restore(self, stored: Any) -> Any:
        """Return the object, with defaults for fields that are new since then."""
        if not isinstance(stored, dict):
            raise TypeError(f"stored {self.text} without its fields")
        self._refuse_unknown(stored, self._fields)
        return self._make(self._converted(stored), stored)

    def _hints(self) -> dict[str, Any]:
        try:
            return get_type_hints(self.cls)
        except (NameError, TypeError) as error:
            message = f"{self.text}, of whose annotations one is not found or no type: {error}"
            raise TypeError(message) from error

    def _checked(self, value: Any) -> Any:
        """Return *value*, or a copy if fields of it had to be converted."""
        old = {name: getattr(value, name) for name in self._fields if hasattr(value, name)}
        new = self._converted(old)
        if all(new[name] is each for name, each in old.items()):
            return value
        value = copy.copy(value)
        for name, each in new.items():
            # A frozen one as well: nobody else has the copy yet.
            object.__setattr__(value, name, each)
        return value

    def _converted(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._field(name, value) for name, value in values.items()}

    def _field(self, name: str, value: Any) -> Any:
        try:
            return self._fields[name].convert(value)
        except Misfit as misfit:
            misfit.path = f".{name}{misfit.path}"
            raise

    def _make(self, values: dict[str, Any], given: Any) -> Any:
        """Call the class, so that it checks and completes itself as it always does.

        :raises Misfit: for what was *given*, if a field is missing or the class refuses it.
        """
        for name in sorted(self._needed - values.keys()):
            raise Misfit("given", None, f".{name}")
        made = None
        try:
            made = self.cls(**{name: values[name] for name in values if name in self._taken})
        except REFUSALS:
            pass  # Not chained: what the class says may hold the value.
        if made is None:
            raise Misfit(f"what {self.text} accepts", given)
        for name in values.keys() - self._taken:
            object.__setattr__(made, name, values[name])
        return made

    def _refuse_unknown(self, values: Mapping[Any, Any], known: Iterable[str]) -> None:
        for name in values:
            if name not in known:
                is_plain = shown(name) != "..." and name.isidentifier()
                expected = f"left out: {self.text} has no such field"
                raise Misfit(expected, values[name], f".{name}" if is_plain else "[...]")
