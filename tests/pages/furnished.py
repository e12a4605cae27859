"""A dashboard with something to see: sessions of several people, and a month of statistics."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from flask import Flask

from flask_sessionplus import session
from flask_sessionplus.counting import Call, Tally
from flask_sessionplus.countingplaces import HOUR, Places
from flask_sessionplus.testing import FakeClock
from tests.pages.dashboards import sign_in
from tests.pages.site import EDGE, FIREFOX, IPAD, IPHONE

NOW = datetime(2026, 11, 21, 20, 30, tzinfo=timezone.utc)

#: Who signed in with what, how long before.
PEOPLE = [
    ("grace", IPHONE, timedelta(days=6, hours=2)),
    ("grace", FIREFOX, timedelta(hours=9)),
    ("katherine@example.org", EDGE, timedelta(days=2)),
    ("annie", IPAD, timedelta(minutes=40)),
    ("margaret", EDGE, timedelta(minutes=12)),
    ("c6a8f0de-52b8-4c6b-9b4e-3f0f8f6d5a17", "curl/8.17.0", timedelta(minutes=3)),
]
BROWSERS = {
    "Chrome on Windows": 38,
    "Firefox on Linux": 21,
    "Mobile Safari on iOS": 19,
    "Chrome Mobile on Android": 11,
    "Edge on Windows": 7,
    "other": 1,
}


def furnish(app: Flask) -> str:
    """Put all of it into the store of *app*; return the token of an admin."""
    for name, agent, before in PEOPLE:
        with FakeClock(NOW - before):
            sign_in(app, name, agent=agent)
    with FakeClock(NOW - timedelta(days=1)):
        browser = sign_in(app, "grace", agent="<script>alert(1)</script>")
        with browser.session_transaction() as found:
            found["<img src=x onerror=alert(1)>"] = {"note": "</pre><script>alert(2)</script>"}
            found["large"] = "All work and no play. " * 4_000
    with app.test_request_context(), FakeClock(NOW - timedelta(minutes=4)):
        session["seen"] = True
        session.save()
    _count(app)
    with FakeClock(NOW - timedelta(minutes=1)):
        return str(sign_in(app, "ada", role="admin").get_cookie("session").value)


def _count(app: Flask) -> None:
    ours = app.extensions["sessionplus"]
    places = Places(ours.store, ours.codec)
    last = int(NOW.timestamp() * 1000) // HOUR
    with FakeClock(NOW):
        for before in range(30 * 24 - 1, -1, -1):
            places.add(last - before, _tally(before, (last - before) % 24))


def _tally(before: int, hour: int) -> Tally:
    # More by day than by night, and no two days alike.
    busy = max(0, 11 - abs(hour - 14))
    created = 9 + busy * (28 + before * 7 % 11)
    tally = Tally(
        created=created,
        ended=created * (60 + before * 13 % 30) // 100,
        lost=3 if before in (7, 61, 300) else 0,
        calls=created * 23,
        seconds=created * 23 * 0.0016,
        browsers={name: count * created // 97 + 1 for name, count in BROWSERS.items()},
    )
    if before in (2, 7, 8, 130):
        at = int((NOW - timedelta(hours=before)).timestamp() * 1000)
        tally.failed = 4
        tally.failures = [
            Call(at, "SQLStore", operation, 5.0, "The database is locked by another program.")
            for operation in ("apply", "load")
        ]
        # So slow that none of the calls that a test makes is among them.
        slow = [("apply", 5.03), ("apply", 4.87), ("owned", 2.41), ("load", 2.2), ("load", 2.04)]
        tally.slowest = [Call(at, "SQLStore", name, took - before / 99) for name, took in slow]
    return tally
