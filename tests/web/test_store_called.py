"""`store_called`: each call of the store is told, if somebody listens, and none of its secrets."""

from __future__ import annotations

import time
from contextlib import contextmanager

import pytest
from flask import session

from flask_sessionplus import StoreUnavailable, store_called
from flask_sessionplus.reporter import Reporter
from tests.web.visiting import WatchedStore


@pytest.fixture
def store(embedded):
    """Return a store that is watched."""
    return WatchedStore(embedded)


@contextmanager
def told(app):
    """Collect what the app's calls are said to have been."""
    found = []

    def note(sender, **details):
        assert sender is app
        found.append(details)

    with store_called.connected_to(note, app):
        yield found


def use(visitor):
    """Call everything a store has."""
    visitor(lambda: session.update(a=1, large="x" * 50_000))
    visitor(lambda: session["large"] and session.increment("a"))
    visitor(lambda: session.login("ada"))
    visitor(lambda: session.logout())


def test_each_call_is_told(site, store):
    """As many as the store has seen, in their order, with their names."""
    with told(site.app) as found:
        use(site.visitor())

    assert [each["operation"] for each in found] == store.new_calls()
    assert {each["store"] for each in found} == {"WatchedStore"}


def test_it_says_when_and_how_long(site, store):
    """The beginning in nanoseconds of this age, the length in seconds, and no error."""
    before = time.time_ns()
    with told(site.app) as found:
        use(site.visitor())
    after = time.time_ns()

    for each in found:
        assert before <= each["started_at"] <= after
        assert 0 < each["seconds"] <= (after - before) / 1e9
        assert each["error"] is None


def test_it_says_nothing_else(site, store):
    """No sid, token, key or value: these names are all that it carries."""
    visitor = site.visitor()
    with told(site.app) as found:
        use(visitor)

    expected = {"store", "operation", "started_at", "seconds", "error"}
    assert all(each.keys() == expected for each in found)


def test_a_fault_is_told_with_its_error(site, store):
    """The same error that the request gets, whatever it is."""
    error = StoreUnavailable("The store does not answer. Look at it.")
    bug = ZeroDivisionError()
    for fault in (error, bug):
        store.faults["load"] = lambda fault=fault: fault
        visitor = site.visitor("A" * 43)
        site.app.testing = False
        with told(site.app) as found:
            visitor(lambda: session.get("a"))

        assert [each["error"] for each in found] == [fault]


def test_a_limit_counts_as_a_call(make_site, embedded):
    """What looks at several sessions of a user is told by its name and the store's."""
    site = make_site(embedded, SESSION_MAX_PER_USER=1, SESSION_WHEN_FULL="refuse")
    with told(site.app) as found:
        site.visitor()(lambda: session.login("ada"))

    assert {each["store"] for each in found} == {type(embedded).__name__}
    assert "count_sessions" in {each["operation"] for each in found}


def test_other_apps_are_not_heard(make_site, site):
    """A receiver hears of the app that it is for."""
    other = make_site()
    with told(site.app) as found:
        other.visitor()(lambda: session.update(a=1))

    assert found == []


def test_nobody_listens_and_nothing_is_measured(site, store, monkeypatch):
    """Without a receiver not even the clock is asked."""

    def refuse(*_):
        raise AssertionError("This costs time.")

    monkeypatch.setattr(Reporter, "_call_and_tell", refuse)
    # Those of other tests, whose apps are still there.
    monkeypatch.setattr(store_called, "receivers", {})
    visitor = site.visitor()

    assert visitor(lambda: session.update(a=1)).status == 200
    assert visitor.value(lambda: session["a"]) == 1
