"""Using a session extends it: what counts as use, and how often the store is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import session

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


@pytest.fixture
def visit(make_site, store, clock):
    """Return a function that lets somebody visit an app with the settings given, twice."""

    def make(permanent=False, **config):
        visitor = make_site(store, **config).visitor()
        visitor(lambda: (session.update(a=1), setattr(session, "permanent", permanent)))
        visitor(lambda: session.get("a"))
        store.new_calls()
        return visitor

    return make


def is_alive(visitor):
    """Tell whether the session is there, without using it."""
    return visitor.value(lambda: session.exists, method="HEAD")


def test_use_is_told_once_a_minute(visit, store, clock):
    """However often a session is read, the store is told at most once a minute."""
    visitor = visit()
    for _ in range(30):
        clock.advance(10)
        visitor(lambda: session.get("a"))

    assert store.new_calls().count("apply") == 5


def test_use_of_a_short_session_is_told_more_often(visit, store, clock):
    """Where the idle time is short it is once per tenth of it."""
    visitor = visit(SESSION_IDLE_LIFETIME=100)
    for _ in range(40):
        clock.advance(5)
        visitor(lambda: session.get("a"))

    assert store.new_calls().count("apply") == 20


def test_the_interval_is_a_setting(visit, store, clock):
    """SESSION_TOUCH_INTERVAL says how often the store is told; 0 is each time."""
    seldom = visit(SESSION_TOUCH_INTERVAL=600)
    for _ in range(20):
        clock.advance(60)
        seldom(lambda: session.get("a"))
    assert store.new_calls().count("apply") == 2

    always = visit(SESSION_TOUCH_INTERVAL=0)
    for _ in range(3):
        clock.advance(1)
        always(lambda: session.get("a"))
    assert store.new_calls().count("apply") == 3


def test_a_write_is_a_use(visit, store, clock):
    """A write tells the store of the use as well: no second write for it."""
    visitor = visit()
    clock.advance(DAY)
    visitor(lambda: session.update(a=2))
    visitor(lambda: session.get("a"))

    assert store.new_calls() == ["load", "apply", "load"]
    clock.advance(DAY * 31 - SECOND)
    assert is_alive(visitor) is True


@pytest.mark.parametrize("exact", ["increment", "append", "get"])
def test_exact_operations_and_claims_are_uses(visit, store, clock, exact):
    """So are increments and messages that were read."""
    visitor = visit()
    visitor(lambda: session.flash("note", 1))
    clock.advance(DAY * 20)

    def page():
        {"increment": lambda: session.increment("n"), "append": lambda: session.append("l", 1)}.get(
            exact, lambda: session.get("note")
        )()

    visitor(page)
    clock.advance(DAY * 20)

    assert is_alive(visitor) is True


def test_what_is_not_used_is_not_extended(visit, store, clock):
    """A request that leaves the session alone extends nothing."""
    visitor = visit(SESSION_IDLE_LIFETIME=HOUR)
    for _ in range(6):
        clock.advance(timedelta(minutes=10))
        visitor(lambda: None)

    assert is_alive(visitor) is False


def test_reading_extends_nothing_where_it_is_not_to(visit, store, clock):
    """With SESSION_REFRESH_EACH_REQUEST False reading extends nothing, writing does."""
    reader = visit(SESSION_IDLE_LIFETIME=HOUR, SESSION_REFRESH_EACH_REQUEST=False)
    writer = visit(SESSION_IDLE_LIFETIME=HOUR, SESSION_REFRESH_EACH_REQUEST=False)
    for number in range(3):
        clock.advance(timedelta(minutes=20) - SECOND)
        reader(lambda: session.get("a"))
        writer(lambda number=number: session.set("n", number))
    clock.advance(SECOND * 3)

    assert is_alive(reader) is False
    assert is_alive(writer) is True


EXACT = {
    "increment": lambda: session.increment("n"),
    "append": lambda: session.append("log", 1),
    "setdefault": lambda: session.setdefault(f"key{len(session)}", 1),
    "atomic": lambda: session.atomic("n", lambda n: n + 1, 0),
}


@pytest.mark.parametrize("write", EXACT.values(), ids=EXACT)
def test_an_exact_operation_extends_where_reading_does_not(visit, clock, write):
    """Increments and their like are writes: they extend a session as any other write does."""
    visitor = visit(SESSION_IDLE_LIFETIME=HOUR, SESSION_REFRESH_EACH_REQUEST=False)
    for _ in range(3):
        clock.advance(timedelta(minutes=50))
        visitor(lambda: (write(), None)[1])

    assert is_alive(visitor) is True


def test_renew_extends(visit, clock):
    """`renew` begins the idle time anew, also where reading does not."""
    visitor = visit(SESSION_IDLE_LIFETIME=HOUR, SESSION_REFRESH_EACH_REQUEST=False)
    for _ in range(3):
        clock.advance(timedelta(minutes=50))
        visitor(lambda: session.renew())

    assert is_alive(visitor) is True
