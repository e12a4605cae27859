"""What a session knows of itself."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from hashlib import sha256

import pytest
from flask import session


def test_the_identifier_is_public(known):
    """`identifier` is neither the token nor the sid, and nobody gets in with it."""
    name = known.value(lambda: session.identifier)

    assert re.fullmatch(r"[\w-]{22}", name)
    assert name not in known.token
    assert known.token not in name
    assert known.site.visitor(name).value(lambda: session.exists) is False


def test_the_identifier_stays(known):
    """Each request finds the same identifier, from any tab."""
    names = {known.value(lambda: session.identifier) for _ in range(3)}
    names.add(known.tab().value(lambda: session.identifier))

    assert len(names) == 1


def test_the_identifier_is_known_before_the_session_is_stored(visitor):
    """A new session has the identifier already that it will have once it is stored."""

    def page():
        before = session.identifier
        session["a"] = 1
        return before

    first = visitor.value(page)

    assert visitor.value(lambda: session.identifier) == first


def test_to_ask_for_the_identifier_stores_nothing(visitor, store):
    """Who only looks at the identifier of an empty session gets neither record nor cookie."""
    answer = visitor(lambda: session.identifier)

    assert answer.cookies == []
    assert store.new_calls() == []


def test_sid_is_the_same_and_read_only(known):
    """`sid`, under which others look for it, is the identifier; neither can be set."""

    def page():
        for name in ("sid", "identifier"):
            with pytest.raises(AttributeError):
                setattr(session, name, "mine")
        return session.sid == session.identifier

    assert known.value(page) is True


def test_visitors_have_names_of_their_own(site):
    """No two sessions have the same identifier or the same token."""
    visitors = [site.visitor() for _ in range(20)]
    names = {one.value(lambda: (session.update(a=1), session.identifier)[1]) for one in visitors}

    assert len(names) == 20
    assert len({one.token for one in visitors}) == 20


def test_new_and_exists(visitor):
    """A session is new until it is stored, and exists from then on."""

    def page():
        return session.new, session.exists

    assert visitor.value(page) == (True, False)
    assert visitor.value(lambda: (session.update(a=1), page())[1]) == (True, False)
    assert visitor.value(page) == (False, True)


def test_a_session_exists_once_it_is_saved(visitor):
    """After an early `save` it exists in the same request."""

    def page():
        session["a"] = 1
        session.save()
        return session.new, session.exists

    assert visitor.value(page) == (False, True)


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda: session.get("name"), False),
        (lambda: session["cart"], False),
        (lambda: session.update(name="Ada"), False),
        (lambda: session.pop("nothing", None), False),
        (lambda: session.update(name="Eve"), True),
        (lambda: session["cart"].append("milk"), True),
        (lambda: session.pop("name"), True),
        (lambda: session.flash("note", 1), True),
        (lambda: session.clear(), True),
        (lambda: session.destroy(), True),
        (lambda: session.regenerate(), True),
    ],
)
def test_modified_tells_whether_something_changed(known, act, expected):
    """`modified` is found out, from what differs from the store."""

    def page():
        before = session.modified
        act()
        return before, session.modified

    assert known.value(page) == (False, expected)


def test_modified_may_be_set(known, store):
    """Extensions that set `modified` have it saved and the cookie sent again, as in Flask."""

    def page():
        session.modified = True
        return session.modified

    answer = known(page)

    assert answer.value is True
    assert answer.cookie.value == known.token
    assert store.new_calls() == ["load", "apply"]


def test_modified_alone_makes_no_session(visitor, store):
    """To set `modified` on an empty new session leaves nothing behind."""

    def page():
        session.modified = True

    assert visitor(page).cookies == []
    assert store.new_calls() == []


def test_to_ask_for_modified_does_not_modify(known, store):
    """`modified` is a question, not a change."""
    known(lambda: session.modified)

    assert "apply" not in store.new_calls()


def test_accessed(visitor):
    """`accessed` is False until the session is used."""

    def page():
        mine = flask_session()
        before = mine.accessed
        mine.get("a")
        return before, mine.accessed

    assert visitor.value(page) == (False, True)


def test_permanent(visitor):
    """`permanent` is remembered with the session, and no key."""

    def page():
        session["a"] = 1
        session.permanent = True

    visitor(page)

    assert visitor.value(lambda: (session.permanent, dict(session))) == (True, {"a": 1})


def test_a_session_is_not_permanent_by_itself(known):
    """As in Flask a session ends with the browser, unless it is told otherwise."""
    assert known.value(lambda: session.permanent) is False


def test_times(visitor, clock):
    """It knows, in UTC, when it was made, used last, and will end."""
    made = datetime.fromtimestamp(clock.now() / 1000, timezone.utc)
    visitor(lambda: session.update(a=1))
    clock.advance(timedelta(hours=0.5))
    visitor(lambda: session.get("a"))
    clock.advance(timedelta(seconds=30))

    created, seen, ends = visitor.value(
        lambda: (session.created_at, session.last_seen_at, session.expires_at)
    )

    assert created == made
    assert seen == made + timedelta(hours=0.5)
    assert ends == seen + timedelta(days=31)
    assert {created.tzinfo, seen.tzinfo, ends.tzinfo} == {timezone.utc}


def times():
    """Return the three times that a session knows."""
    return session.created_at, session.last_seen_at, session.expires_at


def test_a_new_session_has_no_times(visitor):
    """A session that is not stored has no times yet."""
    assert visitor.value(times) == (None, None, None)


@pytest.mark.parametrize("end", ["destroy", "clear"])
def test_an_ended_session_has_no_times(known, end):
    """What follows the end of a session is a new one, which has no times yet."""

    def page():
        getattr(session, end)()
        return times()

    assert known.value(page) == (None, None, None)


def test_nothing_of_it_is_the_secret(known, embedded):
    """Neither the token nor its sid is among what a page can show of a session."""

    def page():
        names = [name for name in dir(session) if not name.startswith("_")]
        return {name: getattr(session, name) for name in names if name != "update"}

    shown = repr(known.value(page))

    assert known.token not in shown
    assert sha256(known.token.encode()).hexdigest() not in shown


def flask_session():
    """Return the session of this request as extensions get it, not through the proxy."""
    from flask.globals import request_ctx

    return request_ctx._session if hasattr(request_ctx, "_session") else request_ctx.session
