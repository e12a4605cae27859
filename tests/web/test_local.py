"""`local_session`: for this request only, and never stored."""

from __future__ import annotations

import pytest
from flask import current_app, session

from flask_sessionplus import local_session


def test_the_same_words(visitor):
    """It takes the words of the browser's session, and those of a mapping."""

    def page():
        local_session.set("a", 1)
        local_session["b"] = [1]
        local_session.append("b", 2)
        local_session.update(c=3)
        assert local_session.increment("a") == 2
        assert local_session.has("a")
        assert not local_session.has("d")
        assert local_session.pull("c") == 3
        assert local_session.get("d", 5) == 5
        assert local_session.get("a", type=str) == "2"
        assert local_session.setdefault("a", 9) == 2
        assert local_session.setdefault("e", 9) == 9
        local_session.remove("e")
        local_session.remove("e")
        return local_session.all()

    assert visitor.value(page) == {"a": 2, "b": [1, 2]}


def test_the_next_request_finds_nothing(visitor, store):
    """It is never stored, makes no session and sets no cookie."""
    answer = visitor(lambda: local_session.set("a", 1))

    assert answer.cookie is None
    assert "Vary" not in answer.headers
    assert store.new_calls() == []
    assert visitor.value(lambda: "a" in local_session) is False


def test_any_object(visitor):
    """As it is never stored, anything may be in it."""
    thing = object()
    visitor(lambda: local_session.set("a", thing))

    def page():
        local_session["a"] = thing
        return local_session["a"]

    assert visitor.value(page) is thing


def test_it_is_the_sessions_own(visitor):
    """`session.local` is the same thing."""

    def page():
        session.local["a"] = 1
        return local_session["a"], session.local is session.local

    assert visitor.value(page) == (1, True)


def test_nested_app_contexts_share_it(visitor):
    """A function that pushes an app context of its own sees what the view has put in."""

    def page():
        local_session["a"] = 1
        with current_app.app_context():
            local_session["b"] = local_session["a"] + 1
        return local_session["b"]

    assert visitor.value(page) == 2


def test_outside_of_a_request(app):
    """There is none, and Flask says so."""
    with app.app_context(), pytest.raises(RuntimeError, match="outside of request context"):
        local_session.get("a")


def test_an_app_without_our_sessions(app):
    """It is told what is missing."""
    with app.test_request_context(), pytest.raises(RuntimeError, match="Call SessionPlus"):
        local_session.get("a")


@pytest.mark.parametrize("key", [1, None, "\x00a", "\x04a"])
def test_keys(visitor, key):
    """Its keys are those that a session may have, so that one can take the other's place."""
    with pytest.raises((TypeError, ValueError)):
        visitor(lambda: local_session.set(key, 1))


def test_no_values_in_its_repr(visitor):
    """A debugger shows the keys, and none of the values."""
    visitor_repr = visitor.value(lambda: (local_session.set("a", "secret"), repr(session.local))[1])

    assert visitor_repr == "<LocalSession: a>"
