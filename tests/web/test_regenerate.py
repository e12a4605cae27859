"""`regenerate`: the same session under another token, and the old one dead at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import flash, session

from flask_sessionplus import session_rejected
from tests.web.visiting import KNOWN


@pytest.fixture
def moved(known):
    """Return somebody whose token was changed a moment ago, and a tab that has the old one."""
    old = known.tab()
    known(lambda: session.regenerate())
    return known, old


def test_the_data_stay(known):
    """Everything that was in the session is in it afterwards, under another token and name."""
    before = known.token, known.value(lambda: session.identifier)
    known(lambda: session.regenerate())

    assert known.value(lambda: dict(session)) == KNOWN
    assert known.token != before[0]
    assert known.value(lambda: session.identifier) != before[1]


def test_the_new_name_is_known_at_once(known):
    """Right after `regenerate` the identifier is the one it will have."""
    name = known.value(lambda: (session.regenerate(), session.identifier)[1])

    assert known.value(lambda: session.identifier) == name


def test_changes_of_the_same_request_go_along(known, store):
    """What is changed in that request is stored under the new token, in one step."""

    def page():
        session["user"] = 7
        session.regenerate()
        session["cart"].append("milk")
        del session["name"]

    known(page)

    assert store.new_calls() == ["load", "apply"]
    assert known.value(lambda: dict(session)) == {
        "cart": ["tea", "milk"],
        "visits": 3,
        "user": 7,
    }


def test_messages_and_lifetime_go_along(clock, known):
    """Messages, permanence and a lifetime of its own move with the session."""

    def page():
        session.permanent = True
        session.set_lifetime(timedelta(hours=2))
        session.flash("note", "hi")

    known(page)
    before = known.value(lambda: session.created_at, method="HEAD")
    known(lambda: session.regenerate(), method="HEAD")

    assert known.value(lambda: session.get("note")) == "hi"
    assert known.value(lambda: (session.permanent, session.created_at)) == (True, before)
    assert known.value(lambda: session.expires_at - session.last_seen_at) == timedelta(hours=2)


def test_the_old_token_is_dead_at_once(moved):
    """The old token opens nothing from the next request on."""
    _, old = moved

    assert old.value(lambda: (session.exists, dict(session))) == (False, {})


def test_a_late_request_writes_nothing(moved, store):
    """A request that comes late with the old token is anonymous, and what it puts in is dropped."""
    current, old = moved
    store.new_calls()

    answer = old(lambda: session.update(name="Eve", more=1))

    assert answer.status == 200
    assert store.new_calls() == ["load"]
    assert current.value(lambda: dict(session)) == KNOWN


@pytest.mark.parametrize(
    "ends",
    [
        lambda: session.clear(),
        lambda: session.destroy(),
        lambda: (session.destroy(), session.flash("note", "bye")),
        lambda: (session.clear(), flash("bye")),
    ],
)
def test_a_late_sign_out_signs_out(moved, ends):
    """Who signs out with the token from before a rotation is signed out all the same."""
    current, old = moved

    token = current.token

    assert old(ends).cookie.value != token
    assert current.value(lambda: dict(session)) == {}


@pytest.mark.parametrize(
    "do",
    [
        lambda: session.get("name"),
        lambda: session.update(name="Eve"),
        lambda: (session.destroy(), session.update(a=1)),
        lambda: session.regenerate(),
        lambda: session.renew(),
        lambda: setattr(session, "permanent", True),
        lambda: setattr(session, "modified", True),
        lambda: session.increment("visits"),
        lambda: session.flash("note", 1),
        lambda: (session.update(a=1), session.save()),
    ],
)
def test_a_late_request_leaves_the_cookie_alone(moved, do):
    """Deleting the cookie or giving it a new token would both lose the session that goes on."""
    current, old = moved

    assert old(do).cookies == []
    assert current.value(lambda: session["name"]) == "Ada"


def test_a_late_request_is_told_apart(moved):
    """It is rejected as "moved", not as unknown."""
    _, old = moved
    reasons = []

    def note(sender, reason, **rest):
        reasons.append(reason)

    with session_rejected.connected_to(note):
        old(lambda: session.get("name"))

    assert reasons == ["moved"]


def test_after_a_while_the_old_token_is_like_any_other(clock, moved):
    """A minute later nothing is kept of the old token: who comes with it begins anew."""
    current, old = moved
    clock.advance(timedelta(minutes=1))

    answer = old(lambda: session.update(name="Eve"))

    assert answer.cookie.value not in (current.token, None)
    assert current.value(lambda: session["name"]) == "Ada"


def test_a_failed_view_does_not_move_it_halfway(known):
    """If the view fails after `regenerate`, browser and store agree on the token all the same."""
    known.site.app.testing = False

    def page():
        session.regenerate()
        raise RuntimeError

    assert known(page).status == 500
    assert known.value(lambda: session["name"]) == "Ada"


def test_again_and_again(known):
    """After twenty rotations it is still the same session, and all twenty old tokens are dead."""
    tokens = []
    for _ in range(20):
        tokens.append(known.token)
        known(lambda: session.regenerate())

    assert known.value(lambda: dict(session)) == KNOWN
    assert len(set(tokens)) == 20
    for token in tokens:
        assert known.site.visitor(token).value(lambda: dict(session)) == {}


def test_twice_in_one_request(known):
    """Called twice, with or without a `save` in between, it leaves one session."""

    def page():
        session.regenerate()
        session.regenerate()
        session.save()
        session.regenerate()

    old = known.tab()
    assert len(known(page).cookies) == 1

    assert known.value(lambda: dict(session)) == KNOWN
    assert old.value(lambda: dict(session)) == {}


def test_of_a_new_session(visitor, store):
    """An empty new session is not stored by it; one with data simply gets its first token."""
    assert visitor(lambda: session.regenerate()).cookies == []
    assert store.new_calls() == []

    visitor(lambda: (session.update(a=1), session.regenerate()))

    assert store.new_calls() == ["create"]
    assert visitor.value(lambda: dict(session)) == {"a": 1}


def test_it_extends_no_lifetime(make_site, clock, store):
    """Rotating does not lengthen the absolute lifetime."""
    visitor = make_site(store, SESSION_ABSOLUTE_LIFETIME=3600).visitor()
    visitor(lambda: session.update(a=1))
    for _ in range(5):
        clock.advance(timedelta(minutes=10))
        visitor(lambda: session.regenerate())
    assert visitor.value(lambda: session.exists) is True
    clock.advance(timedelta(minutes=10))

    assert visitor.value(lambda: session.exists) is False


def test_of_two_rotations_at_once_one_wins(known, store):
    """If two requests rotate the same session, one moves it and the other comes too late."""
    other = known.tab()
    store.before["apply"] = lambda: other(lambda: session.regenerate())

    answer = known(lambda: session.regenerate())

    assert answer.cookies == []
    assert other.value(lambda: dict(session)) == KNOWN


def test_what_others_write_meanwhile_moves_along(known, store):
    """What a parallel request has stored before the rotation is not lost by it."""
    other = known.tab()
    store.before["apply"] = lambda: other(lambda: session.update(more=1))

    known(lambda: session.regenerate())

    assert known.value(lambda: dict(session)) == {**KNOWN, "more": 1}
