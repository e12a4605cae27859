"""Messages for the next request: shown once, read or not."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

import pytest
from flask import redirect, session
from markupsafe import Markup

from tests.web.visiting import KNOWN


def say(key="note", value="hi"):
    """Return a view that flashes a message."""
    return lambda: session.flash(key, value)


def read(key="note"):
    """Read a message."""
    return session.get(key)


def test_a_message_is_there_for_the_next_request(visitor):
    """A message shows in the request after the one that flashed it, and in no other."""

    def page():
        session.flash("note", "hi")
        return session.get("note"), session.has("note"), session.all()

    assert visitor.value(page) == (None, False, {})
    assert visitor.value(read) == "hi"
    assert visitor.value(read) is None


def test_a_message_is_gone_though_nobody_read_it(known):
    """A page that used the session had its chance: the message goes, read or not."""
    known(say())
    known(lambda: session["name"])

    assert known.value(read) is None


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (lambda: session.get("note"), "hi"),
        (lambda: session.get("note", 5), "hi"),
        (lambda: session.get("note", type=list), ["h", "i"]),
        (lambda: session.get_flash("note"), "hi"),
        (lambda: session.get_flash("note", 5), "hi"),
        (lambda: session.has("note"), True),
        (lambda: session.all()["note"], "hi"),
        (lambda: session().get("note"), "hi"),
    ],
)
def test_where_a_message_shows(known, look, expected):
    """`get`, `has` and `all` show the messages of this request."""
    known(say())

    assert known.value(look) == expected


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (lambda: "note" in session, False),
        (lambda: list(session), list(KNOWN)),
        (lambda: dict(session), KNOWN),
        (lambda: session.copy(), KNOWN),
        (lambda: len(session), 3),
        (lambda: list(session.keys()), list(KNOWN)),
        (lambda: session.pop("note", 5), 5),
        (lambda: session.pull("note"), None),
        (lambda: session.setdefault("note", 5), 5),
    ],
)
def test_where_a_message_does_not_show(known, look, expected):
    """The mapping itself holds no messages: extensions that walk over it see none."""
    known(say())

    assert known.value(look) == expected


def test_a_message_is_no_key(known):
    """`[]` does not find a message."""
    known(say())

    def page():
        with pytest.raises(KeyError):
            session["note"]
        with pytest.raises(KeyError):
            del session["note"]

    known.value(page)


def test_messages_alone_make_no_session_true(visitor):
    """A session that holds only a message is empty."""
    visitor(say())

    assert visitor.value(lambda: (bool(session), len(session), session.exists)) == (False, 0, True)


def test_a_message_may_be_read_again(known):
    """Within its request a message may be read as often as one likes, in every way."""
    known(say())

    def page():
        return (
            session.get("note"),
            session.get("note"),
            session.get_flash("note"),
            session.has("note"),
            session.all()["note"],
        )

    assert known.value(page) == ("hi", "hi", "hi", True, "hi")


def test_a_message_that_is_changed_is_not_kept(known):
    """What a page does to a message that it has read is not stored."""
    known(say(value=["a"]))

    def page():
        session.get("note").append("b")
        return session.get("note")

    assert known.value(page) == ["a", "b"]
    assert known.value(read) is None


def test_a_key_hides_a_message(known):
    """Where a key has the name of a message, `get`, `has` and `all` show the key."""
    known(say("name", "a message"))

    def page():
        return session.get("name"), session.all()["name"], session.get_flash("name")

    assert known.value(page) == ("Ada", "Ada", "a message")


def test_a_message_leaves_the_key_alone(known):
    """To flash under the name of a key changes nothing about that key."""
    known(say("name", "a message"))
    known(lambda: session.get_flash("name"))

    assert known.value(lambda: dict(session)) == KNOWN


@pytest.mark.parametrize(
    "value",
    [
        None,
        False,
        0,
        "",
        ("danger", "no"),
        Markup("<b>hi</b>"),
        {"a": {1, 2}},
        Decimal("1.10"),
        datetime(2026, 1, 1, tzinfo=timezone.utc),
        b"\x00",
    ],
    ids=repr,
)
def test_a_message_keeps_its_type(visitor, value):
    """Messages are values like any other: what is put in comes out."""
    visitor(say(value=value))

    found = visitor.value(lambda: (session.has("note"), session.get_flash("note", "default")))

    assert found == (True, value)
    assert type(found[1]) is type(value)


@pytest.mark.parametrize("key", ["", "a b", "ключ", "a\x00b", "a\x01", "\x1f"])
def test_a_message_may_have_any_name(visitor, key):
    """What is a possible key is a possible name of a message."""
    visitor(say(key, 1))

    assert visitor.value(lambda: session.all()) == {key: 1}


def test_the_last_of_a_request_counts(visitor):
    """Who flashes twice under one key in one request means the second."""

    def page():
        session.flash("note", "first")
        session.flash("note", "second")

    visitor(page)

    assert visitor.value(read) == "second"
    assert visitor.value(read) is None


def test_a_new_message_under_a_key_that_is_shown(visitor):
    """Who reads a message and flashes another under its key shows one now and one next time."""

    def page():
        before = session.get("note")
        session.flash("note", "second")
        return before, session.get("note")

    visitor(say(value="first"))

    assert visitor.value(page) == ("first", "first")
    assert visitor.value(read) == "second"
    assert visitor.value(read) is None


def test_several_messages(visitor):
    """Messages under different keys come together."""

    def page():
        for number in range(20):
            session.flash(f"note{number}", number)

    visitor(page)

    assert visitor.value(lambda: session.all()) == {f"note{n}": n for n in range(20)}


def test_reset_of_messages(known):
    """`reset(flash_only=True)` takes away what came in, what was read and what was flashed."""
    known(say("a"))

    def page():
        session.get("a")
        session.flash("b", 1)
        session.now("c", 1)
        session.reset(flash_only=True)
        return session.all()

    assert known.value(page) == KNOWN
    assert known.value(lambda: session.all()) == KNOWN


def test_messages_end_with_the_session(known):
    """What was flashed before the session ended is not shown afterwards."""

    def page():
        session.flash("a", 1)
        session.destroy()
        session.flash("b", 2)

    known(page)

    assert known.value(lambda: session.all()) == {"b": 2}


def test_a_message_survives_a_rotation(known):
    """What was flashed before a sign-in is shown after it, under the new token."""
    known(lambda: (session.flash("note", "welcome"), session.regenerate()))

    assert known.value(read) == "welcome"


def test_a_message_waits_as_long_as_the_session(known, clock):
    """A message that nobody has come for waits until the session ends."""
    known(say())
    clock.advance(86_400 * 30)

    assert known.value(read) == "hi"


def test_messages_under_one_key_come_one_after_the_other(known):
    """What two requests flashed under one key before a page came is shown in their order."""
    for value in ("first", "second"):
        known(lambda value=value: (session.flash("note", value), redirect("/"))[1])

    assert [known.value(read) for _ in range(3)] == ["first", "second", None]
