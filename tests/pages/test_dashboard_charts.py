"""The dashboard's figures: stretches of time, charts, and the number of sessions."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta, timezone

import pytest
from flask import Flask

from flask_sessionplus import StoreUnavailable
from flask_sessionplus.pages.dashboard import counts
from flask_sessionplus.pages.dashboard.charts import REACH, chart, scale_end, share
from flask_sessionplus.pages.dashboard.counts import Counter, counter_of
from flask_sessionplus.pages.dashboard.spans import SPANS, total
from flask_sessionplus.statistics import Hour
from flask_sessionplus.testing import FakeClock
from tests.pages.dashboards import PREFIX, create_app

NOW = datetime(2026, 11, 21, 21, 5, 7, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


def hours(since, **numbers):
    """Return the hours from *since* to now, in each of which the same happened."""
    given = {"created": 1, "ended": 0, "lost": 0, "failed": 0, "calls": 2, "seconds": 0.5}
    count = (NOW - since) // HOUR + 1
    return [Hour(begins_at=since + n * HOUR, **{**given, **numbers}) for n in range(count)]


@pytest.mark.parametrize(
    ("name", "first", "last", "sums"),
    [
        ("24h", (20, 22), (21, 21), [1] * 24),
        ("7d", (15, 0), (21, 18), [6] * 27 + [4]),
        ("30d", (23, 0), (21, 0), [24] * 29 + [22]),
    ],
)
def test_slots(name, first, last, sums):
    """Each slot is whole but the one under way, and begins at a full hour, quarter or day."""
    span = SPANS[name]
    begins_at = span.begins_at(NOW)
    # What was before the first slot is in none.
    slots = span.slots_of(hours(begins_at - 5 * HOUR), NOW)

    assert (begins_at.day, begins_at.hour) == first
    assert slots[0].begins_at == begins_at
    assert (slots[-1].begins_at.day, slots[-1].begins_at.hour) == last
    assert [slot.created for slot in slots] == sums


def test_total():
    """The numbers of all slots are summed, the seconds too."""
    span = SPANS["24h"]
    slots = span.slots_of(hours(span.begins_at(NOW), lost=3), NOW)

    assert total(slots)[1:] == (24, 0, 72, 0, 48, 12.0)


@pytest.mark.parametrize(
    ("largest", "top"),
    [
        (0, 2),
        (1, 2),
        (2, 2),
        (3, 4),
        (7, 10),
        (11, 20),
        (41, 60),
        (100, 100),
        (10**6 + 1, 2 * 10**6),
    ],
)
def test_scales_end_at_round_numbers(largest, top):
    """The end of a scale is round, so is its half, and nothing is beyond it."""
    assert scale_end(largest) == top


def test_bars():
    """The largest number decides the scale for both directions; a small one is still seen."""
    span = SPANS["24h"]
    slots = span.slots_of([], NOW)
    slots[0] = slots[0]._replace(created=1000, ended=500)
    slots[1] = slots[1]._replace(created=1)
    drawn = chart(span, slots, lambda slot: slot.created, lambda slot: slot.ended)

    assert drawn.top == 1000
    assert [(c.up, c.down) for c in drawn.columns[:3]] == [(REACH, REACH / 2), (2.0, 0), (0, 0)]
    assert all(0 <= c.left <= c.bar_left for c in drawn.columns)
    assert all(c.bar_left + c.bar_width <= c.left + c.width <= 100.01 for c in drawn.columns)
    assert drawn.columns[-1].label == "always"
    assert not drawn.is_empty


def test_a_chart_of_nothing():
    """Where nothing happened the chart says so."""
    span = SPANS["7d"]

    assert chart(span, span.slots_of([], NOW), lambda s: s.lost, lambda s: s.failed).is_empty


def test_shares():
    """The longest bar takes all the room; where there is nothing there is no bar."""
    assert [share(3, 4), share(4, 4), share(0, 0)] == [75, 100, 0]


class Slow:
    """Counts when it is told to."""

    def __init__(self):
        self.may_go_on = threading.Event()
        self.calls = 0

    def __call__(self, app):
        """Count, and return how often it was counted."""
        self.calls += 1
        assert self.may_go_on.wait(10)
        return {"SQLStore": self.calls}


def test_nobody_waits_for_a_count():
    """While it is counted for the first time nothing is said; one count goes on at a time."""
    slow = Slow()
    counter = Counter(Flask(__name__), slow)

    assert [counter.get(patience=0) for _ in range(3)] == [None] * 3
    slow.may_go_on.set()
    assert counter.get(patience=10).by_store == {"SQLStore": 1}
    assert slow.calls == 1


def test_the_former_count_is_shown_meanwhile():
    """While it is counted again the former number is shown."""
    slow = Slow()
    slow.may_go_on.set()
    counter = Counter(Flask(__name__), slow)
    assert counter.get(patience=10).total == 1
    slow.may_go_on.clear()
    counter.forget()

    assert counter.get(patience=0).total == 1
    slow.may_go_on.set()
    assert counter.get(patience=10).total == 2


def test_who_ends_sessions_during_a_count():
    """What was counted while some were ended is not kept for long: it is counted again."""
    slow = Slow()
    counter = Counter(Flask(__name__), slow)
    counter.get(patience=0)
    counter.forget()
    slow.may_go_on.set()

    assert counter.get(patience=10).total == 1
    assert counter.get(patience=10).total == 2


def test_a_count_is_kept_for_longer_than_it_took():
    """What took long to count is not counted again with each page."""
    slow = Slow()
    counter = Counter(Flask(__name__), slow)
    counter.get(patience=0.05)
    slow.may_go_on.set()

    assert [counter.get(patience=10).total for _ in range(5)] == [1] * 5
    assert slow.calls == 1


def test_a_long_count_is_not_done_again_for_a_few(monkeypatch):
    """Where counting takes long it waits for its time, unless all sessions have ended."""
    monkeypatch.setattr(counts, "_LONG", 0.0)
    slow = Slow()
    slow.may_go_on.set()
    counter = Counter(Flask(__name__), slow)
    monkeypatch.setattr(counts, "_REST", 10**9)
    assert counter.get(patience=10).total == 1
    counter.forget()
    assert counter.get(patience=10).total == 1

    counter.forget(were_all=True)
    assert counter.get(patience=10).total == 2


def test_an_old_count_says_so():
    """A number that was counted more than a minute ago says when."""
    with FakeClock() as now:
        app = create_app(guard=lambda: True)
        page = app.test_client().get(PREFIX).text
        assert "in MemoryStore<" in page
        counter_of(app)._good_until = float("inf")
        now.advance(240)
        page = app.test_client().get(PREFIX).text

    assert "in MemoryStore, <time" in page
    assert ">4 min ago<" in page


def test_a_count_that_fails():
    """A store that does not answer is told of, and asked again next time."""
    answers = [StoreUnavailable("Start the server."), {"A": 1, "B": 2}]

    def count(app):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    counter = Counter(Flask(__name__), count)

    failed = counter.get(patience=10)
    assert (failed.total, str(failed.error)) == (None, "Start the server.")
    counter.forget()
    assert counter.get(patience=10).total == 3
