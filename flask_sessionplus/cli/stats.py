"""``flask session stats``."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click
from flask.cli import with_appcontext

from ..overview import count_sessions
from ..statistics import statistics_of
from ..stores.base import Purgeable, having
from .group import PlainErrors, json_option, our_store, ours, this_app
from .output import say, say_json, show_table

_DAY = timedelta(days=1)

# What happened, as JSON calls it, and as people read it.
_EVENTS = {
    "created": "created",
    "ended": "ended",
    "lost": "requests that lost changes",
    "failed": "failed calls of a store",
}


@click.command("stats", short_help="Show how many sessions there are.")
@json_option
@with_appcontext
def stats(as_json: bool) -> None:
    """Show how many sessions there are, and what has happened in the last 24 hours.

    The latter is known if SESSION_STATISTICS is on.

    \b
    Examples:
      flask session stats
      flask session stats --json | jq '.stores[].alive'
    """  # noqa: D301
    with PlainErrors():
        stores, last_day = _by_store(), _last_day()
    if as_json:
        rows = [{"store": name, "alive": a, "expired": e} for name, (a, e) in stores.items()]
        say_json({"stores": rows, "last_day": last_day})
        return
    table = [(name, _number(a), _number(e)) for name, (a, e) in stores.items()]
    show_table(("STORE", "ALIVE", "EXPIRED, NOT PURGED"), table)
    say("")
    if last_day is None:
        say("Set SESSION_STATISTICS = True to know what has happened in the last 24 hours.")
        return
    show_table(
        ("LAST 24 HOURS", "NUMBER"),
        [(text, _number(last_day[name])) for name, text in _EVENTS.items()],
    )


def _by_store() -> dict[str, tuple[int | None, int | None]]:
    """Return how many sessions are alive, and how many have expired, by store; None: not known."""
    store = our_store()
    alive = count_sessions(this_app())
    expired: dict[str, int] = {}
    for each in having(store, Purgeable):
        name = type(each).__name__
        expired[name] = expired.get(name, 0) + each.count_expired()
    # Of what cannot be counted as a whole, at least the name.
    names = list(dict.fromkeys([*(alive or [type(store).__name__]), *expired]))
    return {name: (alive.get(name), expired.get(name)) for name in names}


def _last_day() -> dict[str, Any] | None:
    if ours().statistics is not None and not our_store().is_made():
        # Who looks into a database that is not there makes it, perhaps as another user.
        return dict.fromkeys(_EVENTS, 0)
    found = statistics_of(this_app(), _DAY)
    if found is None:
        return None
    return {name: sum(getattr(hour, name) for hour in found.hours) for name in _EVENTS}


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"
