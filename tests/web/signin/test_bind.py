"""`SESSION_BIND`: a session that stays at the address, or in the browser, where it was begun."""

from __future__ import annotations

import pytest

from flask_sessionplus import session, signals
from flask_sessionplus.binding import network
from flask_sessionplus.tokens import digest

HERE = {"REMOTE_ADDR": "192.0.2.7"}
THERE = {"REMOTE_ADDR": "198.51.100.9"}
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}
CURL = {"User-Agent": "curl/8.5.0"}


@pytest.fixture
def make_visitor(make_site, store, clock):
    """Return a function that makes somebody whose session has a user, bound as it says."""

    def make(bind, **options):
        visitor = make_site(store, SESSION_BIND=bind).visitor()
        visitor(lambda: session.login("ada", cart=["tea"]), **options)
        store.new_calls()
        return visitor

    return make


def at(place):
    """Return the options of a request from *place*."""
    return {"environ_overrides": dict(place)}


def look():
    """Return what the session has, as a bystander."""
    return session.user_id, session.copy()


def heard(visitor, **options):
    """Return the reasons why a cookie was not accepted in a request that looks."""
    reasons = []

    def note(sender, session, reason):
        reasons.append(reason)

    with signals.session_rejected.connected_to(note, visitor.site.app):
        visitor.value(look, **options)
    return reasons


def test_off_by_default(visitor):
    """Without the setting a session goes with its browser, wherever that is."""
    visitor(lambda: session.login("ada"), **at(HERE))

    assert visitor.value(look, **at(THERE)) == ("ada", {})


def test_another_address_gets_another_session(make_visitor, store):
    """From elsewhere the session is empty; the bound one is neither changed nor ended."""
    ada = make_visitor("ip", **at(HERE))
    before = store.inner.load(digest(ada.token))
    answer = ada(look, **at(THERE))

    assert answer.value == (None, {})
    assert answer.cookies == []
    assert store.new_calls() == ["load"]
    assert store.inner.load(digest(ada.token)) == before
    assert ada.value(look, **at(HERE)) == ("ada", {"cart": ["tea"]})


def test_who_writes_elsewhere_has_a_session_of_his_own(make_visitor):
    """Who puts something in from elsewhere gets a new token, and the first one stays alive."""
    ada = make_visitor("ip", **at(HERE))
    thief = ada.tab()
    thief(lambda: session.update(a=1), **at(THERE))

    assert thief.token != ada.token
    assert thief.value(look, **at(THERE)) == (None, {"a": 1})
    assert ada.value(look, **at(HERE)) == ("ada", {"cart": ["tea"]})


@pytest.mark.parametrize("change", [lambda: session.logout(), lambda: session.clear()])
def test_from_elsewhere_nobody_ends_it(make_visitor, change):
    """To sign out from elsewhere does not end the session of the one who is at home."""
    ada = make_visitor("ip", **at(HERE))
    ada.tab()(change, **at(THERE))

    assert ada.value(look, **at(HERE)) == ("ada", {"cart": ["tea"]})


def test_another_browser(make_visitor):
    """The same for the browser, and only for it."""
    ada = make_visitor("user_agent", headers=FIREFOX, **at(HERE))

    assert ada.value(look, headers=CURL, **at(HERE)) == (None, {})
    assert ada.value(look, **at(HERE)) == (None, {})
    assert ada.value(look, headers=FIREFOX, **at(THERE)) == ("ada", {"cart": ["tea"]})


def test_both(make_visitor):
    """With both, each of them alone is enough to be a stranger."""
    ada = make_visitor(["ip", "user_agent"], headers=FIREFOX, **at(HERE))

    assert ada.value(look, headers=FIREFOX, **at(THERE)) == (None, {})
    assert ada.value(look, headers=CURL, **at(HERE)) == (None, {})
    assert ada.value(look, headers=FIREFOX, **at(HERE)) == ("ada", {"cart": ["tea"]})


def test_a_signal_tells_why(make_visitor):
    """`session_rejected` says whether it was the address or the browser."""
    ada = make_visitor(["ip", "user_agent"], headers=FIREFOX, **at(HERE))

    assert heard(ada, headers=FIREFOX, **at(THERE)) == ["address"]
    assert heard(ada, headers=CURL, **at(HERE)) == ["browser"]
    assert heard(ada, headers=FIREFOX, **at(HERE)) == []


def test_bound_from_the_beginning(make_site, store, clock):
    """A visitor's session is bound from its first value on, before anybody signs in."""
    visitor = make_site(store, SESSION_BIND="ip").visitor()
    visitor(lambda: session.update(a=1), **at(HERE))

    assert visitor.value(look, **at(THERE)) == (None, {})
    assert visitor.value(look, **at(HERE)) == (None, {"a": 1})


def test_bound_again_after_another_user(make_visitor):
    """A session that begins in the place of another one is bound as well."""
    ada = make_visitor("ip", **at(HERE))
    ada(lambda: session.login("bob"), **at(HERE))
    assert ada.value(look, **at(THERE)) == (None, {})
    ada(lambda: (session.clear(), session.update(a=1)), **at(HERE))

    assert ada.value(look, **at(THERE)) == (None, {})


def test_older_sessions_go_on(make_site, store, clock):
    """What was begun before the setting was made stays free, until somebody signs in."""
    old = make_site(store).visitor()
    old(lambda: session.update(a=1), **at(HERE))
    visitor = make_site(store, SESSION_BIND="ip").visitor(old.token)
    assert visitor.value(look, **at(THERE)) == (None, {"a": 1})
    visitor(lambda: session.login("ada"), **at(THERE))

    assert visitor.value(look, **at(HERE)) == (None, {})
    assert visitor.value(look, **at(THERE)) == ("ada", {"a": 1})


def test_an_empty_session_stays_new(make_site, store, clock):
    """To look at a session that is bound makes no record."""
    visitor = make_site(store, SESSION_BIND=["ip", "user_agent"]).visitor()

    assert visitor(look).cookies == []
    assert visitor.value(lambda: (session.modified, session.exists)) == (False, False)
    assert store.inner.count() == 0


def test_no_address_is_stored(make_visitor, store):
    """What a session is bound to is kept as a digest."""
    visitor = make_visitor("ip", **at(HERE))
    visitor(lambda: (session.clear(), session.update(a=1)), **at(HERE))
    record = store.inner.load(digest(visitor.token))

    assert "\x00bind" in record.values
    assert not any(b"192.0.2.7" in data for data in record.values.values())


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("2001:DB8:1:2::1", "2001:db8:1:2::1", True),
        ("192.0.2.7", None, False),
        (None, "", True),
        ("unix:", "unix:", True),
        ("192.0.2.7:1000", "192.0.2.7:1001", True),
        ("192.0.2.7:1000", "192.0.2.7", True),
        ("192.0.2.7:1000", "192.0.2.8:1000", False),
        ("[2001:db8:1:2::1]:1000", "2001:db8:1:2::1", True),
        ("[2001:db8:1:2::1]", "[2001:db8:1:3::1]:9", False),
    ],
)
def test_networks(one, other, is_same):
    """Of IPv6 the first 64 bits count, a port never; what is no address counts as it stands."""
    assert (network(one) == network(other)) is is_same


def test_a_header_is_no_address(make_visitor):
    """What a client says of its address in headers does not count."""
    ada = make_visitor("ip", **at(HERE))
    headers = {
        "X-Forwarded-For": "192.0.2.7",
        "X-Real-IP": "192.0.2.7",
        "Forwarded": "for=192.0.2.7",
    }

    assert ada.value(look, headers=headers, **at(THERE)) == (None, {})
