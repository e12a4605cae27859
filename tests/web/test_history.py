"""What a session remembers of itself: `SESSION_HISTORY`."""

from __future__ import annotations

import pytest
from flask import session

from flask_sessionplus import ConfigError
from flask_sessionplus.overview import details_of
from flask_sessionplus.record import Changes
from tests.web.visiting import WatchedStore


def use(visitor, clock):
    """Do what a visitor does in the course of time."""
    visitor(lambda: session.update(cart=["tea"]))
    for do in (
        lambda: session.get("cart"),
        lambda: session["cart"].append("milk"),
        lambda: session.regenerate(),
        lambda: session.login("ada"),
        lambda: session.confirm(),
        lambda: session.flash("a", "b"),
        lambda: session.regenerate() or session.update(a=1) or session.save(),
        lambda: session.logout() or session.login("bob"),
    ):
        clock.advance(61)
        visitor(do)


def events(site, visitor):
    """Return what the visitor's session remembers, the newest first."""
    handle = visitor.value(lambda: session.identifier)
    return [event.what for event in details_of(site.app, handle).history]


def test_it_costs_no_round_trip(make_site, embedded, clock):
    """A session with a history asks the store for the same, as often, as one without."""
    calls = []
    for length in (0, 5):
        store = WatchedStore(embedded)
        site = make_site(store, SESSION_HISTORY=length)
        use(site.visitor(), clock)
        calls.append(store.new_calls())

    assert calls[0] == calls[1]
    assert "apply" in calls[0]


def test_it_survives_a_new_token(make_site, embedded, clock):
    """Each event in its order; the session of another user remembers nothing of this one."""
    site = make_site(embedded, SESSION_HISTORY=10)
    visitor = site.visitor()
    visitor(lambda: session.update(a=1))
    visitor(lambda: session.regenerate())
    visitor(lambda: session.login("ada"))
    visitor(lambda: session.regenerate())
    assert events(site, visitor) == ["new token", "signed in", "new token", "created"]
    visitor(lambda: session.login("bob"))

    assert events(site, visitor) == ["signed in", "created"]


def test_who_signs_in_at_once_was_created_then(make_site, embedded):
    """A session that begins with a sign-in has both events."""
    site = make_site(embedded, SESSION_HISTORY=10)
    visitor = site.visitor()
    visitor(lambda: session.login("ada"))

    assert events(site, visitor) == ["signed in", "created"]


def test_the_last_ones_are_kept(make_site, embedded):
    """As many as the setting says, the oldest go."""
    site = make_site(embedded, SESSION_HISTORY=2)
    visitor = site.visitor()
    visitor(lambda: session.update(a=1))
    visitor(lambda: session.login("ada"))
    visitor(lambda: session.regenerate())

    assert events(site, visitor) == ["new token", "signed in"]


def test_several_saves_tell_it_once(make_site, embedded):
    """A request that saves often has signed in once."""
    site = make_site(embedded, SESSION_HISTORY=10)
    visitor = site.visitor()
    visitor(lambda: session.update(a=1))

    def stream():
        session.login("ada")
        for number in range(5):
            session["number"] = number
            session.save()

    visitor(stream)
    assert events(site, visitor) == ["signed in", "created"]


def test_it_does_not_show(make_site, embedded):
    """It is no key, and an empty session is still empty."""
    site = make_site(embedded, SESSION_HISTORY=10)
    visitor = site.visitor()
    visitor(lambda: session.update(a=1))
    assert visitor.value(lambda: (dict(session), len(session))) == ({"a": 1}, 1)
    visitor(lambda: session.pop("a"))

    assert visitor.value(lambda: (dict(session), bool(session))) == ({}, False)
    assert visitor.token is None


def test_off_nothing_is_written(make_site, embedded):
    """Without the setting a record has nothing of it, and one that has keeps what it has."""
    site = make_site(embedded, SESSION_HISTORY=10)
    visitor = site.visitor()
    visitor(lambda: session.update(a=1))
    off = make_site(embedded)
    later = off.visitor(visitor.token)
    later(lambda: session.regenerate())
    assert events(off, later) == ["created"]
    other = off.visitor()
    other(lambda: session.update(a=1))

    assert events(off, other) == []


def test_a_history_of_a_later_version_is_begun_anew(make_site, embedded):
    """What cannot be read does not keep anybody from going on."""
    site = make_site(embedded, SESSION_HISTORY=10)
    visitor = site.visitor()
    visitor(lambda: session.update(a=1))
    [sid] = embedded.browse()
    embedded.apply(sid, embedded.load(sid), Changes({"\x00history": b"\xc1\x07"}))
    visitor(lambda: session.regenerate())

    assert events(site, visitor) == ["new token"]


@pytest.mark.parametrize("value", [-1, 101, True, "5", None])
def test_a_wrong_length_is_refused(make_site, value):
    """The error names the setting and what is allowed."""
    with pytest.raises(ConfigError, match=r"SESSION_HISTORY .* 0 to 100"):
        make_site(SESSION_HISTORY=value)
