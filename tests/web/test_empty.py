"""Empty sessions: nothing is stored and nothing is sent for them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import session

from tests.web.visiting import KNOWN


@pytest.mark.parametrize(
    "do",
    [
        lambda: setattr(session, "permanent", True),
        lambda: setattr(session, "modified", True),
        lambda: session.set_lifetime(600),
        lambda: session.renew(),
        lambda: session.regenerate(),
        lambda: session.save(),
        lambda: session.now("note", 1),
        lambda: session.update(a=1) or session.pop("a"),
        lambda: session.flash("note", 1) or session.reset(),
        lambda: session.reset(),
        lambda: session.reset(flash_only=True),
        lambda: session.keep(),
        lambda: session.identifier,
        lambda: session.pop("a", None),
    ],
)
def test_without_content_there_is_no_session(visitor, store, do):
    """Bookkeeping alone, `permanent` included, makes neither a record nor a cookie."""
    answer = visitor(do)

    assert answer.cookies == []
    assert store.new_calls() == []


def test_bots_leave_nothing_behind(site, store):
    """A hundred visitors without cookies who only read make no record."""
    answers = [site.visitor()(lambda: (session.get("a"), len(session))) for _ in range(100)]

    assert store.new_calls() == []
    assert not any(answer.cookies for answer in answers)


@pytest.mark.parametrize(
    "empty",
    [
        lambda: [session.pop(key) for key in KNOWN],
        lambda: [session.remove(key) for key in KNOWN],
        lambda: [session.popitem() for _ in KNOWN],
        lambda: [session.__delitem__(key) for key in session],
    ],
)
def test_the_last_key_takes_the_session_with_it(known, store, empty):
    """Where the last key is removed the cookie goes, as in Flask, and the record soon after."""
    old = known.tab()

    answer = known(empty)

    assert answer.cookie.is_deletion
    left = old.value(lambda: (dict(session), session.expires_at - session.last_seen_at))
    assert left == ({}, timedelta(minutes=1))


def test_the_last_key_of_a_permanent_session(known):
    """Bookkeeping that is left does not hold a session that is empty."""
    known(lambda: setattr(session, "permanent", True))

    assert known(lambda: [session.pop(key) for key in KNOWN]).cookie.is_deletion
    assert known.value(lambda: (session.exists, session.permanent)) == (False, False)


def test_a_message_holds_the_session(known):
    """A session without keys, but with a message that waits, goes on."""

    def page():
        for key in session:
            del session[key]
        session.flash("note", "bye")

    token = known.token
    known(page)

    assert known.token == token
    assert known.value(lambda: session.get("note")) == "bye"


def test_a_message_that_was_the_last_content(visitor):
    """Where a message was all there was, reading it ends the session."""
    visitor(lambda: session.flash("note", "hi"))

    answer = visitor(lambda: session.get("note"))

    assert answer.value == "hi"
    assert answer.cookie.is_deletion


def test_a_key_that_came_meanwhile_holds_the_session(known, store):
    """If a parallel request has added a key, record and cookie stay."""
    other = known.tab()
    store.before["apply"] = lambda: other(lambda: session.update(more=1))

    answer = known(lambda: [session.pop(key) for key in KNOWN])

    assert answer.cookie is None or not answer.cookie.is_deletion
    assert known.value(lambda: dict(session)) == {"more": 1}


def test_a_message_that_came_meanwhile_holds_the_session(known, store):
    """So does a message that a parallel request has flashed."""
    other = known.tab()
    store.before["apply"] = lambda: other(lambda: session.flash("note", "hi"))

    known(lambda: [session.pop(key) for key in KNOWN])

    assert known.value(lambda: session.get("note")) == "hi"


def test_something_new_in_the_same_request(known):
    """A session that was emptied and filled again in one request is the same session."""
    token = known.token

    def page():
        for key in session:
            del session[key]
        session["theme"] = "dark"

    known(page)

    assert known.token == token
    assert known.value(lambda: dict(session)) == {"theme": "dark"}


LATE = {
    "set": lambda: session.update(more=1),
    "increment": lambda: session.increment("more"),
    "setdefault": lambda: session.setdefault("more", 1),
    "atomic": lambda: session.atomic("more", lambda old: 1),
}
each_late = pytest.mark.parametrize("write", LATE.values(), ids=LATE)


@each_late
def test_a_key_that_comes_right_afterwards_is_kept(clock, known, write):
    """What a request under way puts in after another has emptied the session is not lost."""
    other = known.tab()

    def page():
        session.get("name")
        other(lambda: [session.pop(key) for key in KNOWN])
        write()

    answer = known(page)

    assert answer.cookie.value == known.token
    clock.advance(3600)
    assert known.value(lambda: dict(session)) == {"more": 1}


@each_late
def test_a_key_that_comes_after_an_early_save_is_kept(clock, known, write):
    """Nor is what the same request puts in after it has emptied and saved the session."""

    def page():
        for key in session:
            del session[key]
        session.save()
        write()

    assert known(page).cookie.value == known.token
    known(lambda: session.get("more"))
    clock.advance(7200)
    assert known.value(lambda: dict(session)) == {"more": 1}


@each_late
def test_a_key_that_comes_after_the_last_message_is_kept(visitor, write):
    """That holds for a session that had nothing but a message."""
    visitor(lambda: session.flash("note", "hi"))

    def page():
        session.reset()
        session.save()
        write()

    visitor(page)

    assert visitor.value(lambda: dict(session)) == {"more": 1}


@pytest.mark.parametrize(
    "write",
    [
        lambda: session["cart"].append("milk"),
        lambda: session.update(more=1),
        lambda: session.renew(),
        lambda: session.regenerate(),
    ],
    ids=["nested", "another key", "renew", "regenerate"],
)
def test_what_was_removed_stays_removed(known, write):
    """A request under way does not bring back the keys that another one has removed."""
    other = known.tab()

    def page():
        session.get("name")
        other(lambda: [session.pop(key) for key in KNOWN])
        write()

    known(page)

    found = known.value(lambda: dict(session))
    assert found.keys().isdisjoint(KNOWN)


def test_an_empty_session_is_not_handed_on(clock, known):
    """The record of an emptied session does not live on by being read."""
    old = known.tab()
    known(lambda: [session.pop(key) for key in KNOWN])
    for _ in range(5):
        clock.advance(30)
        old(lambda: session.get("name"))

    assert old.value(lambda: session.exists) is False


def test_a_parallel_key_survives_the_last_message(visitor, store):
    """What another request puts in while this one takes the last content is kept, and reachable."""
    visitor(lambda: session.flash("note", "hi"))
    other = visitor.tab()

    def page():
        session.get("name")
        assert visitor.value(lambda: session.get_flash("note")) == "hi"
        session["cart"] = ["tea"]

    answer = other(page)

    assert answer.cookie is not None
    assert other.value(lambda: session["cart"]) == ["tea"]
