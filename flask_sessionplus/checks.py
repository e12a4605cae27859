"""How one setting is checked. A wrong one is a ConfigError that says what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from .errors import ConfigError

_HOUR = 3_600

#: What the settings are, those that were not given included.
Given = Mapping[str, Any]


def to_milliseconds(key: str, value: Any, least: float = 0.001) -> int:
    """Return a duration in milliseconds.

    :param key: the name of the setting or argument, for the message.
    :param value: a timedelta, or a number of seconds.
    :param least: the smallest number of seconds allowed.
    :raises ConfigError: if it is neither, or out of bounds.
    """
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    # A century: far enough, and small enough for every column and file system.
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise ConfigError.of(key, value, "a timedelta or a number of seconds")
    if not least <= seconds <= 36_525 * 24 * _HOUR:
        raise ConfigError.of(key, value, f"from {least:g} seconds to 100 years")
    return int(seconds * 1000)


def optional(read: Callable[..., Any], given: Given, key: str) -> Any:
    """Return what *read* makes of it, or None if it is None."""
    return None if given[key] is None else read(given, key)


def one_of(given: Given, key: str, allowed: tuple[Any, ...]) -> Any:
    """Return one of the values that are *allowed*; the first if it is not given."""
    value = given.get(key, allowed[0])
    if value not in allowed:
        raise ConfigError.of(key, value, " or ".join(repr(choice) for choice in allowed))
    return value


def some_of(given: Given, key: str, allowed: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return texts, given as one, as a list of them, or as None.

    :param allowed: which ones; without it, any that are not empty.
    """
    value = given[key]
    found = () if value is None else (value,) if isinstance(value, str) else value
    words = f"of {', '.join(map(repr, allowed))}" if allowed else "of texts"
    if not isinstance(found, (list, tuple, set, frozenset)) or not all(
        isinstance(each, str) and each and (not allowed or each in allowed) for each in found
    ):
        raise ConfigError.of(key, value, f"None, one or a list {words}")
    return tuple(found)


def duration(given: Given, key: str, least: float = 0.001) -> int:
    """Return a duration in milliseconds."""
    return to_milliseconds(key, given[key], least)


def text(given: Given, key: str) -> str:
    """Return a text that is not empty."""
    value = given[key]
    if not isinstance(value, str) or not value:
        raise ConfigError.of(key, value, "a text that is not empty")
    return value


def identifier(given: Given, key: str) -> str:
    """Return a name that needs no quotes in SQL."""
    value = text(given, key)
    if not value.isidentifier() or len(value) > 48:
        raise ConfigError.of(key, value, "letters, digits and '_', at most 48")
    return value


def function(given: Given, key: str, purpose: str) -> Callable[..., Any]:
    """Return a function.

    :param purpose: what it is for, in words that follow "a function".
    """
    value = given[key]
    if not callable(value):
        raise ConfigError.of(key, value, f"a function {purpose}")
    found: Callable[..., Any] = value
    return found


def positive(given: Given, key: str) -> int:
    """Return a whole number above 0."""
    value = given[key]
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError.of(key, value, "a whole number above 0")
    return value


def number(given: Given, key: str, most: int) -> int:
    """Return a whole number from 0 to *most*."""
    value = given[key]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise ConfigError.of(key, value, f"a whole number from 0 to {most}")
    return value


def boolean(given: Given, key: str) -> bool:
    """Return True or False, nothing that is only like them."""
    value = given[key]
    if not isinstance(value, bool):
        raise ConfigError.of(key, value, "True or False")
    return value
