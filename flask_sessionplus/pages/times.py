"""Times as people say them. Without plurals, whose rules differ from language to language."""

from __future__ import annotations

from datetime import datetime, timedelta

_MINUTE, _HOUR, _DAY = (timedelta(**{unit: 1}) for unit in ("minutes", "hours", "days"))


def _(text: str) -> str:
    """Mark *text* for who collects what is to be translated."""
    return text


# One by one: many languages have several plurals.
_DAYS = (
    _("a day ago"),
    _("2 days ago"),
    _("3 days ago"),
    _("4 days ago"),
    _("5 days ago"),
    _("6 days ago"),
)


def ago(at: datetime, now: datetime) -> tuple[str, int] | None:
    """Return how long ago *at* was: a text to be translated, and the number to put into it.

    None if it was a week ago or longer: then a date says more. A clock that is ahead makes it
    "just now".
    """
    age = now - at
    if age < _MINUTE:
        return _("just now"), 0
    if age < _HOUR:
        return _("%(count)s min ago"), age // _MINUTE
    if age < _DAY:
        return _("%(count)s h ago"), age // _HOUR
    days = age // _DAY
    return (_DAYS[days - 1], days) if days <= len(_DAYS) else None


def plain_time(at: datetime) -> str:
    """Return a time as it is read in all languages: ``2026-11-21 20:15 UTC``."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def plain_date(at: datetime) -> str:
    """Return a day as it is read in all languages: ``2026-11-21``."""
    return f"{at:%Y-%m-%d}"
