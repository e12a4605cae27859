"""`keep` and `reflash`: once more. `now`: at once and only once."""

from __future__ import annotations

import pytest
from flask import Response, session


def say(key="note", value="hi"):
    """Return a view that flashes a message."""
    return lambda: session.flash(key, value)


def read(key="note"):
    """Read a message."""
    return session.get(key)


def test_keep(known):
    """`keep` keeps the messages that it names for one more request, the others go."""

    def page():
        session.flash("a", 1)
        session.flash("b", 2)

    known(page)
    known(lambda: session.keep("a"))

    assert known.value(lambda: (session.get("a"), session.get("b"))) == (1, None)
    assert known.value(lambda: session.get("a")) is None


@pytest.mark.parametrize("keep", [lambda: session.keep(), lambda: session.reflash()])
def test_keep_all(known, keep):
    """`reflash`, or `keep` without a name, keeps all messages for one more request."""

    def page():
        session.flash("a", 1)
        session.flash("b", 2)

    known(page)
    known(keep)

    assert known.value(lambda: (session.get("a"), session.get("b"))) == (1, 2)
    assert known.value(lambda: (session.get("a"), session.get("b"))) == (None, None)


@pytest.mark.parametrize("order", ["read first", "keep first"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [200, 302, 304, 404, 500])
def test_a_message_that_was_read_can_be_kept(known, order, method, status):
    """Read and kept, in either order and whatever the answer, it shows once more and then not."""
    known(say())

    def page():
        if order == "keep first":
            session.keep("note")
        assert session.get("note") == "hi"
        if order == "read first":
            session.keep("note")
        return Response(status=status)

    known(page, method=method)

    assert [known.value(read) for _ in range(3)] == ["hi", None, None]


def test_keep_what_is_not_there(visitor, store):
    """To keep messages where there are none does nothing."""
    assert visitor(lambda: session.keep("note")).cookies == []
    assert visitor(lambda: session.reflash()).cookies == []
    assert store.new_calls() == []


def test_a_new_message_is_not_kept_twice(known):
    """`keep` is about messages that came in; what this request flashes comes once anyway."""

    def page():
        session.flash("note", "hi")
        session.keep("note")
        session.reflash()

    known(page)

    assert [known.value(read) for _ in range(3)] == ["hi", None, None]


def test_now(known):
    """`now` shows a message in this request and in no other."""

    def page():
        session.now("note", "hi")
        return session.get("note"), session.has("note"), session.all()["note"]

    assert known.value(page) == ("hi", True, "hi")
    assert known.value(read) is None


def test_now_is_not_stored(visitor, store):
    """A message of this request only costs no write."""
    answer = visitor(lambda: session.now("note", "hi"))

    assert answer.cookies == []
    assert store.new_calls() == []


def test_now_goes_before_what_came_in(known):
    """Where a message came in under the same key, the one of this request is shown."""
    known(say(value="old"))

    def page():
        session.now("note", "new")
        return session.get("note"), session.all()["note"]

    assert known.value(page) == ("new", "new")
    assert known.value(read) is None


@pytest.mark.parametrize("status", [200, 304])
@pytest.mark.parametrize("order", [["read", "keep"], ["keep", "read"], ["read"], ["keep"]], ids=str)
def test_what_was_reset_does_not_come_back(known, order, status):
    """A message that was read or kept, and then reset, is gone, whatever the answer."""
    known(say())

    def page():
        for act in order:
            read() if act == "read" else session.keep("note")
        session.reset(flash_only=True)
        return Response(status=status)

    known(page)

    assert known.value(read) is None
