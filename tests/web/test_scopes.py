"""`session.scope(name)`: an own version of the data, inherited until it is written."""

from __future__ import annotations

from functools import partial

import pytest
from flask import flash, get_flashed_messages, session

from flask_sessionplus import UnsupportedType
from tests.web.visiting import KNOWN, together


def scope(name="shop", **options):
    """Return a scope of this request's session."""
    return session.scope(name, **options)


def test_reads_fall_through(known):
    """What is not written in it is the session's."""
    assert known.value(lambda: dict(scope())) == KNOWN
    assert known.value(lambda: (scope()["name"], scope().get("visits"), scope().has("cart")))
    assert known.value(lambda: (len(scope()), "name" in scope())) == (3, True)


def test_without_inheriting_it_is_empty(known):
    """`inherit=False`: nothing falls through."""
    assert known.value(lambda: dict(scope(inherit=False))) == {}
    assert known.value(lambda: "name" in scope(inherit=False)) is False
    with pytest.raises(KeyError):
        known(lambda: scope(inherit=False)["name"])


@pytest.mark.parametrize("inherit", [True, False])
def test_writes_stay_inside(known, inherit):
    """What is set is there in later requests, and the session knows nothing of it."""
    known(lambda: scope(inherit=inherit).set("name", "Grace"))

    assert known.value(lambda: scope(inherit=inherit)["name"]) == "Grace"
    assert known.value(lambda: dict(session)) == KNOWN
    assert known.value(lambda: dict(scope("other"))) == KNOWN


def test_removals_stay_inside(known):
    """What is removed is gone in the scope, still there outside, and may be set again."""
    known(lambda: scope().remove("name"))

    assert known.value(lambda: ("name" in scope(), scope().get("name", "none"))) == (False, "none")
    assert known.value(lambda: sorted(scope())) == ["cart", "visits"]
    assert known.value(lambda: session["name"]) == "Ada"

    known(lambda: scope().set("name", "Grace"))
    assert known.value(lambda: scope()["name"]) == "Grace"


def test_removing_what_was_set_only_here(known):
    """A key that the session does not have needs no mark."""
    known(lambda: scope().update(step=1))
    known(lambda: scope().pop("step"))

    assert known.value(lambda: dict(scope())) == KNOWN
    with pytest.raises(KeyError):
        known(lambda: scope().pop("step"))


def test_removing_what_was_set_here_and_outside(known):
    """The session's value does not shine through what was removed here."""
    known(lambda: scope().update(name="Grace"))
    known(lambda: scope().remove("name"))

    assert known.value(lambda: scope().get("name")) is None


@pytest.mark.parametrize("is_read_before", [False, True])
def test_a_change_inside_an_inherited_value_stays_inside(known, is_read_before):
    """A list that is inherited is a copy: appending changes the scope, not the session."""

    def page():
        if is_read_before:
            session["cart"]
        scope()["cart"].append("milk")

    known(page)
    assert known.value(lambda: session["cart"]) == ["tea"]
    assert known.value(lambda: scope()["cart"]) == ["tea", "milk"]


def test_a_change_inside_after_an_early_save(known):
    """Saving in the middle does not take what is inherited for what is stored."""

    def page():
        cart = scope()["cart"]
        session["other"] = 1
        session.save()
        cart.append("milk")

    known(page)
    assert known.value(lambda: scope()["cart"]) == ["tea", "milk"]


def test_a_change_inside_an_own_value(known):
    """What is changed inside a value of the scope is saved by itself."""
    known(lambda: scope().set("items", [1]))
    known(lambda: scope()["items"].append(2))

    assert known.value(lambda: scope()["items"]) == [1, 2]


def test_reading_writes_nothing(known, store):
    """A scope that is only read costs what reading the session costs."""
    known(lambda: (dict(scope()), scope()["cart"], scope().get("none")))

    assert store.new_calls() == ["load"]


def test_one_load_and_one_save(known, store):
    """A session and three of its scopes are one record."""

    def page():
        session["a"] = 1
        for name in ("x", "y", "z"):
            scope(name)["a"] = name

    known(page)
    assert store.new_calls() == ["load", "apply"]
    assert known.value(lambda: [scope(name)["a"] for name in "xyz"]) == ["x", "y", "z"]


def test_commit(known):
    """What was set and removed is done to the session, and the scope begins anew."""

    def page():
        scope().update(name="Grace", step=2)
        scope()["cart"].append("milk")
        scope().remove("visits")

    known(page)
    known(lambda: scope().commit_to_parent())

    expected = {"name": "Grace", "step": 2, "cart": ["tea", "milk"]}
    assert known.value(lambda: dict(session)) == expected
    known(lambda: session.set("name", "Ada"))
    assert known.value(lambda: scope()["name"]) == "Ada"


def test_discard(known):
    """What was written is dropped, in scopes within it too; the session shows through."""

    def page():
        scope().update(name="Grace", step=2)
        scope().remove("cart")
        scope().scope("address")["city"] = "Bath"

    known(page)
    known(lambda: scope().discard())

    assert known.value(lambda: dict(scope())) == KNOWN
    assert known.value(lambda: dict(scope().scope("address"))) == KNOWN


def test_scopes_within_scopes(known):
    """One inherits from the one around it, and commits to that."""

    def page():
        scope()["name"] = "Grace"
        inner = scope().scope("address")
        assert inner["name"] == "Grace"
        inner["city"] = "Bath"
        assert "city" not in scope()
        inner.commit_to_parent()

    known(page)
    assert known.value(lambda: (scope()["city"], "city" in session)) == ("Bath", False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "b"),
        ("a:b", "a"),
        ("a/b", "a"),
        ("1:a", "a"),
        ("a\x00", "a"),
        ("é", "e"),
        ("x" * 1024, "x"),
    ],
)
def test_names_are_no_paths(known, one, other):
    """Any text is a name, and no name reads what lies under another (F-39)."""
    known(lambda: scope(one, inherit=False).set("key", "one"))
    known(lambda: scope(other, inherit=False).scope("b").set("key", "within"))

    assert known.value(lambda: scope(one, inherit=False)["key"]) == "one"
    assert known.value(lambda: scope(other, inherit=False).get("key")) is None


@pytest.mark.parametrize("name", ["", "x" * 1025])
def test_names_that_are_refused(known, name):
    """A name has some length, and not too much."""
    with pytest.raises(ValueError, match="1 to 1,024 characters"):
        known(lambda: scope(name))


def test_the_session_shows_nothing_of_its_scopes(known):
    """Not by iteration, not by a guess of how they are stored: 0 reads across."""
    known(lambda: scope().set("secret", 1))

    def peek():
        raw = "\x044:shop\x00secret"
        assert raw not in session
        assert session.get(raw) is None
        assert session.pop(raw, None) is None
        for refused in (session.__getitem__, session.__delitem__, scope().__getitem__):
            with pytest.raises(KeyError):
                refused(raw)
        with pytest.raises(ValueError, match="control character"):
            session[raw] = 2
        return list(session), len(session), session.all(), dict(session.items())

    keys, count, *mappings = known.value(peek)
    assert (keys, count) == (list(KNOWN), len(KNOWN))
    assert mappings == [KNOWN, KNOWN]
    assert known.value(lambda: scope()["secret"]) == 1


def test_a_scope_alone_makes_a_session(visitor):
    """Who has put something into a scope only is known, though the session looks empty."""
    visitor(lambda: scope().set("step", 1))

    assert visitor.value(lambda: (scope()["step"], len(session), session.exists)) == (1, 0, True)


def test_emptying_the_only_scope_ends_the_session(visitor):
    """When nothing is left the cookie goes, as with the session's own keys."""
    visitor(lambda: scope().set("step", 1))
    answer = visitor(lambda: scope().remove("step"))

    assert answer.cookie is not None
    assert answer.cookie.is_deletion


@pytest.mark.parametrize("end", [lambda: session.destroy(), lambda: session.reset()])
def test_scopes_end_with_the_session(known, end):
    """Who ends or resets the session finds nothing in its scopes."""
    known(lambda: scope().set("step", 1))
    known(end)

    assert known.value(lambda: dict(scope())) == {}


def test_exact_counting(known):
    """`increment`, `append` and `atomic` begin with what is inherited, and stay inside."""

    def page():
        return scope().increment("visits"), scope().append("cart", "milk"), scope().increment("new")

    assert known.value(page) == (4, None, 1)
    assert known.value(lambda: (scope()["visits"], scope()["cart"])) == (4, ["tea", "milk"])
    assert known.value(lambda: dict(session)) == KNOWN


def test_counting_what_was_removed(known):
    """What was removed in the scope begins anew there."""
    known(lambda: scope().remove("visits"))

    assert known.value(lambda: scope().increment("visits")) == 1
    assert known.value(lambda: scope()["visits"]) == 1


def test_setdefault(known):
    """What is inherited is there already; what is not is kept in the scope."""
    assert known.value(lambda: scope().setdefault("name", "Eve")) == "Ada"
    assert known.value(lambda: scope().setdefault("step", 1)) == 1
    assert known.value(lambda: (scope()["step"], "step" in session)) == (1, False)


def test_what_cannot_be_stored_is_named(known):
    """The message says in which scope it is."""
    with pytest.raises(UnsupportedType, match=r"session\.scope\('shop'\)\['key'\]"):
        known(lambda: scope().set("key", object()))


def test_flask_keeps_its_messages(known):
    """`flask.flash` is the session's, whatever scopes there are."""
    known(lambda: (flash("hi"), scope().set("step", 1)))

    assert known.value(get_flashed_messages) == ["hi"]


def test_large_values(known):
    """What is large lies beside the record, and is fetched when it is asked for."""
    known(lambda: scope().set("text", "x" * 100_000))

    assert known.value(lambda: len(scope()["text"])) == 100_000
    assert known.value(lambda: dict(session)) == KNOWN
    known(lambda: scope().scope("inner").append("lines", "y" * 20_000))
    assert known.value(lambda: len(scope().scope("inner")["lines"][0])) == 20_000


def test_parallel_requests_lose_nothing_in_a_scope(raced):
    """Keys that many requests set in one scope at the same time are all there, on every store."""
    visitor = raced.visitor()
    visitor(lambda: session.update(KNOWN))

    def write(number):
        def page():
            scope().update({f"key{number}": number})
            scope().increment("visits")

        return partial(visitor.tab(), page)

    together(*map(write, range(8)))
    found = visitor.value(lambda: dict(scope(inherit=False)))
    assert found == {f"key{n}": n for n in range(8)} | {"visits": KNOWN["visits"] + 8}
    assert visitor.value(lambda: dict(session)) == KNOWN
