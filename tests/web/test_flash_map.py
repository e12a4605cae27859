"""Flash maps: a form that comes back filled in, with its errors."""

from __future__ import annotations

import pytest
from flask import redirect, request, session
from werkzeug.datastructures import ImmutableMultiDict, MultiDict


def test_a_map_comes_back_once(visitor):
    """A mapping is there for the next request, with the types of its values."""
    errors = {"name": "is missing", "age": ("min", 18), 3: [1]}
    visitor(lambda: session.flash_map("errors", errors))

    assert visitor.value(lambda: session.get_flash_map("errors")) == errors
    assert visitor.value(lambda: session.get_flash_map("errors")) == {}


def test_there_is_always_a_map(visitor):
    """Where no map was flashed `get_flash_map` gives an empty one, so that `.get` works."""
    visitor(lambda: session.flash("note", "no map"))

    assert visitor.value(lambda: session.get_flash_map("nothing")) == {}
    assert visitor.value(lambda: session.get_flash_map("note")) == {}


@pytest.mark.parametrize("value", [None, 1, "text", [("a", 1)], {"a"}])
def test_only_maps_are_maps(visitor, value):
    """Something else than a mapping is a TypeError where it is flashed."""

    def page():
        with pytest.raises(TypeError, match="mapping"):
            session.flash_map("errors", value)

    visitor.value(page)


def test_a_form_comes_back(visitor):
    """`request.form` comes back as what it is, with several values under one name."""
    visitor(
        lambda: (session.flash_map("old", request.form), redirect("/"))[1],
        method="POST",
        data=MultiDict([("name", "Ada"), ("tags", "a"), ("tags", "b"), ("note", "<b>")]),
    )

    found = visitor.value(lambda: session.get_flash_map("old"))

    assert isinstance(found, ImmutableMultiDict)
    assert found.getlist("tags") == ["a", "b"]
    assert (found["name"], found.get("nothing", "")) == ("Ada", "")


def test_a_map_is_a_message_like_others(visitor):
    """A map shows in `get`, `has` and `all` too, and may be kept."""
    visitor(lambda: session.flash_map("errors", {"a": 1}))

    def page():
        session.keep("errors")
        return session.get("errors"), session.has("errors"), session.all()

    assert visitor.value(page) == ({"a": 1}, True, {"errors": {"a": 1}})
    assert visitor.value(lambda: session.get_flash_map("errors")) == {"a": 1}


def test_maps_of_two_requests_are_shown_as_one(visitor):
    """Maps that two requests flashed under one key before a page came are merged."""
    for errors in ({"name": "old", "age": 1}, {"name": "new"}):
        visitor(lambda errors=errors: (session.flash_map("errors", errors), redirect("/"))[1])

    assert visitor.value(lambda: session.get_flash_map("errors")) == {"name": "new", "age": 1}
    assert visitor.value(lambda: session.get_flash_map("errors")) == {}


def test_forms_of_two_requests_are_shown_as_one(visitor):
    """Forms are merged too, and what comes out still knows several values under one name."""
    for form in (MultiDict({"a": 1}), MultiDict([("b", 2), ("b", 3)])):
        visitor(lambda form=form: (session.flash_map("old", form), redirect("/"))[1])

    found = visitor.value(lambda: session.get_flash_map("old"))

    assert (found["a"], found["b"]) == (1, 2)
    assert found.getlist("b") == [2, 3]


def test_a_map_and_a_word_under_one_key(visitor):
    """What cannot be merged is shown one after the other."""
    visitor(lambda: (session.flash("note", "word"), redirect("/"))[1])
    visitor(lambda: (session.flash_map("note", {"a": 1}), redirect("/"))[1])

    found = [visitor.value(lambda: session.get("note")) for _ in range(3)]

    assert found == ["word", {"a": 1}, None]


def test_an_empty_map(visitor):
    """An empty map is a message too: it tells that the form was sent."""
    visitor(lambda: session.flash_map("errors", {}))

    assert visitor.value(lambda: (session.has("errors"), session.get_flash("errors"))) == (True, {})
