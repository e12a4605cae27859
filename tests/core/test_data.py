"""The values of one session during one request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from flask_sessionplus.codec import Codec
from flask_sessionplus.data import Data
from flask_sessionplus.errors import UnsupportedType
from flask_sessionplus.names import FLASHES, FLASK_MESSAGE, MESSAGE, message_name
from flask_sessionplus.record import Record
from flask_sessionplus.testing import FakeClock
from tests.core.values import exactly, values

CODEC = Codec()


class CountingCodec(Codec):
    """Remembers what it has decoded."""

    def __init__(self):
        super().__init__()
        self.decoded = []

    def decode(self, data):
        """Decode and remember."""
        value = super().decode(data)
        self.decoded.append(value)
        return value


def packed(**objects):
    """Return what is stored for these objects."""
    return {name: CODEC.encode(value) for name, value in objects.items()}


def kept(values, **beside):
    """Return the record that holds these values, and these sizes of others beside it."""
    return Record(0, 0, 1, values, beside=beside)


def data_of(**objects):
    """Return the data of a session that holds these objects."""
    return Data(CODEC, packed(**objects))


def unpacked(sets):
    """Return the objects behind these bytes."""
    return {name: CODEC.decode(data) for name, data in sets.items()}


# Decoded late.


def test_only_what_is_asked_for_is_decoded():
    """Names are known without decoding; a value is decoded when it is asked for, once."""
    codec = CountingCodec()
    data = Data(codec, packed(a=[1], b=[2], c=3))
    assert (len(data), list(data), "a" in data, "z" in data) == (3, ["a", "b", "c"], True, False)
    assert codec.decoded == []
    first = data["b"]

    assert data["b"] is first
    assert data.get("b", None) is first
    assert codec.decoded == [[2]]


def test_a_missing_value_is_a_key_error():
    """What is not there raises KeyError; `get` gives the default."""
    with pytest.raises(KeyError):
        data_of(a=1)["b"]
    with pytest.raises(KeyError):
        del data_of(a=1)["b"]

    assert data_of(a=1).get("b", 5) == 5


# Compared at the end.


@pytest.mark.parametrize(
    ("value", "change"),
    [
        ([1], lambda value: value.append(2)),
        ({"a": {"b": [1]}}, lambda value: value["a"]["b"].append(2)),
        ({1, 2}, lambda value: value.add(3)),
        ([{"a": 1}], lambda value: value[0].update(a=2)),
        (([1], 2), lambda value: value[0].clear()),
        ([3, 1, 2], lambda value: value.sort()),
    ],
)
def test_a_change_inside_a_value_is_found(value, change):
    """What was read and then changed inside is set; nothing has to be said."""
    data = data_of(x=value, y=[1])
    change(data["x"])
    sets, removals = data.changes()

    assert list(sets) == ["x"]
    assert unpacked(sets) == {"x": data["x"]}
    assert removals == set()


def test_a_change_after_setting_is_found():
    """What was set and then changed inside is stored as it is in the end."""
    data = data_of()
    value = data["x"] = [1]
    value.append(2)

    assert unpacked(data.changes()[0]) == {"x": [1, 2]}


@given(value=values)
def test_reading_is_no_change(value):
    """Whatever is read and left alone is not written."""
    data = data_of(x=value)
    data["x"]

    assert data.changes() == ({}, set())


@given(value=values)
def test_setting_what_is_stored_is_no_change(value):
    """Setting a value to an equal one is not written."""
    data = data_of(x=value)
    data["x"] = CODEC.decode(CODEC.encode(value))

    assert data.changes() == ({}, set())


def test_a_change_that_is_undone_is_no_change():
    """What counts is how it is in the end."""
    data = data_of(x=[1], y=1)
    data["x"].append(2)
    data["x"].pop()
    data["y"] = 2
    data["y"] = 1
    data["z"] = 3
    del data["z"]

    assert data.changes() == ({}, set())


def test_another_type_is_a_change():
    """1, 1.0 and True are equal, but not the same."""
    data = data_of(a=1, b=1, c=1, d=(1,))
    data["a"] = 1.0
    data["b"] = True
    data["c"] = 1
    data["d"] = [1]

    assert {name: exactly(value) for name, value in unpacked(data.changes()[0]).items()} == {
        "a": exactly(1.0),
        "b": exactly(True),
        "d": exactly([1]),
    }


def test_removing_and_setting_again():
    """A removed key is removed; one that is set again is set, or as it was."""
    data = data_of(a=1, b=2, c=3)
    for name in "abc":
        del data[name]
    data["b"] = 5
    data["c"] = 3

    assert list(data) == ["b", "c"]
    assert (unpacked(data.changes()[0]), data.changes()[1]) == ({"b": 5}, {"a"})


def test_what_cannot_be_stored_is_refused_at_once():
    """A wrong value raises where it is set, and the old one stays."""
    data = data_of(x=1)
    with pytest.raises(UnsupportedType, match=r"session\['x'\]\[0\]"):
        data["x"] = [object()]

    assert data["x"] == 1
    assert data.changes() == ({}, set())


def test_what_cannot_be_stored_inside_is_found_at_the_end():
    """A wrong value that is put inside another one later raises when changes are collected."""
    data = data_of(x=[1])
    data["x"].append(object())

    with pytest.raises(UnsupportedType, match=r"session\['x'\]\[1\]"):
        data.changes()


def test_a_value_is_stored_as_it_is_now():
    """A second collection of changes finds what came after the first."""
    data = data_of()
    data["x"] = [1]
    assert unpacked(data.changes()[0]) == {"x": [1]}
    data["x"].append(2)

    assert unpacked(data.changes()[0]) == {"x": [1, 2]}


# Going on after a write, or after somebody else's.


def test_after_a_write_only_what_is_new_is_a_change():
    """What was written is the measure from then on."""
    data = data_of(a=[1], b=2, c=3)
    data["a"].append(2)
    data["b"] = 5
    del data["c"]
    sets, removals = data.changes()
    data.settle(kept({**packed(a=[1], b=2), **sets}), sets)
    assert removals == {"c"}
    assert data.changes() == ({}, set())
    data["a"].append(3)

    assert unpacked(data.changes()[0]) == {"a": [1, 2, 3]}


def test_what_others_wrote_is_seen():
    """Keys that others set, changed or removed are as they are now, unless we have our own."""
    data = data_of(a=1, b=2, c=3, d=4)
    assert (data["a"], data["c"]) == (1, 3)
    data["d"] = 40
    data.rebase(kept(packed(a=10, b=20, d=41, e=50)))

    assert {name: data[name] for name in data} == {"a": 10, "b": 20, "d": 40, "e": 50}
    assert unpacked(data.changes()[0]) == {"d": 40}


def test_what_we_removed_stays_removed():
    """A key that we remove and others set meanwhile is removed when we write."""
    data = data_of(a=1)
    del data["a"]
    data.rebase(kept(packed(a=2)))

    assert "a" not in data
    assert data.changes() == ({}, {"a"})


def test_what_was_exchanged_is_clean():
    """A value that is in the store already is no change, and can be changed again."""
    data = data_of(a=[1])
    value = [1, 2]
    data.rebase(kept(packed(a=value)))
    data.put_stored("a", value, CODEC.encode(value))
    assert data["a"] is value
    assert data.is_clean("a")
    assert data.changes() == ({}, set())
    value.append(3)

    assert not data.is_clean("a")
    assert unpacked(data.changes()[0]) == {"a": [1, 2, 3]}


def test_clean_means_as_it_is_stored():
    """A key is clean if it was not set, removed or changed inside."""
    data = data_of(a=[1], b=[1], c=1, d=1)
    data["a"], data["b"]
    data["b"].append(2)
    data["c"] = 2
    del data["d"]
    data["e"] = 1

    assert [name for name in "abcdef" if data.is_clean(name)] == ["a", "f"]


# What does not show.


def test_bookkeeping_and_messages_do_not_show():
    """Hidden names are no keys, and the names of messages are known from the beginning."""
    stored = {**packed(a=1), "\x00permanent": b"\xc3", "\x01message": b"\x01"}
    data = Data(CODEC, stored)

    assert list(data) == ["a"]
    assert data.arrived == ["\x01message"]
    assert "\x00permanent" not in data
    with pytest.raises(KeyError):
        data["\x01message"]


def test_hidden_values_are_set_and_removed():
    """Hidden values are compared as bytes, and None removes one."""
    data = Data(CODEC, {"\x00a": b"1", "\x00b": b"2", "\x00c": b"3"})
    data.set_hidden("\x00a", b"1")
    data.set_hidden("\x00b", b"5")
    data.set_hidden("\x00c", None)
    data.set_hidden("\x00d", b"4")
    data.set_hidden("\x00e", None)

    assert data.changes() == ({"\x00b": b"5", "\x00d": b"4"}, {"\x00c"})
    assert data.hidden("\x00") == {"\x00a": b"1", "\x00b": b"5", "\x00d": b"4"}
    assert data.get_hidden("\x00c") is None


def test_a_hidden_change_that_is_undone_is_no_change():
    """What is set back to what is stored is not written."""
    data = Data(CODEC, {"\x00a": b"1"})
    data.set_hidden("\x00a", None)
    data.set_hidden("\x00a", b"1")
    data.set_hidden("\x00b", b"1")
    data.set_hidden("\x00b", None)

    assert data.changes() == ({}, set())


def test_message_names_are_in_order():
    """Messages sort by the time at which they were made, and no two have the same name."""
    with FakeClock() as clock:
        names = []
        for _ in range(50):
            names += [message_name(MESSAGE) for _ in range(3)]
            clock.advance(0.001)

    assert len(set(names)) == len(names)
    assert [name[:12] for name in names] == sorted(name[:12] for name in names)
    assert all(name.startswith(MESSAGE) for name in names)


# Flask's list of messages, each of which has a name of its own.


def with_messages(*messages):
    """Return what is stored for these messages of `flask.flash`."""
    return {f"{FLASK_MESSAGE}{n}": CODEC.encode(message) for n, message in enumerate(messages)}


def test_flasks_messages_are_one_list():
    """Outside, messages that are stored one by one are the list that Flask expects."""
    data = Data(CODEC, with_messages(("info", "a"), ("error", "b")))

    assert FLASHES in data
    assert data[FLASHES] == [("info", "a"), ("error", "b")]
    assert data.changes() == ({}, set())


def test_a_new_message_is_one_more_name():
    """Flask's way of adding a message sets one name, and touches none of the others."""
    data = Data(CODEC, with_messages(("info", "a")))
    messages = data.get(FLASHES, [])
    messages.append(("info", "b"))
    data[FLASHES] = messages
    sets, removals = data.changes()

    assert list(unpacked(sets).values()) == [("info", "b")]
    assert all(name.startswith(FLASK_MESSAGE) for name in sets)
    assert removals == set()


def test_a_message_that_is_taken_is_one_name_less():
    """What is missing from the list is removed by its name; equal messages are two."""
    data = Data(CODEC, with_messages(("info", "a"), ("info", "b"), ("info", "a")))
    data[FLASHES] = [("info", "a")]

    assert data.changes() == ({}, {f"{FLASK_MESSAGE}1", f"{FLASK_MESSAGE}2"})


def test_taking_all_messages_removes_all_names():
    """Without the list none of its messages is left."""
    data = Data(CODEC, {**with_messages(("info", "a"), ("info", "b")), **packed(x=1)})
    del data[FLASHES]

    assert list(data) == ["x"]
    assert data.changes() == ({}, {f"{FLASK_MESSAGE}0", f"{FLASK_MESSAGE}1"})


# Whatever is done in whatever order.


class Session(RuleBasedStateMachine):
    """One request that does anything, and a dict that does the same."""

    names = st.sampled_from(["a", "b", "c"])
    plain = st.integers(0, 2) | st.lists(st.integers(0, 2), max_size=2)

    @initialize(stored=st.dictionaries(names, plain))
    def begin(self, stored):
        """Begin with what is stored."""
        self.stored = packed(**stored)
        self.data = Data(CODEC, self.stored)
        self.model = dict(unpacked(self.stored))

    @rule(name=names, value=plain)
    def set(self, name, value):
        """Set a key; both get an object of their own."""
        self.data[name] = CODEC.decode(CODEC.encode(value))
        self.model[name] = CODEC.decode(CODEC.encode(value))

    @rule(name=names)
    def remove(self, name):
        """Remove a key."""
        if name in self.model:
            del self.data[name], self.model[name]

    @rule(name=names, number=st.integers(0, 2))
    def change_inside(self, name, number):
        """Read a key, and change it inside if that is possible."""
        if name in self.model and isinstance(self.model[name], list):
            self.data[name].append(number)
            self.model[name].append(number)

    @rule()
    def write(self):
        """Write, and go on."""
        sets, removals = self.data.changes()
        left = {name: data for name, data in self.stored.items() if name not in removals}
        self.stored = {**left, **sets}
        self.data.settle(kept(self.stored), sets)

    @invariant()
    def changes_lead_to_what_is_seen(self):
        """What would be stored now is what the app sees, and no key is written in vain."""
        sets, removals = self.data.changes()
        after = {name: data for name, data in self.stored.items() if name not in removals}
        assert unpacked({**after, **sets}) == self.model
        assert all(self.stored.get(name) != data for name, data in sets.items())
        assert removals <= self.stored.keys()

    @invariant()
    def names_are_right(self):
        """The app sees the keys that are there."""
        assert set(self.data) == set(self.model)
        assert len(self.data) == len(self.model)


TestSession = Session.TestCase
