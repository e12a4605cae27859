"""How long sessions live: idle, absolute, provisional, of their own. No test waits."""

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


@pytest.mark.parametrize("permanent", [False, True])
def test_idle_is_flasks_lifetime(visit, clock, permanent):
    """Unused for PERMANENT_SESSION_LIFETIME a session ends, also one that ends with the browser."""
    visitor = visit(permanent, PERMANENT_SESSION_LIFETIME=DAY)
    clock.advance(DAY - SECOND)
    assert visitor.tab().value(lambda: session.exists) is True

    visitor = visit(permanent, PERMANENT_SESSION_LIFETIME=DAY)
    clock.advance(DAY)
    assert visitor.value(lambda: session.exists) is False


def test_flasks_lifetime_may_be_a_number(visit, clock):
    """PERMANENT_SESSION_LIFETIME may be seconds, as in Flask."""
    visitor = visit(PERMANENT_SESSION_LIFETIME=3600)
    clock.advance(HOUR)

    assert is_alive(visitor) is False


def test_flasks_lifetime_may_change(visit, clock):
    """PERMANENT_SESSION_LIFETIME is read when it is needed: changed later it counts."""
    visitor = visit()
    visitor.site.app.permanent_session_lifetime = HOUR
    visitor(lambda: session.renew())
    clock.advance(HOUR)

    assert is_alive(visitor) is False


def test_idle_of_its_own_setting(visit, clock):
    """SESSION_IDLE_LIFETIME says otherwise for the server; a session that is used goes on."""
    visitor = visit(SESSION_IDLE_LIFETIME=HOUR)
    for _ in range(10):
        clock.advance(HOUR - MINUTE)
        assert visitor.value(lambda: session.exists) is True
    clock.advance(HOUR)

    assert is_alive(visitor) is False


def test_absolute(visit, clock):
    """SESSION_ABSOLUTE_LIFETIME ends a session however much it is used."""
    visitor = visit(SESSION_ABSOLUTE_LIFETIME=DAY)
    for _ in range(23):
        clock.advance(HOUR)
        visitor(lambda: session.increment("n"))
    clock.advance(HOUR - SECOND)
    assert visitor.value(lambda: session.exists) is True
    clock.advance(SECOND)

    assert visitor.value(lambda: session.exists) is False


def test_absolute_counts_from_a_new_beginning(visit, clock):
    """What begins after `destroy` has its full time again."""
    visitor = visit(SESSION_ABSOLUTE_LIFETIME=DAY)
    clock.advance(DAY - HOUR)
    visitor(lambda: (session.destroy(), session.update(a=2)))
    clock.advance(HOUR * 2)

    assert visitor.value(lambda: dict(session)) == {"a": 2}


def test_no_client_can_lengthen_it(visit, clock):
    """A browser that keeps its cookie longer than it should gains nothing."""
    visitor = visit(True, SESSION_IDLE_LIFETIME=HOUR)
    token = visitor.token
    clock.advance(HOUR)

    answer = visitor.send(f"session={token}; Expires=Fri, 31 Dec 9999", lambda: dict(session))

    assert answer.value == {}
    assert answer.cookies == []


def test_the_cookie_lives_no_longer_than_the_session(visit, clock):
    """A permanent cookie's expiry is the session's: the shorter of idle and absolute."""
    visitor = visit(True, SESSION_IDLE_LIFETIME=DAY, SESSION_ABSOLUTE_LIFETIME=DAY + HOUR)
    clock.advance(HOUR * 2)

    cookie = visitor(lambda: session.renew()).cookie
    ends = visitor.value(lambda: session.expires_at)

    assert cookie.attributes["expires"] == f"{ends:%a, %d %b %Y %H:%M:%S} GMT"


def test_a_cookie_that_never_comes_back(make_site, store, clock):
    """A new session whose cookie never comes back ends soon: bots leave nothing for long."""
    site = make_site(store, SESSION_PROVISIONAL_LIFETIME=HOUR)
    gone, back = site.visitor(), site.visitor()
    gone(lambda: session.update(csrf="x"))
    back(lambda: session.update(csrf="x"))
    clock.advance(HOUR - SECOND)
    assert is_alive(back) is True
    clock.advance(SECOND)

    assert is_alive(gone) is False
    assert is_alive(back) is True


@pytest.mark.parametrize("refreshes", [True, False])
def test_a_cookie_that_came_back_once(make_site, store, clock, refreshes):
    """Once the cookie has come back the session has its full time, in one write."""
    visitor = make_site(store, SESSION_REFRESH_EACH_REQUEST=refreshes).visitor()
    visitor(lambda: session.update(a=1))
    store.new_calls()
    visitor(lambda: session.get("a"))
    assert store.new_calls() == ["load", "apply"]
    visitor(lambda: session.get("a"))
    assert store.new_calls() == ["load"]
    clock.advance(DAY * 30)

    assert visitor.value(lambda: session.get("a")) == 1


def test_provisional_is_not_longer_than_idle(make_site, store, clock):
    """Where the idle time is the shorter one a new session ends with that."""
    visitor = make_site(store, SESSION_IDLE_LIFETIME=MINUTE).visitor()
    visitor(lambda: session.update(a=1))
    clock.advance(MINUTE)

    assert is_alive(visitor) is False


def test_a_message_for_a_stranger(make_site, store, clock):
    """A new session that holds only a message is provisional too."""
    visitor = make_site(store, SESSION_PROVISIONAL_LIFETIME=HOUR).visitor()
    visitor(lambda: session.flash("note", "hi"))
    clock.advance(HOUR)

    assert visitor.value(lambda: session.get("note")) is None


def test_a_lifetime_of_its_own(visit, clock):
    """`set_lifetime` gives one session an idle time of its own, shorter or longer."""
    short, long, usual = visit(), visit(), visit()
    short(lambda: session.set_lifetime(HOUR))
    long(lambda: session.set_lifetime(timedelta(days=90)))
    clock.advance(HOUR)
    assert [is_alive(v) for v in (short, long, usual)] == [False, True, True]
    clock.advance(DAY * 31)
    assert [is_alive(v) for v in (long, usual)] == [True, False]
    clock.advance(DAY * 90)

    assert is_alive(long) is False


def test_a_lifetime_of_its_own_slides(visit, clock):
    """A lifetime of its own begins anew with each use, as the usual one."""
    visitor = visit()
    visitor(lambda: session.set_lifetime(60))
    for _ in range(5):
        clock.advance(50)
        assert visitor.value(lambda: session.exists) is True
    clock.advance(60)

    assert is_alive(visitor) is False


def test_a_lifetime_of_its_own_is_taken_back(visit, clock):
    """`set_lifetime(None)` goes back to the app's setting."""
    visitor = visit()
    visitor(lambda: session.set_lifetime(60))
    visitor(lambda: session.set_lifetime(None))
    clock.advance(DAY)

    assert is_alive(visitor) is True


def test_a_lifetime_from_the_beginning(make_site, store, clock):
    """A new session may be given its lifetime before it is stored."""
    visitor = make_site(store).visitor()
    visitor(lambda: (session.set_lifetime(60), session.update(a=1)))
    clock.advance(60)

    assert is_alive(visitor) is False


def test_absolute_holds_for_a_lifetime_of_its_own(visit, clock):
    """No session outlives SESSION_ABSOLUTE_LIFETIME, whatever it was given."""
    visitor = visit(SESSION_ABSOLUTE_LIFETIME=DAY)
    visitor(lambda: session.set_lifetime(timedelta(days=90)))
    clock.advance(DAY)

    assert is_alive(visitor) is False


@pytest.mark.parametrize("lifetime", [0, -1, timedelta(0), "1h", True, float("nan"), 10**12, []])
def test_a_wrong_lifetime_is_refused(visit, lifetime):
    """What is no positive duration is a ValueError where it is given."""
    visitor = visit()

    def page():
        with pytest.raises(ValueError, match="lifetime"):
            session.set_lifetime(lifetime)

    visitor.value(page)


@pytest.mark.parametrize(
    "stricter",
    [
        {"SESSION_IDLE_LIFETIME": HOUR},
        {"SESSION_ABSOLUTE_LIFETIME": HOUR},
        {"PERMANENT_SESSION_LIFETIME": HOUR},
        {"SESSION_PROFILE": "strict", "SESSION_COOKIE_NAME": "session"},
    ],
    ids=repr,
)
def test_settings_that_became_stricter(visit, make_site, store, clock, stricter):
    """Sessions that were stored under longer lifetimes obey the shorter ones at once."""
    token = visit().token
    clock.advance(HOUR * 9)
    strict = make_site(store, **stricter)

    answer = strict.visitor(token)(lambda: dict(session), base_url="https://localhost")

    assert answer.status == 200
    assert answer.value == {}


def test_settings_that_became_longer(visit, make_site, store, clock):
    """Sessions that are alive profit from a longer lifetime with their next use."""
    token = visit(SESSION_IDLE_LIFETIME=HOUR).token
    clock.advance(MINUTE * 30)
    visitor = make_site(store, SESSION_IDLE_LIFETIME=DAY).visitor(token)
    assert visitor.value(lambda: session.get("a")) == 1
    clock.advance(HOUR * 20)

    assert visitor.value(lambda: session.get("a")) == 1


def test_an_expired_session_is_never_seen_again(visit, clock):
    """What has expired begins anew, with another token, however it is used."""
    visitor = visit(SESSION_IDLE_LIFETIME=HOUR)
    old = visitor.token
    clock.advance(HOUR)

    visitor(lambda: session.update(b=2))

    assert visitor.token != old
    assert visitor.value(lambda: dict(session)) == {"b": 2}
    assert visitor.site.visitor(old).value(lambda: dict(session)) == {}


def test_a_session_that_expires_while_it_is_used(visit, store, clock):
    """A request during which the session expires changes nothing any more."""
    visitor = visit(SESSION_IDLE_LIFETIME=HOUR)

    def page():
        session.get("a")
        clock.advance(HOUR)
        session["a"] = 2

    answer = visitor(page)

    assert answer.status == 200
    assert answer.cookies == []
    assert is_alive(visitor) is False
