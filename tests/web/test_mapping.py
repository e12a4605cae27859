"""`flask.session` is a mutable mapping, like the one Flask ships."""

from __future__ import annotations

import random
from collections.abc import MutableMapping
from copy import deepcopy

import pytest
from flask import session
from flask.sessions import SessionMixin

from tests.web.visiting import KNOWN


def test_it_is_what_flask_expects(visitor):
    """The object is a mutable mapping and a session by Flask's own classes."""

    def page():
        return session._get_current_object()

    found = visitor.value(page)

    assert isinstance(found, MutableMapping)
    assert isinstance(found, SessionMixin)


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        (dict, KNOWN),
        (lambda s: {**s}, KNOWN),
        (list, list(KNOWN)),
        (len, 3),
        (bool, True),
        (lambda s: s["name"], "Ada"),
        (lambda s: s.get("name"), "Ada"),
        (lambda s: s.get("nothing"), None),
        (lambda s: s.get("nothing", 5), 5),
        (lambda s: "name" in s, True),
        (lambda s: "nothing" in s, False),
        (lambda s: 1 in s, False),
        (lambda s: list(s.keys()), list(KNOWN)),
        (lambda s: list(s.values()), list(KNOWN.values())),
        (lambda s: list(s.items()), list(KNOWN.items())),
        (lambda s: s.keys() & {"name", "nothing"}, {"name"}),
        (lambda s: s.copy(), KNOWN),
        (lambda s: type(s.copy()), dict),
        (lambda s: s == KNOWN, True),
        (lambda s: dict(KNOWN) == s, True),
        (lambda s: s == {}, False),
        (lambda s: s != KNOWN, False),
        (lambda s: s == 5, False),
        (lambda s: s == s, True),
        (lambda s: s | {"name": "Bob"}, {**KNOWN, "name": "Bob"}),
        (lambda s: {"name": "Bob", "more": 1} | s, {"name": "Ada", "more": 1, **KNOWN}),
        (lambda s: type(s | {}), dict),
    ],
)
def test_reading_is_as_with_a_dict(known, store, read, expected):
    """Every way to read a mapping gives what a dict would give, and writes nothing."""

    def page():
        return read(session._get_current_object())

    assert known.value(page) == expected
    assert store.new_calls() in (["load"], [])


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.__setitem__("name", "Bob"),
        lambda s: s.__delitem__("name"),
        lambda s: s.pop("name"),
        lambda s: s.pop("nothing", 5),
        lambda s: s.setdefault("name", "Bob"),
        lambda s: s.setdefault("more", ["x"]),
        lambda s: s.setdefault("more"),
        lambda s: s.update({"a": 1}, b=2),
        lambda s: s.update([("a", 1)]),
        lambda s: s.__ior__({"a": 1, "name": "Bob"}),
        lambda s: s.__ior__([("a", 1)]),
    ],
)
def test_writing_is_as_with_a_dict(known, change):
    """Every way to write a mapping returns what a dict returns, and the next request finds it."""
    model = deepcopy(KNOWN)
    expected = change(model)

    assert known.value(lambda: change(session._get_current_object())) == expected
    assert known.value(lambda: dict(session)) == model


def test_popitem_takes_one_item(known):
    """`popitem` removes some item and returns it, until there is none."""

    def page():
        taken = [session.popitem() for _ in range(len(session))]
        with pytest.raises(KeyError):
            session.popitem()
        return dict(taken)

    assert known.value(page) == KNOWN
    assert known.value(lambda: dict(session)) == {}


def test_update_in_place_keeps_the_session(visitor):
    """`|=` changes the session itself and gives it back."""

    def page():
        mine = before = session._get_current_object()
        mine |= {"a": 1}
        return mine is before

    assert visitor.value(page) is True
    assert visitor.value(lambda: dict(session)) == {"a": 1}


def test_a_random_walk_ends_where_a_dict_ends(visitor):
    """Whatever is done in whatever order over many requests, a dict would be the same."""
    chance = random.Random(20)
    model: dict = {}

    for _ in range(60):
        steps = [_random_step(chance) for _ in range(chance.randrange(5))]

        def page(steps=steps):
            assert dict(session) == model
            for step in steps:
                assert _outcome(step, session) == _outcome(step, model)
            return dict(session)

        assert visitor.value(page) == model


@pytest.mark.parametrize("key", ["nothing", "", 1, None, ("a",), "\x00permanent"])
def test_a_missing_key_is_a_key_error(known, key):
    """Reading, removing and popping what is not there is a `KeyError` that names the key."""

    def page():
        for act in (session.__getitem__, session.__delitem__, session.pop):
            with pytest.raises(KeyError) as caught:
                act(key)
            assert caught.value.args == (key,)

    known.value(page)


def test_popping_a_missing_key_changes_nothing(known, store):
    """`pop` with a default, for a key that is not there, is only a read."""

    def page():
        session.pop("nothing", None)
        return session.modified

    answer = known(page)

    assert answer.value is False
    assert answer.cookies == []
    assert store.new_calls() == ["load"]


def test_pop_takes_its_default_by_name(known):
    """`pop(key, default=...)` works as `MutableMapping` declares it."""
    assert known.value(lambda: session.pop("nothing", default=5)) == 5


@pytest.mark.parametrize("key", [1, None, ("a",), b"a", 1.5])
def test_keys_are_strings(known, key):
    """Another key than a string is a `TypeError` where it is set, and nothing is lost by it."""

    def page():
        for act in (
            lambda: session.__setitem__(key, 1),
            lambda: session.update({key: 1}),
            lambda: session.setdefault(key, 1),
            lambda: session.set(key, 1),
            lambda: session.increment(key),
            lambda: session.flash(key, 1),
        ):
            with pytest.raises(TypeError, match="strings"):
                act()

    known.value(page)
    assert known.value(lambda: dict(session)) == KNOWN


@pytest.mark.parametrize("key", ["", " ", "ключ", "🍵", "a.b", "a\nb", "_permanent", "x" * 1000])
def test_any_string_may_be_a_key(visitor, key):
    """What is no name in Python may be a key all the same."""
    visitor(lambda: session.__setitem__(key, [key]))

    assert visitor.value(lambda: dict(session)) == {key: [key]}


@pytest.mark.parametrize("key", ["\x00permanent", "\x01a", "\x02a"])
def test_our_own_names_cannot_be_set(visitor, key):
    """A key that would be taken for our bookkeeping is a `ValueError`."""

    def page():
        with pytest.raises(ValueError, match="control character"):
            session[key] = 1

    visitor.value(page)


def test_a_loop_may_remove_what_it_walks_over(known):
    """Keys may be removed while the session is iterated over."""

    def page():
        for key in session:
            del session[key]
        return dict(session)

    assert known.value(page) == {}
    assert known.value(lambda: dict(session)) == {}


def test_a_loop_over_keys_may_remove_them(known):
    """Keys may be removed while `keys()` is iterated over."""

    def page():
        for key in session.keys():  # noqa: SIM118
            session.pop(key)

    known.value(page)
    assert known.value(lambda: len(session)) == 0


def test_keys_stay_in_order(visitor):
    """Keys come back in the order in which they were put in, and new ones at the end."""
    visitor(lambda: session.update(dict.fromkeys("zebra", 1)))
    visitor(lambda: session.update(a=2, m=3))

    assert visitor.value(lambda: list(session)) == ["z", "e", "b", "r", "a", "m"]


def test_bookkeeping_is_no_content(visitor):
    """What we note beside the data neither shows as keys nor makes a session true."""

    def page():
        session.permanent = True
        session.set_lifetime(600)
        session.flash("note", "for later")
        return bool(session), len(session), list(session), dict(session)

    assert visitor.value(page) == (False, 0, [], {})
    assert visitor.value(page) == (False, 0, [], {})


def test_it_has_no_attribute_session(known):
    """WTForms asks `getattr(context, "session", context)`: the session must answer as itself."""
    assert known.value(lambda: getattr(session, "session", "itself")) == "itself"


def test_repr_before_its_use_loads_nothing(known, store):
    """A debugger that shows an unused session neither loads it nor shows values."""
    shown = known.value(lambda: repr(session._get_current_object()))

    assert "Ada" not in shown
    assert store.new_calls() == []


def test_repr_shows_no_values(known):
    """A used session shows its keys, neither values nor token."""

    def page():
        assert session["name"] == "Ada"
        return repr(session)

    shown = known.value(page)

    assert "name" in shown
    assert "Ada" not in shown
    assert known.token not in shown


def test_a_copy_is_independent(known):
    """Setting a key in a copy leaves the session alone."""
    known(lambda: session.copy().update(name="Eve"))

    assert known.value(lambda: session["name"]) == "Ada"


def _random_step(chance):
    key = chance.choice("abc")
    value = chance.choice([1, "x", [1, [2]], {"a": [1]}, None, (1, [2]), 0, True])
    return chance.choice(
        [
            lambda s: s.__setitem__(key, deepcopy(value)),
            lambda s: s.__delitem__(key),
            lambda s: s.pop(key),
            lambda s: s.pop(key, 5),
            lambda s: s.setdefault(key, deepcopy(value)),
            lambda s: s.get(key, 9),
            lambda s: s[key].append(1),
            lambda s: s[key][1].append(1),
            lambda s: s[key].update(a=deepcopy(value)),
            lambda s: s.update({key: deepcopy(value)}, z=1),
            lambda s: s.pop("z", None),
            lambda s: sorted(s),
            len,
        ]
    )


def _outcome(step, mapping):
    try:
        return step(mapping)
    except (KeyError, AttributeError, TypeError, IndexError) as error:
        return type(error)
