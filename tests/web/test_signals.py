"""Signals: each with what it carries, from the app, and none with a secret."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager

import pytest
from flask import session

from flask_sessionplus import Session, StoreUnavailable, signals
from flask_sessionplus.tokens import digest

NAMES = [
    "session_created",
    "session_loaded",
    "session_saved",
    "session_regenerated",
    "session_destroyed",
    "session_expired",
    "session_lost",
    "session_rejected",
    "store_failed",
]


@contextmanager
def told(app):
    """Collect the signals that an app sends: name, and what it carries beside the session."""
    events = []

    def listen(name):
        def note(sender, session, **details):
            assert sender is app
            assert isinstance(session, Session)
            events.append((name, details))

        return note

    with ExitStack() as stack:
        for name in NAMES:
            stack.enter_context(getattr(signals, name).connected_to(listen(name), app))
        yield events


@pytest.fixture
def events(known):
    """Collect what the app tells while somebody known visits it."""
    with told(known.site.app) as events:
        yield events


def names(events):
    """Return the names of events in their order."""
    return [name for name, _ in events]


def test_all_signals_are_public():
    """Each signal is in the package's namespace, as blinker knows it."""
    import flask_sessionplus

    for name in NAMES:
        assert getattr(flask_sessionplus, name) is getattr(signals, name)


def test_a_first_visit(site):
    """A session that is stored for the first time is created, and not saved besides."""
    with told(site.app) as events:
        site.visitor()(lambda: session.update(a=1))

    assert events == [("session_created", {})]


def test_reading(known, events):
    """A session that is read is loaded, once, at its first use."""
    known(lambda: (session.get("name"), dict(session)))

    assert events == [("session_loaded", {})]


def test_an_untouched_request(known, events):
    """Who looks at no session hears of none."""
    known(lambda: None)

    assert events == []


def test_writing(known, events):
    """Changes that were written are told as saved."""
    known(lambda: session.update(name="Eve"))

    assert events == [("session_loaded", {}), ("session_saved", {})]


@pytest.mark.parametrize(
    "write",
    [
        lambda: session.increment("visits"),
        lambda: session.append("log", 1),
        lambda: session.setdefault("more", 1),
    ],
)
def test_writing_at_once(known, events, write):
    """So are changes that were written in the middle of a view."""
    known(lambda: (write(), None)[1])

    assert "session_saved" in names(events)


def test_a_touch_is_no_change(clock, known):
    """That a session was used is noted in the store, but not told as a change."""
    clock.advance(3600)
    with told(known.site.app) as events:
        known(lambda: session.get("name"))

    assert events == [("session_loaded", {})]


def test_saving_early(known, events):
    """Each `save` that wrote something is told."""

    def page():
        for number in range(2):
            session["n"] = number
            session.save()
            session.save()

    known(page)

    assert names(events) == ["session_loaded", "session_saved", "session_saved"]


def test_rotating(known, events):
    """A new token is told with the old public name; the session has the new one already."""
    old = known.value(lambda: session.identifier)
    events.clear()
    seen = []

    def note(sender, session, old):
        seen.append((session.identifier, old))

    with signals.session_regenerated.connected_to(note):
        known(lambda: session.regenerate())

    assert ("session_regenerated", {"old": old}) in events
    assert seen == [(known.value(lambda: session.identifier), old)]


@pytest.mark.parametrize("end", ["destroy", "clear"])
def test_ending(known, events, end):
    """The end of a session is told with its public name."""
    name = known.value(lambda: session.identifier)
    events.clear()

    known(lambda: getattr(session, end)())

    assert events == [("session_loaded", {}), ("session_destroyed", {"handle": name})]


def test_the_last_key(known, events):
    """That the last key was removed is a change like others; no session was ended by the app."""
    known(lambda: [session.pop(key) for key in list(session)])

    assert events == [("session_loaded", {}), ("session_saved", {})]


def test_ending_and_beginning(known, events):
    """Where another session begins at once both are told, in this order."""
    known(lambda: (session.destroy(), session.update(a=1)))

    assert names(events) == ["session_loaded", "session_destroyed", "session_created"]


def test_ending_nothing(site):
    """Where there was no session its end is not told."""
    with told(site.app) as events:
        site.visitor()(lambda: session.destroy())

    assert events == []


def test_expiry(make_site, store, clock):
    """Who comes with the token of an expired session is told with its public name."""
    visitor = make_site(store, SESSION_IDLE_LIFETIME=60).visitor()
    visitor(lambda: session.update(a=1))
    name = visitor.value(lambda: session.identifier)
    clock.advance(60)
    with told(visitor.site.app) as events:
        visitor(lambda: session.get("a"))

    assert events == [("session_expired", {"handle": name})]


def test_expiry_by_stricter_settings(make_site, store, clock):
    """So is one that has expired by settings that have become stricter."""
    visitor = make_site(store).visitor()
    visitor(lambda: session.update(a=1))
    name = visitor.value(lambda: session.identifier)
    clock.advance(3600)
    strict = make_site(store, SESSION_ABSOLUTE_LIFETIME=60)
    with told(strict.app) as events:
        strict.visitor(visitor.token)(lambda: session.get("a"))

    assert events == [("session_expired", {"handle": name})]


def test_a_loss(known, events):
    """Changes that were dropped are told."""
    other = known.tab()

    def page():
        session.get("name")
        other(lambda: session.destroy())
        session["name"] = "Eve"

    known(page)

    assert names(events).count("session_lost") == 1
    assert "session_saved" not in names(events)


@pytest.mark.parametrize(
    ("cookies", "reason"),
    [
        ("session=x", "malformed"),
        ("session=", "malformed"),
        (f"session={'A' * 43}; session={'B' * 43}", "duplicate"),
        (f"session={'A' * 43}", "unknown"),
    ],
)
def test_a_rejection(known, events, cookies, reason):
    """A cookie that was not accepted is told with the reason."""
    known.send(cookies, lambda: session.get("name"))

    assert events == [("session_rejected", {"reason": reason})]


def test_no_cookie_is_no_rejection(site):
    """Who has no cookie is no case."""
    with told(site.app) as events:
        site.visitor()(lambda: session.get("a"))

    assert events == []


@pytest.mark.parametrize("method", ["load", "apply"])
def test_a_failure(known, store, events, method):
    """A store that failed is told with the error."""
    error = StoreUnavailable("down")
    store.faults[method] = lambda: error

    known(lambda: session.update(name="Eve"))

    assert ("store_failed", {"error": error}) in events
    assert names(events).count("store_failed") == 1
    assert "session_saved" not in names(events)


def test_no_signal_carries_a_secret(known, events):
    """Nothing that is sent along is the token or the sid."""
    token = known.token
    known(lambda: session.update(name="Eve"))
    known(lambda: session.regenerate())
    tokens = {token, known.token}
    known(lambda: session.destroy())

    shown = repr(events)
    for each in tokens:
        assert each not in shown
        assert digest(each).hex() not in shown


def test_a_receiver_may_use_the_session(known):
    """A receiver can read and change the session that it is told of."""

    def greet(sender, session, **details):
        session["greeted"] = session["name"]

    with signals.session_loaded.connected_to(greet, known.site.app):
        assert known.value(lambda: session["greeted"]) == "Ada"

    assert known.value(lambda: session["greeted"]) == "Ada"


def test_a_receiver_that_fails_fails_the_request(known):
    """As with Flask's own signals, what a receiver raises is the request's error."""

    def fail(sender, **details):
        raise RuntimeError("no")

    with (
        signals.session_loaded.connected_to(fail, known.site.app),
        pytest.raises(RuntimeError, match="no"),
    ):
        known(lambda: session.get("name"))


def test_a_receiver_that_fails_at_the_end_saves_no_session(known):
    """An end that is told to a receiver that fails has happened all the same (CVE-2021-34428)."""
    known.site.app.testing = False
    token = known.token

    def fail(sender, **details):
        raise RuntimeError("no")

    with signals.session_destroyed.connected_to(fail, known.site.app):
        answer = known(lambda: session.destroy())

    assert answer.status == 500
    assert answer.cookie is None or answer.cookie.is_deletion
    assert known.site.visitor(token).value(lambda: session.exists) is False


def test_other_apps_are_not_told(known, make_site):
    """A receiver that asked for one app hears of that one only."""
    other = make_site()
    with told(known.site.app) as events:
        other.visitor()(lambda: session.update(a=1))

    assert events == []
