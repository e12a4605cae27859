"""A scope has messages of its own."""

from __future__ import annotations

from flask import session


def scope(name="shop"):
    """Return a scope of this request's session."""
    return session.scope(name)


def test_only_the_scope_shows_it(known):
    """Neither the session nor another scope sees it, nor may they drop it."""
    known(lambda: scope().flash("note", "hi"))

    assert known.value(lambda: (session.get("note"), session.all().get("note"))) == (None, None)
    assert known.value(lambda: scope("other").get_flash("note")) is None
    assert known.value(lambda: scope().get_flash("note")) == "hi"
    assert known.value(lambda: scope().get_flash("note")) is None


def test_it_waits_for_a_page_that_uses_the_scope(known):
    """Pages of other parts of the app do not use it up."""
    known(lambda: scope().flash("note", "hi"))
    for _ in range(3):
        known(lambda: session.get("name"))

    assert known.value(lambda: scope().has("note")) is True


def test_a_page_that_uses_the_scope_and_does_not_read_it_ends_it(known):
    """As with the session's messages: the next page has had its chance."""
    known(lambda: scope().flash("note", "hi"))
    known(lambda: scope().get("name"))

    assert known.value(lambda: scope().get_flash("note")) is None


def test_the_same_key_in_two_places(known):
    """The session's message and the scope's do not know each other."""
    known(lambda: (session.flash("note", 1), scope().flash("note", 2)))

    assert known.value(lambda: (session.get("note"), scope().get("note"))) == (1, 2)


def test_maps_keeping_and_now(known):
    """All words for messages work in a scope, on its own messages only."""
    known(lambda: (scope().flash_map("form", {"a": 1}), session.flash("note", "outside")))

    def page():
        session.keep("note")
        scope().keep()
        scope().now("once", 1)
        return dict(scope().get_flash_map("form")), scope().all()["once"]

    assert known.value(page) == ({"a": 1}, 1)
    assert known.value(lambda: dict(scope().get_flash_map("form"))) == {"a": 1}


def test_keeping_in_the_session_keeps_nothing_of_the_scope(known):
    """`session.reflash` is about the session's messages."""
    known(lambda: scope().flash("note", "hi"))
    known(lambda: (scope().get("name"), session.reflash()))

    assert known.value(lambda: scope().get_flash("note")) is None
