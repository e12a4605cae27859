"""The end of a session: record and cookie go, and what follows is another one."""

from __future__ import annotations

import pytest
from flask import session

from flask_sessionplus import StoreUnavailable
from tests.web.visiting import KNOWN

ENDS = {"destroy": lambda: session.destroy(), "clear": lambda: session.clear()}
each_end = pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)


@each_end
def test_record_and_cookie_go(known, store, end):
    """The record is removed, the cookie deleted, and the old token opens nothing."""
    old = known.tab()

    answer = known(end)

    assert store.new_calls() == ["load", "delete", "create"]  # a tombstone
    assert answer.cookie.is_deletion
    assert known.token is None
    assert old.value(lambda: (session.exists, dict(session))) == (False, {})


@each_end
def test_the_same_request_has_an_empty_session(known, end):
    """Right afterwards the session is empty and new, messages and permanence included."""

    def prepare():
        session.permanent = True
        session.flash("note", "hi")

    def page():
        session.get("note")
        end()
        return dict(session), session.all(), session.new, session.permanent, session.exists

    known(prepare)

    assert known.value(page) == ({}, {}, True, False, False)


@each_end
def test_what_follows_is_another_session(known, store, end):
    """Data put in afterwards belong to a new session: another token, the old one dead."""
    old = known.tab()
    name = known.value(lambda: session.identifier)
    store.new_calls()

    def page():
        end()
        session["theme"] = "dark"

    known(page)

    assert store.new_calls() == ["load", "apply"]
    assert known.token != old.token
    assert known.value(lambda: dict(session)) == {"theme": "dark"}
    assert known.value(lambda: session.identifier) != name
    assert old.value(lambda: dict(session)) == {}


def test_a_message_may_follow(known):
    """A last word, such as "You are signed out", can be flashed after `destroy`."""

    def page():
        session.destroy()
        session.flash("note", "bye")

    known(page)

    assert known.value(lambda: (session.get("note"), dict(session))) == ("bye", {})


def test_what_follows_begins_its_own_life(clock, known):
    """The new session's age, lifetime and permanence are its own."""

    def prepare():
        session.permanent = True
        session.set_lifetime(5)

    def page():
        session.destroy()
        session["a"] = 1

    known(prepare)
    clock.advance(2)
    known(page)

    created, permanent = known.value(lambda: (session.created_at, session.permanent))
    assert created.timestamp() == pytest.approx(clock.now() / 1000)
    assert permanent is False
    assert known.value(lambda: (session.expires_at - session.created_at).days) == 31


@each_end
def test_it_ends_for_every_tab(known, end):
    """A tab that is open elsewhere is signed out too."""
    others = [known.tab() for _ in range(3)]
    known(end)

    assert [other.value(lambda: session.exists) for other in others] == [False] * 3


@each_end
def test_ending_twice(known, end):
    """To end what has ended is no error."""

    def page():
        end()
        end()
        session.save()
        end()

    assert known(page).cookie.is_deletion
    assert known(end).status == 200


@each_end
def test_of_nobody(visitor, store, end):
    """Where there is no session to end nothing happens: no record, no cookie."""
    assert visitor(end).cookies == []
    assert store.new_calls() == []


def test_regenerate_after_destroy(known):
    """`destroy` and `regenerate` together leave one new session."""

    def page():
        session.destroy()
        session.regenerate()
        name = session.identifier
        session["a"] = 1
        return name

    name = known.value(page)

    assert known.value(lambda: (session.identifier, dict(session))) == (name, {"a": 1})


def test_destroy_after_regenerate(known, store):
    """A session that was rotated and ended in one request is ended."""
    old = known.tab()

    def page():
        session.regenerate()
        session.destroy()

    assert known(page).cookie.is_deletion
    assert old.value(lambda: dict(session)) == {}


def test_destroy_after_a_saved_regenerate(known):
    """Rotated, saved and ended in one request: neither the old nor the new token opens anything."""
    old = known.tab()

    def page():
        session.regenerate()
        session.save()
        session.destroy()

    assert known(page).cookie.is_deletion
    assert old.value(lambda: dict(session)) == {}


def test_the_cookie_stays_if_the_end_was_not_stored(known, store):
    """The cookie is deleted only after the record: if that fails it is a 503, and both stay."""
    store.faults["delete"] = StoreUnavailable
    answer = known(lambda: session.destroy())
    store.faults.clear()

    assert answer.status == 503
    assert answer.cookies == []
    assert known.value(lambda: dict(session)) == KNOWN


def test_who_signs_out_while_another_request_rotates_is_signed_out(known, store):
    """An end that meets a rotation ends the session under its new token."""
    other = known.tab()
    store.before["delete"] = lambda: other(lambda: session.regenerate())

    known(lambda: session.destroy())

    assert other.value(lambda: (session.exists, dict(session))) == (False, {})


def test_who_signs_out_with_a_message_while_another_rotates_is_signed_out(known, store):
    """That holds as well if something is put in after the end, such as "You are signed out"."""
    other = known.tab()
    store.before["apply"] = lambda: other(lambda: session.regenerate())

    def page():
        session.destroy()
        session.flash("note", "bye")

    known(page)

    assert other.value(lambda: (session.exists, dict(session))) == (False, {})


def test_what_others_write_meanwhile_ends_too(known, store):
    """A request that writes at the same time does not carry the session over its end."""
    other = known.tab()

    def page():
        session.destroy()
        session["theme"] = "dark"

    store.before["apply"] = lambda: other(lambda: session.update(name="Eve"))
    known(page)

    assert known.value(lambda: dict(session)) == {"theme": "dark"}
    assert other.value(lambda: dict(session)) == {}
