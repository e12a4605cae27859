"""Whether sessions end by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask

from ..checks import to_milliseconds
from ..findings import Finding

_DAY = 86_400_000

# Longer than Flask's own month: nobody means that without a limit.
_LONG = 60 * _DAY


def is_unlimited(app: Flask) -> Iterator[Finding]:
    """Find sessions that live as long as somebody uses them."""
    settings = app.extensions["sessionplus"].settings
    if settings.absolute_lifetime is not None:
        return
    key = "PERMANENT_SESSION_LIFETIME"
    idle = settings.idle_lifetime or to_milliseconds(key, app.config[key])
    is_long = idle > _LONG
    yield Finding(
        "warning" if is_long else "note",
        "lifetime-unlimited",
        f"SESSION_ABSOLUTE_LIFETIME is not set, and sessions live for {_in_words(idle)} after"
        " their last use.",
        "A token that was stolen can be used for as long as the thief likes (ASVS 7.3.2).",
        "Set SESSION_ABSOLUTE_LIFETIME, such as to timedelta(days=30).",
    )


def _in_words(milliseconds: int) -> str:
    if milliseconds < _DAY:
        return f"{milliseconds // 60_000} minutes"
    return f"{milliseconds // _DAY} days"


CHECKS = (is_unlimited,)
