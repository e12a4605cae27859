"""The first page: how many sessions there are, and what has happened."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import request

from ... import clock
from ...counting import OTHER
from ...errors import StoreError
from ...statistics import Statistics, statistics_of
from .charts import chart, share
from .counts import counter_of
from .spans import SPANS, Span, total

if TYPE_CHECKING:
    from .blueprint import Dashboard

# Browsers that are named; the others are summed.
_BROWSERS = 8

# For how long nothing is said of when it was counted.
_FRESH = timedelta(minutes=1)


def show(dashboard: Dashboard) -> str:
    """Show the first page. A store that fails keeps nothing from being shown but its own part."""
    app, now = dashboard.app, clock.to_datetime(clock.now())
    span = SPANS.get(request.args.get("span", ""), SPANS["24h"])
    found, error = None, None
    try:
        found = statistics_of(app, now - span.begins_at(now))
    except StoreError as failed:
        error = failed
    figures = None if found is None else _figures(found, span)
    counted = counter_of(app).get()
    return dashboard.render(
        "sessionplus/dashboard/overview.html",
        counted=counted,
        is_old=counted is not None and now - counted.at > _FRESH,
        spans=SPANS.values(),
        span=span,
        statistics=figures,
        error=error,
    )


def _figures(found: Statistics, span: Span) -> dict[str, Any]:
    slots = span.slots_of(found.hours, clock.to_datetime(clock.now()))
    return {
        "slots": slots,
        "total": total(slots),
        "sessions": chart(span, slots, lambda slot: slot.created, lambda slot: slot.ended),
        "trouble": chart(span, slots, lambda slot: slot.lost, lambda slot: slot.failed),
        "browsers": _browsers(found.browsers),
        "slowest": found.slowest,
        "failures": found.failures,
    }


def _browsers(found: dict[str, int]) -> list[tuple[str | None, int, float, float]]:
    """Return a row for each browser: name, number, percent of all, percent of the longest bar.

    Without a name are all that are not named.
    """
    named = [each for each in found.items() if each[0] != OTHER]
    ranked = sorted(named, key=lambda each: (-each[1], each[0]))
    rows: list[tuple[str | None, int]] = [*ranked[:_BROWSERS]]
    others = found.get(OTHER, 0) + sum(count for _, count in ranked[_BROWSERS:])
    if others:
        rows.append((None, others))
    longest, everything = max((n for _, n in rows), default=0), sum(found.values())
    return [(name, n, share(n, everything), share(n, longest)) for name, n in rows]
