"""`flask.flash` and `get_flashed_messages` work on, also for code that touches `_flashes`."""

from __future__ import annotations

import pytest
from flask import flash, get_flashed_messages, render_template_string, session
from markupsafe import Markup

from tests.web.visiting import KNOWN


def read():
    """Read the messages as templates do."""
    return get_flashed_messages(with_categories=True)


def test_a_message_is_read_once(visitor):
    """A message waits for `get_flashed_messages`, and goes with it."""
    visitor(lambda: flash("hi"))

    assert visitor.value(read) == [("message", "hi")]
    assert visitor.value(read) == []


def test_messages_keep_their_order_and_categories(visitor):
    """Messages come in the order in which they were flashed, each with its category."""

    def page():
        for number in range(20):
            flash(f"m{number}", "even" if number % 2 == 0 else "odd")

    visitor(page)
    visitor(lambda: flash("last"))

    def reading():
        return get_flashed_messages(category_filter=["odd"]), read()

    odd, everything = visitor.value(reading)
    assert odd == [f"m{number}" for number in range(1, 20, 2)]
    assert [text for _, text in everything] == [f"m{number}" for number in range(20)] + ["last"]


def test_tuples_stay_tuples(visitor):
    """Each entry is a tuple, as `flask.flash` made it."""
    visitor(lambda: flash("hi", "info"))

    [entry] = visitor.value(read)

    assert type(entry) is tuple
    assert visitor.value(lambda: type(session.get("_flashes"))) is type(None)


@pytest.mark.parametrize("message", [Markup("<b>hi</b>"), {"a": (1,)}, ["x"], 5, None])
def test_a_message_may_be_anything(visitor, message):
    """What is flashed keeps its type: Markup stays Markup."""
    visitor(lambda: flash(message))

    [(_, found)] = visitor.value(read)

    assert found == message
    assert type(found) is type(message)


def test_the_same_message_twice(visitor):
    """Two equal messages are two messages."""
    visitor(lambda: (flash("hi"), flash("hi")))
    visitor(lambda: flash("hi"))

    assert visitor.value(read) == [("message", "hi")] * 3


def test_in_the_same_request(visitor):
    """What is flashed before a page is rendered shows on that page, and not again."""

    def page():
        flash("hi")
        return read()

    assert visitor.value(page) == [("message", "hi")]
    assert visitor.value(read) == []


def test_old_and_new_in_one_request(visitor):
    """What came in and what this request flashed before reading shows together."""
    visitor(lambda: flash("old"))

    def page():
        flash("new")
        return read()

    assert [text for _, text in visitor.value(page)] == ["old", "new"]
    assert visitor.value(read) == []


def test_after_reading(visitor):
    """What is flashed after the messages were read waits for the next request."""
    visitor(lambda: flash("old"))

    def page():
        found = read()
        flash("new")
        return found, read()

    assert visitor.value(page) == ([("message", "old")],) * 2
    assert visitor.value(read) == [("message", "new")]


def test_in_a_template(visitor):
    """The usual lines of a layout work."""
    page = """{% with messages = get_flashed_messages(with_categories=true) %}
        {%- for category, message in messages %}<p class="{{ category }}">{{ message }}</p>
        {%- endfor %}{% endwith %}"""
    visitor(lambda: (flash(Markup("<i>hi</i>"), "info"), flash("<script>")))

    html = visitor.value(lambda: render_template_string(page))

    assert html == '<p class="info"><i>hi</i></p><p class="message">&lt;script&gt;</p>'


def test_the_list_is_there(visitor):
    """Code that looks into `_flashes` finds Flask's list of tuples."""
    visitor(lambda: (flash("a"), flash("b", "info")))

    def page():
        return session["_flashes"], "_flashes" in session, session.get("_flashes"), dict(session)

    both = [("message", "a"), ("info", "b")]
    assert visitor.value(page) == (both, True, both, {"_flashes": both})
    assert visitor.value(read) == both


TOUCHES = {
    "append": (lambda: session["_flashes"].append(("x", "c")), "abc"),
    "insert": (lambda: session["_flashes"].insert(2, ("x", "c")), "abc"),
    "remove": (lambda: session["_flashes"].pop(0), "b"),
    "clear": (lambda: session["_flashes"].clear(), ""),
    "replace": (lambda: session.__setitem__("_flashes", [("x", "c")]), "c"),
    "empty": (lambda: session.__setitem__("_flashes", []), ""),
    "extend": (
        lambda: session.__setitem__("_flashes", [*session["_flashes"], ("x", "c")]),
        "abc",
    ),
    "update": (lambda: session.update(_flashes=[("x", "c")]), "c"),
    "edit": (lambda: session["_flashes"].__setitem__(1, ("x", "c")), "ac"),
    "del": (lambda: session.__delitem__("_flashes"), ""),
    "pop": (lambda: (session.pop("_flashes"), None)[1], ""),
    "pull": (lambda: (session.pull("_flashes"), None)[1], ""),
    "remove key": (lambda: session.remove("_flashes"), ""),
    "setdefault": (lambda: session.setdefault("_flashes", []).append(("x", "c")), "abc"),
    "session.append": (lambda: session.append("_flashes", ("x", "c")), "abc"),
    "atomic": (lambda: (session.atomic("_flashes", lambda old: [*old, ("x", "c")]), 0)[1], "abc"),
    "pop and set": (
        lambda: session.__setitem__("_flashes", [*session.pop("_flashes"), ("x", "c")]),
        "abc",
    ),
}


@pytest.mark.parametrize(("touch", "expected"), TOUCHES.values(), ids=TOUCHES)
def test_who_changes_the_list_changes_the_messages(known, touch, expected):
    """Whatever code does to `_flashes` itself is what the next request finds."""
    known(lambda: (flash("a"), flash("b")))
    known(touch)

    assert "".join(text for _, text in known.value(read)) == expected
    assert known.value(lambda: dict(session)) == KNOWN


BEGINS = {
    "set": lambda: session.__setitem__("_flashes", [("x", "c")]),
    "setdefault": lambda: session.setdefault("_flashes", []).append(("x", "c")),
    "append": lambda: session.append("_flashes", ("x", "c")),
    "atomic": lambda: (session.atomic("_flashes", lambda old: [*old, ("x", "c")], []), None)[1],
    "get and set": lambda: session.__setitem__(
        "_flashes", [*session.get("_flashes", []), ("x", "c")]
    ),
}


@pytest.mark.parametrize("begin", BEGINS.values(), ids=BEGINS)
def test_who_begins_the_list_begins_messages(known, begin):
    """A list that code puts under `_flashes` is messages as if they had been flashed."""
    known(begin)

    assert known.value(read) == [("x", "c")]
    assert known.value(read) == []
    assert known.value(lambda: dict(session)) == KNOWN


@pytest.mark.parametrize("begin", [BEGINS["setdefault"], BEGINS["append"], BEGINS["atomic"]])
def test_who_begins_the_list_meets_others(known, store, begin):
    """Such a list loses none of the messages that are flashed at the same time."""
    other = known.tab()

    def page():
        session.get("name")
        other(lambda: flash("other"))
        begin()

    known(page)

    assert sorted(text for _, text in known.value(read)) == ["c", "other"]


def test_a_message_alone_holds_a_session(visitor):
    """A visitor without any data is shown messages too, and the session ends with them."""
    visitor(lambda: flash("hi"))
    assert visitor.token is not None

    answer = visitor(read)

    assert answer.value == [("message", "hi")]
    assert answer.cookie.is_deletion


def test_reading_nothing_writes_nothing(known, store):
    """A layout that asks for messages on each page costs no write where there are none."""
    assert known.value(read) == []
    assert store.new_calls() == ["load"]


def test_both_kinds_are_apart(known):
    """`flask.flash` and `session.flash` do not meet, not even under the same name."""

    def page():
        flash("hello")
        session.flash("_flashes", "mine")
        session.flash("message", "hi")

    known(page)

    assert known.value(lambda: (session.get("message"), session.get_flash("_flashes"), read())) == (
        "hi",
        "mine",
        [("message", "hello")],
    )
