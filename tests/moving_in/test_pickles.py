"""Pickles of plain data are read by hand: the same values, and nothing else."""

from __future__ import annotations

import datetime
import os
import pickle
import struct
from collections import OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_sessionplus.compat.bounds import NotPlain
from flask_sessionplus.compat.plainpickle import read_plain
from tests.support.timing import within

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(alphabet=st.characters(codec="utf-8") | st.sampled_from("\ud800\x00\n\\\x1a"))
)
KEYS = SCALARS | st.tuples(SCALARS, SCALARS)


def nested(leaves, keys):
    """Return values made of *leaves*, in lists, tuples and dicts."""
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.lists(inner, max_size=4).map(tuple)
            | st.dictionaries(keys, inner, max_size=4)
        ),
        max_leaves=20,
    )


PLAIN = nested(SCALARS, KEYS)
# These need a name in protocols 0 to 3.
MORE = nested(
    SCALARS | st.binary(max_size=300) | st.sets(KEYS, max_size=4) | st.frozensets(KEYS, max_size=4),
    KEYS | st.binary(max_size=4) | st.frozensets(SCALARS, max_size=3),
)


@given(PLAIN, st.integers(0, 5))
def test_plain_data_of_any_protocol(value, protocol):
    """What Python pickles in any of its protocols is read as Python reads it, type for type."""
    found = read_plain(pickle.dumps(value, protocol))

    assert repr(found) == repr(value)


@given(MORE, st.integers(4, 5))
def test_sets_and_bytes(value, protocol):
    """Sets, frozensets and bytes come back from the protocols that have instructions for them."""
    found = read_plain(pickle.dumps(value, protocol))

    assert found == value
    assert type(found) is type(value)


def test_shared_parts():
    """A list that is in a session twice is there twice."""
    cart = ["tea"]

    assert read_plain(pickle.dumps({"a": cart, "b": cart})) == {"a": ["tea"], "b": ["tea"]}


@given(st.binary(max_size=200))
def test_any_bytes(data):
    """Bytes that nobody has pickled are refused, or are plain data: nothing else happens."""
    try:
        assert is_plain(read_plain(data))
    except NotPlain:
        pass


def is_plain(value):
    """Tell whether *value* is of types that no name is needed for, all through."""
    if type(value) is dict:
        return all(is_plain(each) for pair in value.items() for each in pair)
    if type(value) in (list, tuple, set, frozenset):
        return all(map(is_plain, value))
    return type(value) in (type(None), bool, int, float, str, bytes)


SESSION = {
    "_user_id": "7",
    "_fresh": True,
    "cart": [("tea", 2), {"price": 3.5, "tags": {1}}],
    "n": -70_000,
    "big": 2**80,
    "b": b"x",
}


@pytest.mark.parametrize("protocol", range(6))
def test_every_single_byte_changed(protocol):
    """With any byte changed it is refused, or plain data; never an error of another kind."""
    known = (
        SESSION if protocol >= 4 else {key: value for key, value in SESSION.items() if key != "b"}
    )
    if protocol < 4:
        known["cart"] = [("tea", 2), {"price": 3.5}]
    data = pickle.dumps(known, protocol)
    assert read_plain(data) == known

    for at in range(len(data)):
        for byte in range(0, 256, 5):
            try:
                assert is_plain(read_plain(data[:at] + bytes([byte]) + data[at + 1 :]))
            except NotPlain:
                continue


@pytest.mark.parametrize("protocol", range(6))
def test_every_length_cut_off(protocol):
    """Cut off anywhere it is refused."""
    data = pickle.dumps(["tea", {"a": (1, 2.5)}], protocol)

    for length in range(len(data)):
        with pytest.raises(NotPlain):
            read_plain(data[:length])


FLAG = "/nonexistent/flag"


class Evil:
    """Has Python call a function when it is unpickled."""

    def __init__(self, function, *arguments):
        self._made = function, arguments

    def __reduce__(self):
        return self._made


class Stateful:
    """Is rebuilt by its class, and its state set."""

    def __init__(self):
        self.x = 1


def _reduced():
    for name, protocol in (("system", 0), ("system", 2), ("system", 4), ("mkdir", 5)):
        yield f"os.{name}, {protocol}", pickle.dumps(Evil(getattr(os, name), FLAG), protocol)
    for function in (eval, exec, __import__, getattr, open, bytearray, object, compile):
        yield function.__name__, pickle.dumps({"a": Evil(function, "1")}, 4)


def _objects():
    for protocol in range(6):
        yield f"object, {protocol}", pickle.dumps(Stateful(), protocol)
        yield f"class, {protocol}", pickle.dumps(OrderedDict, protocol)
        yield f"datetime, {protocol}", pickle.dumps(datetime.datetime(2020, 1, 1), protocol)
    for value in (1j, range(3), slice(1), OrderedDict(a=1), bytearray(b"x"), Ellipsis):
        yield repr(value), pickle.dumps(value, 5)


def _by_hand():
    yield "GLOBAL", b"cos\nsystem\n(S'id'\ntR."
    yield "INST", b"(S'id'\nios\nsystem\n."
    yield "OBJ", b"(cos\nsystem\nS'id'\no."
    yield "STACK_GLOBAL", b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02id\x85R."
    yield "NEWOBJ", b"\x80\x02cbuiltins\nobject\n)\x81."
    yield "NEWOBJ_EX", b"\x80\x04cbuiltins\nobject\n)}\x92."
    yield "BUILD", b"\x80\x02}}b."
    yield "REDUCE alone", b"\x80\x02NN\x85R."
    for code, size in ((0x82, "B"), (0x83, "H"), (0x84, "I")):
        yield f"EXT {size}", b"\x80\x02" + bytes([code]) + struct.pack(f"<{size}", 1) + b"."
    yield "PERSID", b"Pid\n."
    yield "BINPERSID", b"\x80\x02K\x01Q."
    yield "NEXT_BUFFER", b"\x80\x05\x97."
    yield "READONLY_BUFFER", b"\x80\x05C\x00\x98."
    yield "BYTEARRAY8", b"\x80\x05\x96" + struct.pack("<Q", 1) + b"x."
    yield "STRING", b"S'tea'\n."
    yield "DUP", b"K\x012\x86."
    yield "POP", b"K\x01K\x020."


def _misbuilt():
    yield "empty", b""
    yield "no end", b"K\x01"
    yield "nothing", b"."
    yield "two values", b"K\x01K\x02."
    yield "mark left", b"(K\x01."
    yield "more behind", pickle.dumps(1) + b"x"
    yield "two pickles", pickle.dumps(1) * 2
    yield "tuple from nothing", b"\x85."
    yield "tuple across a mark", b"K\x01(\x85."
    yield "append to a tuple", b")K\x01a."
    yield "append across a mark", b"](K\x01a."
    yield "append itself", b"\x80\x04]\x94h\x00a."
    yield "item of a list", b"]K\x01K\x02s."
    yield "odd items", b"}(K\x01u."
    yield "member of a dict", b"}(K\x01\x90."
    yield "unknown memo", b"\x80\x04h\x07."
    yield "memo of nothing", b"\x80\x04\x94."
    yield "negative memo", b"K\x01p-1\n."
    yield "protocol 9", b"\x80\x09K\x01."
    yield "protocol twice", b"\x80\x04\x80\x04K\x01."
    yield "no number", b"Ifive\n."
    yield "no float", b"Ffive\n."
    yield "no text", b"X\x01\x00\x00\x00\xff."
    yield "negative length", b"\x8b\xff\xff\xff\xff."
    yield "list as a key", b"\x80\x04}]K\x01s."
    yield "dict in a set", b"\x80\x04\x8f(}\x90."
    yield "list in a key", b"\x80\x04}]\x85K\x01s."


def _huge():
    for code, size in ((b"X", "I"), (b"B", "I"), (b"\x8b", "i"), (b"\x8d", "Q"), (b"\x8e", "Q")):
        length = 2**31 - 1 if size != "Q" else 2**63
        yield f"length {code!r}", b"\x80\x04" + code + struct.pack(f"<{size}", length) + b"x."
    yield "frame", b"\x80\x04\x95" + struct.pack("<Q", 2**63) + b"K\x01."
    yield "digits", b"L" + b"9" * 1_000_000 + b"L\n."
    yield "bytes", b"\x80\x04" + b"N0" * 9_000_000 + b"N."
    yield "steps", b"\x80\x04" + b"]" * 1_500_000 + b"."
    yield "deep lists", b"\x80\x04" + b"]" * 5_000 + b"a" * 4_999 + b"."
    yield "deep tuples", b"\x80\x04)" + b"\x85" * 100_000 + b"."
    yield "laughs", b"\x80\x04](" + b"K\x01" * 10 + b"e" + _twice(100) + b"."
    yield "long laughs", b"\x80\x04X\x40\x42\x0f\x00" + b"x" * 1_000_000 + _twice(20) + b"."
    yield "laughing key", b"\x80\x04})" + _twice(60) + b"K\x01s."
    yield "laughing members", b"\x80\x04\x8f()" + _twice(60) + b"\x90."
    many = (b"h\x00" + b"K\x01") * 100_000
    yield "a heavy key again and again", b"\x80\x04)" + _twice(12) + b"q\x000}(" + many + b"u."
    yield "a key in itself", b"\x80\x04]\x94h\x00\x85a."
    numbers = b"".join(_long(i * (2**61 - 1)) + b"N" for i in range(50_000))
    yield "keys of one hash", b"\x80\x04}(" + numbers + b"u."


def _twice(times):
    return b"".join(b"q" + bytes([200]) + b"h\xc8\x86" for _ in range(times))


def _long(number):
    data = number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


HOSTILE = dict([*_reduced(), *_objects(), *_by_hand(), *_misbuilt(), *_huge()])


@pytest.mark.timed
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(name):
    """Whatever names something, calls something or never ends is refused, and soon."""
    with within(10), pytest.raises(NotPlain):
        read_plain(HOSTILE[name])
    assert not os.path.exists(FLAG)


def test_names_are_not_even_looked_up(monkeypatch):
    """No import and no look-up of attributes happens for a pickle that names a module."""
    seen = []
    monkeypatch.setattr("builtins.__import__", lambda name, *rest: seen.append(name))

    with pytest.raises(NotPlain):
        read_plain(b"\x80\x04\x8c\x0cantigravity\x94\x8c\x01x\x94\x93.")
    assert seen == []


def test_what_is_refused_says_why_and_nothing_else():
    """The message names no value: it goes into a log."""
    with pytest.raises(NotPlain) as refused:
        read_plain(pickle.dumps({"secret": datetime.datetime(2020, 1, 1)}))

    assert "secret" not in str(refused.value)
