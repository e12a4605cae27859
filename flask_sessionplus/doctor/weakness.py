"""Whether secrets are secret: none of them is ever shown."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from flask import Flask

from ..findings import Finding
from .known import is_known

# In bits. Below that, whoever has one signed value can try all keys.
_ENOUGH = 75

# What zlib adds, in bytes.
_OVERHEAD = 8

# What the first character of a sequence adds, in bits.
_FIRST = 8

_MAKE = "Make one with `python -c 'import secrets; print(secrets.token_hex())'`"


def is_guessable(app: Flask) -> Iterator[Finding]:
    """Find secrets that are in books, are the app's own name, or are too short."""
    for name, secret, remedy in _secrets(app):
        if is_known(secret) or _is_name(secret, app):
            yield Finding(
                "error",
                "secret-known",
                f"{name} is a word that everybody tries first.",
                _why(name),
                remedy,
            )
        elif _bits(secret) < _ENOUGH:
            yield Finding(
                "warning",
                "secret-short",
                f"{name} is short, or repeats itself.",
                _why(name),
                remedy,
            )


def is_shared(app: Flask) -> Iterator[Finding]:
    """Find one secret that is used for two things."""
    seen: dict[bytes, str] = {}
    for name, secret, _ in _secrets(app):
        former = seen.setdefault(secret, name)
        if former.partition(" ")[0] != name.partition(" ")[0]:
            yield Finding(
                "warning",
                "secret-shared",
                f"{name} is the same as {former}.",
                "Who learns one learns both, and one cannot be changed without the other.",
                f"{_MAKE}, for each a new one.",
            )


def has_older_keys(app: Flask) -> Iterator[Finding]:
    """Find keys that may be taken out some day."""
    older = len(app.extensions["sessionplus"].settings.encryption_keys) - 1
    if older > 0:
        yield Finding(
            "note",
            "keys-older",
            f"SESSION_ENCRYPTION_KEYS has {older} older key{'s' if older > 1 else ''}.",
            "As long as they are there they open, and seem to have sealed, whatever is stored.",
            "If all processes have the first one by now, run `flask session keys rotate`, and take"
            " the others out.",
        )


def _secrets(app: Flask) -> Iterator[tuple[str, bytes, str]]:
    """Yield the secrets of the app, with their names and what to do if one is weak."""
    config, settings = app.config, app.extensions["sessionplus"].settings
    fallbacks = config.get("SECRET_KEY_FALLBACKS") or ()
    remedy = f"{_MAKE}; what the old one has signed is lost."
    yield from _each("SECRET_KEY", [config["SECRET_KEY"]], remedy)
    yield from _each("SECRET_KEY_FALLBACKS", fallbacks, "Take it out.")
    yield from _each(
        "SESSION_ENCRYPTION_KEYS",
        settings.encryption_keys,
        "Make one with `flask session keys new`, put it behind the others, and restart; put it in"
        " front, and restart; run `flask session keys rotate`, and take this one out.",
    )
    if settings.jwt is not None and "HS256" in settings.jwt.algorithms:
        keys = settings.jwt.key
        keys = keys if isinstance(keys, (list, tuple)) else [keys]
        yield from _each("SESSION_JWT_KEY", keys, f"{_MAKE}, or use a pair of keys.")


def _each(name: str, values: Any, remedy: str) -> Iterator[tuple[str, bytes, str]]:
    several = len(values) > 1
    for number, value in enumerate(values, 1):
        if isinstance(value, str):
            value = value.encode("utf-8", "surrogatepass")
        if isinstance(value, bytes) and value:
            yield f"{name} (number {number})" if several else name, value, remedy


def _is_name(secret: bytes, app: Flask) -> bool:
    text = secret.decode("utf-8", "replace").lower()
    return text in {app.name.lower(), app.import_name.lower(), app.name.lower().split(".")[-1]}


def _bits(secret: bytes) -> float:
    """Return about how many bits somebody has to guess, as far as the characters tell."""
    if not secret.isascii():
        # Bytes at random are too few to be counted each.
        return 8 * len(set(secret))
    # Of a sequence, such as a to z, all steps are alike.
    steps = [after - before for before, after in pairwise(secret)]
    spread = min(_spread(secret), _spread(steps) + _FIRST)
    # What repeats itself is no longer for that.
    return min(spread, 8 * (len(zlib.compress(secret)) - _OVERHEAD))


def _spread(values: Sequence[int]) -> float:
    """Return how many bits *values* have, by how often there is each (Shannon's entropy)."""
    size = len(values)
    return -sum(count * math.log2(count / size) for count in Counter(values).values())


def _why(name: str) -> str:
    if name.startswith("SECRET_KEY"):
        return (
            "Whoever guesses it can forge what it signs: CSRF and password reset tokens, and, by"
            " Flask-Login, that somebody is remembered."
        )
    if name.startswith("SESSION_JWT_KEY"):
        return "Whoever guesses it can issue tokens, and be any user."
    return "Whoever guesses it can read and write what is encrypted."


CHECKS = (is_guessable, is_shared, has_older_keys)
