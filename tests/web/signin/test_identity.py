"""What the session tells of its user, and what a changed role or level does."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone

import pytest

from flask_sessionplus import LoginRequired, SessionReadOnly, StoreUnavailable, session
from flask_sessionplus import clock as our_clock

UUID = uuid.UUID("7b8a9c10-1111-4222-8333-444455556666")


@pytest.fixture
def ada(visitor):
    """Return somebody who is signed in, with name and role."""
    visitor(lambda: session.login(42, "Ada", "reader", cart=["tea"]))
    return visitor


def show():
    """Return what the session says of its user."""
    return session.user_id, session.username, session.role_id


def moved(visitor, change):
    """Tell whether *change* gives the session a new token, and kills the old one."""
    old = visitor.tab()
    visitor.value(change)
    is_dead = old.value(lambda: session.user_id) is None
    assert is_dead is (old.token != visitor.token)
    return is_dead


def test_setting_the_id_signs_in(visitor):
    """To set `user_id` is to sign in."""
    visitor(lambda: session.update(cart=["tea"]))

    assert moved(visitor, lambda: setattr(session, "user_id", UUID))
    assert visitor.value(lambda: (session.user_id, session["cart"])) == (UUID, ["tea"])


def test_setting_the_same_id_keeps_name_and_role(ada):
    """To set the id of the same user, however spelled, signs in again with name and role."""
    assert moved(ada, lambda: setattr(session, "user_id", "42"))
    assert ada.value(show) == ("42", "Ada", "reader")


def test_setting_another_id_empties(ada):
    """To set the id of another user leaves nothing of the former one."""
    ada(lambda: setattr(session, "user_id", 43))

    assert ada.value(show) == (43, None, None)
    assert ada.value(lambda: session.copy()) == {}


def test_setting_the_id_to_none_signs_out(ada):
    """To set the id to None is to sign out."""
    answer = ada(lambda: setattr(session, "user_id", None))

    assert answer.cookie.is_deletion
    assert ada.value(show) == (None, None, None)


def test_a_name_can_be_set(ada):
    """Another name is no other right: the token stays."""
    assert not moved(ada, lambda: setattr(session, "username", "Ada L."))
    assert ada.value(show) == (42, "Ada L.", "reader")


@pytest.mark.parametrize("role", ["admin", 7, ["reader", "writer"], None])
def test_another_role_is_another_token(ada, role):
    """A changed role gives the session a new token, and keeps its data."""
    assert moved(ada, lambda: setattr(session, "role_id", role))
    assert ada.value(show) == (42, "Ada", role)
    assert ada.value(lambda: session["cart"]) == ["tea"]


def test_the_same_role_is_the_same_token(ada):
    """To set the role that the user has changes nothing."""
    assert not moved(ada, lambda: setattr(session, "role_id", "reader"))


def test_each_level_is_another_token(ada):
    """Each change of the level gives a new token; the same again does not."""
    assert moved(ada, lambda: session.elevate())
    assert ada.value(lambda: session.level) == "elevated"
    assert not moved(ada, lambda: session.elevate())
    assert moved(ada, lambda: session.elevate("admin"))
    assert moved(ada, lambda: setattr(session, "level", None))
    assert ada.value(lambda: session.level) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda: session.confirm(),
        lambda: session.elevate(),
        lambda: setattr(session, "role_id", "admin"),
    ],
)
def test_a_form_of_before_is_not_good_after(ada, change):
    """With the token goes what belongs to it: the keys of `SESSION_DROP_ON_LOGIN`."""
    ada(lambda: session.update(csrf_token="old"))
    ada(lambda: session.scope("checkout").update(csrf_token="old", step=1))
    ada.value(change)

    assert ada.value(lambda: session.copy()) == {"cart": ["tea"]}
    assert ada.value(lambda: session.scope("checkout").copy()) == {"cart": ["tea"], "step": 1}


def test_signing_in_takes_the_level_back(ada):
    """After signing in again the second factor has to be given again."""
    ada(lambda: session.elevate())
    ada(lambda: session.login(42))

    assert ada.value(lambda: session.level) is None


@pytest.mark.parametrize("level", ["", 1, True, b"x"])
def test_a_level_is_a_text(ada, level):
    """What is no text is no level."""

    def page():
        with pytest.raises(ValueError, match="text that is not empty"):
            session.elevate(level)

    ada.value(page)


@pytest.mark.parametrize(
    "change",
    [
        lambda: session.confirm(),
        lambda: session.elevate(),
        lambda: setattr(session, "role_id", "admin"),
        lambda: setattr(session, "username", "Ada"),
    ],
)
def test_nobody_has_no_role(visitor, store, change):
    """What needs somebody who is signed in is refused to a visitor: 401, and nothing stored."""
    visitor.site.app.testing = False
    assert visitor(change).status == 401

    def page():
        with pytest.raises(LoginRequired, match=r"session.login\(\) before"):
            change()

    visitor.value(page)
    assert store.inner.count() == 0


def test_times(ada, clock):
    """`authenticated_at` and `confirmed_at` are UTC; `confirm` moves only the second."""
    at = datetime.fromtimestamp(clock.now() / 1000, timezone.utc)
    times = lambda: (session.authenticated_at, session.confirmed_at)  # noqa: E731
    assert ada.value(times) == (at, at)
    clock.advance(60)

    assert moved(ada, lambda: session.confirm())
    assert ada.value(times) == (at, at + timedelta(minutes=1))


def test_fresh(ada, clock):
    """The password is fresh for the time that is asked for, and not a millisecond longer."""
    clock.advance(100)
    ask = lambda: [session.is_fresh(100), session.is_fresh(timedelta(seconds=99.999))]  # noqa: E731

    assert ada.value(ask) == [True, False]
    ada(lambda: session.confirm())
    assert ada.value(ask) == [True, True]
    ada(lambda: session.doubt())
    assert ada.value(ask) == [False, False]


def test_fresh_by_the_setting(make_site, clock):
    """Without an argument `SESSION_FRESH_LIFETIME` says how long."""
    visitor = make_site(SESSION_FRESH_LIFETIME=10).visitor()
    assert visitor.value(lambda: session.is_fresh()) is False
    visitor(lambda: session.login(42))

    assert visitor.value(lambda: session.is_fresh()) is True
    clock.advance(10.001)
    assert visitor.value(lambda: session.is_fresh()) is False


@pytest.mark.parametrize(("back", "is_fresh"), [(29, True), (31, False), (3600, False)])
def test_a_clock_that_goes_back_makes_nothing_fresh(ada, clock, back, is_fresh):
    """If the clock was put back since the sign-in, by more than clocks differ, it is not fresh."""
    source = our_clock.set_source(lambda: (clock.now() - back * 1000) / 1000)
    try:
        assert ada.value(lambda: session.is_fresh(900)) is is_fresh
    finally:
        our_clock.set_source(source)


def test_a_clock_that_goes_back_after_use_makes_nothing_fresh(ada, clock):
    """What was fresh an hour ago is not fresh because the clock was put back by an hour."""
    for _ in range(60):
        clock.advance(60)
        ada(lambda: session.get("cart"))
    source = our_clock.set_source(lambda: (clock.now() - 3_590_000) / 1000)
    try:
        assert ada.value(lambda: session.is_fresh(900)) is False
    finally:
        our_clock.set_source(source)


def test_identity_is_no_key(ada):
    """Who is signed in is not among the keys, and does not make the session truthy."""

    def look():
        session.pop("cart")
        return dict(session), bool(session), len(session), session.exists

    assert ada.value(look) == ({}, False, 0, True)


def test_reset_keeps_the_user(ada):
    """`reset` empties the session, and does not sign out."""
    ada(lambda: session.reset())

    assert ada.value(show) == (42, "Ada", "reader")
    assert ada.value(lambda: session.copy()) == {}


def test_destroy_signs_out(ada, ext):
    """`destroy` ends the session with all that is in it."""
    ada(lambda: session.destroy())

    assert ada.value(show) == (None, None, None)
    assert ada.value(lambda: ext.sessions_of(42)) == []


def test_without_a_store_nobody_signs_in(make_site, store, clock):
    """While the store does not answer nobody is signed in, and to sign in or out is a 503."""
    site = make_site(store, SESSION_ON_STORE_ERROR="anonymous")
    ada = site.visitor()
    ada(lambda: session.login(42))
    store.faults["load"] = lambda: StoreUnavailable("away")

    def page():
        for change in (lambda: session.login(42), lambda: session.logout()):
            with pytest.raises(SessionReadOnly):
                change()
        return show()

    assert ada.value(page) == (None, None, None)
    store.faults.clear()
    assert ada.value(show) == (42, None, None)
