"""What the code says of each setting: the comment that begins with `#:` above its default.

Without Sphinx, so that a test can read it as well. Up to the first colon it says what may be given,
then what the setting does, both in reStructuredText::

    #: True or False: whether ...
    "SESSION_NO_STORE": False,
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_sessionplus import config

#: The files in which settings have their defaults.
FILES = sorted(Path(config.__file__).parent.glob("config*.py"))

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


@dataclass(frozen=True)
class Explained:
    """One setting."""

    name: str
    default: Any
    allowed: str
    text: str


def explained() -> dict[str, Explained]:
    """Return all settings that have a comment."""
    return {
        name: Explained(name, config.DEFAULTS[name], *_halves(comment))
        for file in FILES
        for name, comment in _comments(file)
        if name in config.DEFAULTS
    }


def in_words(setting: Explained) -> str:
    """Return the default as a person writes it, in reStructuredText."""
    value = setting.default
    if callable(value):
        return "built in"
    if isinstance(value, bool) or not isinstance(value, int):
        return f"``{_source(value)}``"
    number = f"``{value}``" if value < 10_000 else f"``{value:_}``"
    if "seconds" not in setting.allowed:
        return number
    for size, unit in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        if value % size == 0 and value > _MINUTE:
            many = value // size
            return f"{number} ({many} {unit}{'s' if many > 1 else ''})"
    return number


def _source(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        inside = ", ".join(map(_source, value))
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    return repr(value)


def _comments(file: Path) -> Iterator[tuple[str, str]]:
    """Yield each key of a dict that is a setting's name, and the comment above it."""
    source = file.read_text()
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        for key in node.keys if isinstance(node, ast.Dict) else ():
            if not isinstance(key, ast.Constant) or not str(key.value).startswith("SESSION_"):
                continue
            above: list[str] = []
            while lines[key.lineno - 2 - len(above)].strip().startswith("#:"):
                above.append(lines[key.lineno - 2 - len(above)].strip()[2:].strip())
            if above:
                yield key.value, " ".join(reversed(above))


def _halves(comment: str) -> tuple[str, str]:
    # A colon within a role (:doc:) or a URL has no space behind it.
    allowed, colon, text = comment.partition(": ")
    return (allowed, text) if colon else ("", comment)
