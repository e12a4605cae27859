"""The typed parameters as rows of a table, for ``flask session parameters``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

from .kinds import NullableKind
from .parameters import Parameter, Schema, spelled

_SIMPLE = (type(None), bool, int, float, str)


@dataclass(frozen=True)
class Row:
    """One parameter, in what JSON can say.

    :param type: as text: ``list[int]``, or the choices, ``light | dark``.
    :param default: a function's is its name with brackets behind it; None if there is none.
    """

    name: str
    type: str
    default: Any
    choices: list[Any] | None
    scope: str
    doc: str


def describe(schema: Schema) -> list[Row]:
    """Return a row for each parameter of every scope, in the order of their definition."""
    return [_row(name, parameter) for name, parameter in schema.parameters.items()]


def _row(name: str, parameter: Parameter) -> Row:
    allowed = parameter.allowed
    return Row(
        name=name,
        type=parameter.kind.text if allowed is None else _choices(parameter, allowed),
        default=_default(parameter, name),
        choices=None if allowed is None else [_plain(choice) for choice in allowed],
        scope=parameter.scope,
        doc=parameter.doc,
    )


def _choices(parameter: Parameter, allowed: tuple[Any, ...]) -> str:
    or_none = [None] if isinstance(parameter.kind, NullableKind) else []
    return " | ".join(map(spelled, (*allowed, *or_none)))


def _default(parameter: Parameter, name: str) -> Any:
    if not parameter.has_function:
        return _plain(parameter.make_default(name))
    made_by = parameter.default
    return f"{getattr(made_by, '__name__', None) or made_by.__class__.__name__}()"


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return spelled(value)
    if isinstance(value, _SIMPLE):
        return value
    if isinstance(value, Mapping):
        return {spelled(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(each) for each in value), key=str)
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return str(value)
