"""What is put in comes out, of the same type, on every store."""

from __future__ import annotations

import enum
import gettext
import pickle
import subprocess
import sys
import threading
from collections import Counter, OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath

import flask_babel
import msgpack
import pytest
import pytz
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from werkzeug.datastructures import MultiDict
from werkzeug.local import LocalProxy

from flask_sessionplus.codec import IMMUTABLE, Codec
from flask_sessionplus.errors import UndecodableValue, UnsupportedType
from flask_sessionplus.tags import REGISTERED, TAGS
from tests.core.values import BERLIN, CONTAINERS, PLAIN, exactly, values
from tests.support.processes import ROOT


@pytest.fixture
def codec():
    """Return a codec that knows no types of an app."""
    return Codec()


CODEC = Codec()


def is_nan(value):
    """Tell whether *value* is not even equal to itself, so that it makes a poor key."""
    return value.is_nan() if isinstance(value, Decimal) else value != value


def returned(value):
    """Return *value* as it comes back."""
    return CODEC.decode(CODEC.encode(value))


@pytest.mark.parametrize("value", PLAIN + CONTAINERS, ids=lambda value: repr(value)[:30])
def test_a_value_comes_back_exactly(value):
    """Each type that a session keeps comes back as itself: type, value, zone, fold and order."""
    assert exactly(returned(value)) == exactly(value)


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: repr(value)[:30])
def test_a_value_comes_back_exactly_from_inside(value):
    """The same holds in a list, in a tuple, as a value, and as a key and member if it can be."""
    assert exactly(returned([value, (value,), {"a": value}])) == exactly(
        [value, (value,), {"a": value}]
    )
    if not is_nan(value):
        assert exactly(returned({value: 1, (value,): 2})) == exactly({value: 1, (value,): 2})
        assert exactly(returned({value})) == exactly({value})


@given(value=values)
def test_any_value_comes_back_exactly(value):
    """However values are put into each other, they come back as they were."""
    assert exactly(returned(value)) == exactly(value)


@given(value=values)
def test_encoding_again_gives_the_same_bytes(value):
    """A value that was read and not changed is seen to be unchanged."""
    data = CODEC.encode(value)

    assert CODEC.encode(CODEC.decode(data)) == data


@given(members=st.lists(st.integers(0, 40) | st.text("ab", max_size=3), unique=True))
def test_sets_have_no_order(members):
    """Equal sets give equal bytes, in whatever order they were filled."""
    backwards = members[::-1]
    forward, backward = set(members), set(backwards)

    assert CODEC.encode(forward) == CODEC.encode(backward)
    assert CODEC.encode({"a": [frozenset(forward)]}) == CODEC.encode({"a": [frozenset(backward)]})


def test_sets_do_not_depend_on_the_process():
    """Equal sets give equal bytes in processes that hash differently."""
    program = (
        "from flask_sessionplus.codec import Codec;"
        "print(Codec().encode({'a', 'b', 'c', 'd', ('e', 'f'), frozenset('gh')}).hex())"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "123"
    }

    assert len(seen) == 1


def test_bytes_do_not_depend_on_a_context(codec):
    """Inside an app context, where Flask's JSON sorts keys, the bytes are the same."""
    value = {"b": 1, "a": [2, {"d": 3, "c": 4}], 1: (5,)}
    outside = codec.encode(value)
    app = Flask("shop")
    with app.app_context():
        assert codec.encode(value) == outside
    with app.test_request_context():
        assert codec.encode(value) == outside


def test_values_are_small():
    """What is stored most takes a few bytes."""
    assert len(CODEC.encode(5)) == 1
    assert len(CODEC.encode("theme")) == 6
    assert len(CODEC.encode(datetime(2026, 1, 1))) < 25
    assert len(CODEC.encode(["a", "b"])) == 5


# What a value of another type becomes.

Point = namedtuple("Point", "x y")


class _Text(str):
    pass


class _Number(int):
    pass


class _Float(float):
    pass


class _Bytes(bytes):
    pass


class _List(list):
    pass


class _Tuple(tuple):
    pass


class _Set(set):
    pass


class _Moment(datetime):
    pass


class _Amount(Decimal):
    pass


class _Mark(Markup):
    pass


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (_Text("a"), "a"),
        (_Number(5), 5),
        (_Number(2**70), 2**70),
        (_Float(1.5), 1.5),
        (_Bytes(b"a"), b"a"),
        (_List([1]), [1]),
        (_Tuple((1,)), (1,)),
        (Point(1, 2), (1, 2)),
        (_Set({1}), {1}),
        (OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (defaultdict(list, a=[1]), {"a": [1]}),
        (Counter("aab"), {"a": 2, "b": 1}),
        (_Moment(2026, 1, 1, tzinfo=BERLIN), datetime(2026, 1, 1, tzinfo=BERLIN)),
        (_Amount("1.10"), Decimal("1.10")),
        (_Mark("<b>"), Markup("<b>")),
        ({"a": [_Text("b"), Point(1, _Text("c"))]}, {"a": ["b", (1, "c")]}),
        ({_Text("key"): 1, Point(1, 2): 2}, {"key": 1, (1, 2): 2}),
    ],
)
def test_a_subclass_becomes_its_plain_type(value, plain):
    """An object of a subclass comes back as the plain type that it extends."""
    assert exactly(returned(value)) == exactly(plain)


@pytest.mark.parametrize(
    "value",
    [
        *(5, 2**70, 1.5, "a", b"a", None, (1, 2), {1}, frozenset({1}), {"a": 1}, [1]),
        *(Markup("<b>"), datetime(2026, 1, 1, tzinfo=BERLIN), timedelta(1), Decimal("1.1")),
        MultiDict({"a": 1}),
    ],
    ids=repr,
)
def test_a_proxy_becomes_what_it_stands_for(value):
    """A LocalProxy, and a proxy of a proxy, is stored as the object behind it."""
    proxy = LocalProxy(lambda: value)
    assert exactly(returned([proxy, LocalProxy(lambda: proxy)])) == exactly([value, value])


def test_a_lazy_string_of_flask_babel_becomes_text():
    """A lazy string is stored as the text it has at this moment, in this language."""
    app = Flask("shop")
    flask_babel.Babel(app)
    lazy = flask_babel.lazy_gettext("Hello %(name)s", name="Ada")
    with app.test_request_context():
        data = CODEC.encode({"greeting": lazy, "list": [lazy]})

    assert CODEC.decode(data) == {"greeting": "Hello Ada", "list": ["Hello Ada"]}


def test_a_lazy_string_of_babel_becomes_text():
    """Babel's own lazy proxies are text as well."""
    from babel.support import LazyProxy

    assert exactly(returned(LazyProxy(gettext.gettext, "Hello"))) == exactly("Hello")


def test_a_zone_of_pytz_becomes_the_same_zone():
    """A moment with a zone of pytz comes back with the zone of that name."""
    moment = pytz.timezone("Europe/Berlin").localize(datetime(2026, 7, 1, 12))
    back = returned(moment)

    assert back == moment
    assert back.tzinfo is BERLIN
    assert back.utcoffset() == moment.utcoffset()


def test_a_zone_that_is_unknown_here_keeps_its_offset():
    """A zone that this machine's database lacks becomes a fixed offset under its name."""
    (tag,) = (tag for tag in TAGS if tag.type is datetime)
    parts = ["2026-01-01T12:00:00", 0, [0, 7200, 0], "Mars/Olympus", "MST"]
    back = tag.load(msgpack.packb(parts), msgpack.unpackb)

    assert back == datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert back.tzname() == "Mars/Olympus"


# What cannot be stored, and which Enums can.


class Anything:
    """Something that no session keeps."""


class Colour(enum.Enum):
    """An Enum."""

    RED = "red"


class Level(enum.IntEnum):
    """An Enum whose members are numbers."""

    HIGH = 1


class Size(str, enum.Enum):
    """An Enum whose members are text; what `str` says of them is something else."""

    SMALL = "s"


class Weight(float, enum.Enum):
    """An Enum whose members are floats."""

    LIGHT = 0.5


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Anything(), r"session\['x'\] is of type tests\.core\.test_codec\.Anything"),
        ([1, Anything()], r"session\['x'\]\[1\] is of type .*Anything"),
        ({"a": [{"b": Anything()}]}, r"session\['x'\]\['a'\]\[0\]\['b'\] is of type .*Anything"),
        ((1, (2, Anything())), r"session\['x'\]\[1\]\[1\] is of type .*Anything"),
        ({1: {(2, 3): object()}}, r"session\['x'\]\[1\]\[\(2, 3\)\] is of type builtins\.object"),
        ({"a": {frozenset({Colour.RED})}}, r"a member of session\['x'\]\['a'\].*Colour"),
        ({Colour.RED: 1}, r"a key of session\['x'\] is of type .*Colour"),
        (Fraction(1, 3), r"fractions\.Fraction"),
        (PurePosixPath("a"), r"pathlib"),
        (complex(1, 2), r"builtins\.complex"),
        (range(3), r"builtins\.range"),
        (iter([1]), r"list_iterator"),
        (len, r"builtin_function_or_method"),
        (dict, r"builtins\.type"),
        (OrderedDict(a=[Anything()]), r"session\['x'\]\['a'\]\[0\] is of type .*Anything"),
        (Point(1, Anything()), r"session\['x'\]\[1\] is of type .*Anything"),
        (MultiDict([("a", Anything())]), r"session\['x'\]"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_cannot_be_stored_is_named(codec, value, message):
    """The error is a TypeError that names the way to the culprit, its type and the remedy."""
    with pytest.raises(UnsupportedType, match=message) as caught:
        codec.encode(value, "session['x']")

    assert isinstance(caught.value, TypeError)
    assert "register_type" in str(caught.value)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    ("member", "plain"), [(Level.HIGH, 1), (Size.SMALL, "s"), (Weight.LIGHT, 0.5)]
)
def test_an_enum_that_is_plain_becomes_plain(member, plain):
    """A member that is a number or a text as well is stored as that, and still equal to it."""
    assert exactly(returned([member, {member: (member,)}])) == exactly([plain, {plain: (plain,)}])
    assert returned(member) == member


def test_what_contains_itself_is_refused(codec):
    """A value that is inside itself would never end."""
    value = {"a": [1]}
    value["a"].append(value)
    with pytest.raises(UnsupportedType, match=r"session\['x'\]\['a'\]\[1\] is a reference"):
        codec.encode(value, "session['x']")


@pytest.mark.parametrize("wrap", [list, tuple, dict, frozenset], ids=lambda wrap: wrap.__name__)
@pytest.mark.parametrize("depth", [10, 60, 65, 200, 510, 520, 2000, 100_000])
def test_what_is_too_deep_is_refused_when_it_is_set(codec, wrap, depth):
    """However deep a value is, it is refused at once or can be read again."""
    value = 1
    for _ in range(depth):
        value = {"a": value} if wrap is dict else wrap([value])
    try:
        data = codec.encode(value)
    except UnsupportedType:
        assert depth > 60
    else:
        assert codec.encode(codec.decode(data)) == data


def test_what_is_read_deep_in_the_stack_is_read(codec):
    """A value can be decoded where an app calls itself recursively, too."""
    value = 1
    for _ in range(40):
        value = (value,)
    data = codec.encode(value)

    def dive(depth):
        return dive(depth - 1) if depth else codec.decode(data)

    assert dive(300) == value


# What cannot be read.


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\xc1\x02abc",
        b"\x01\x01",
        msgpack.packb(msgpack.ExtType(99, b"future")),
        msgpack.packb(msgpack.ExtType(REGISTERED, msgpack.packb(["shop.Money", 5]))),
        msgpack.packb({"a": [msgpack.ExtType(REGISTERED, msgpack.packb(["shop.Money", 5]))]}),
        msgpack.packb(msgpack.ExtType(REGISTERED, b"")),
        msgpack.packb(msgpack.ExtType(5, msgpack.packb("not a date"))),
        msgpack.packb(msgpack.ExtType(5, msgpack.packb(["2026-01-01", 0, None, "a" * 5000, ""]))),
        msgpack.packb(msgpack.ExtType(5, msgpack.packb(["2026-01-01", 0, None, "../a", ""]))),
        msgpack.packb(msgpack.ExtType(5, msgpack.packb(["2026-01-01", 9, None, None, ""]))),
        msgpack.packb(msgpack.ExtType(8, msgpack.packb([10**10, 0, 0]))),
        msgpack.packb(msgpack.ExtType(9, b"1e")),
        msgpack.packb(msgpack.ExtType(10, b"short")),
        msgpack.packb(msgpack.ExtType(2, msgpack.packb([msgpack.packb([1])]))),
        b"\x91" * 100_000,
        pickle.dumps({"a": 1}),
    ],
    ids=lambda data: data[:8].hex(),
)
def test_what_is_no_value_is_undecodable(codec, data):
    """Whatever the bytes are, the error is UndecodableValue, or they make a value."""
    try:
        codec.decode(data)
    except UndecodableValue:
        pass
    else:
        # A zone that nobody knows is no reason to lose the moment.
        assert b"2026" in data


def test_a_later_format_says_so(codec):
    """Bytes of a later version say which one it is and what to do."""
    with pytest.raises(UndecodableValue, match=r"format 02.*Update"):
        codec.decode(b"\xc1\x02whatever")


def test_an_unregistered_type_says_so(codec):
    """A type that this process does not know is named, with the remedy."""
    data = msgpack.packb(msgpack.ExtType(REGISTERED, msgpack.packb(["shop.Money", 5])))
    with pytest.raises(UndecodableValue, match=r"shop\.Money.*register_type"):
        codec.decode(data)


@given(data=st.binary(max_size=200))
def test_garbage_is_undecodable(data):
    """Any bytes are a value or UndecodableValue, and never any other error."""
    try:
        CODEC.decode(data)
    except UndecodableValue:
        pass


_plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text()
    | st.binary()
    | st.sampled_from(["2026-01-01", "12:00", "2026-01-01T00:00:00", "Europe"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    code=st.sampled_from([tag.code for tag in TAGS] + [REGISTERED, 0, 14, 127]),
    payload=st.one_of(
        st.binary(max_size=60),
        _plain.map(msgpack.packb),
        st.lists(_plain.map(msgpack.packb), max_size=4).map(msgpack.packb),
        st.tuples(
            st.sampled_from(["2026-01-01", "12:00", "x"]), _plain, _plain, _plain, _plain
        ).map(msgpack.packb),
    ),
)
def test_garbage_of_our_types_is_undecodable(code, payload):
    """The same holds for bytes that begin like a value of one of our types."""
    try:
        CODEC.decode(msgpack.packb(msgpack.ExtType(code, payload)))
    except UndecodableValue:
        pass


@given(value=values, data=st.data())
def test_damaged_values_are_undecodable(value, data):
    """The same holds for values in which a byte is wrong, or the end is missing."""
    encoded = bytearray(CODEC.encode(value))
    place = data.draw(st.integers(0, len(encoded) - 1), label="place")
    encoded[place] ^= data.draw(st.integers(1, 255), label="change")
    cut = data.draw(st.integers(0, len(encoded)), label="cut")
    for damaged in (bytes(encoded), bytes(encoded[:cut])):
        try:
            CODEC.decode(damaged)
        except UndecodableValue:
            pass


# Types of an app.


@dataclass(frozen=True)
class Money:
    """Something an app teaches us."""

    amount: Decimal
    currency: str


def _teach(codec, **options):
    codec.register(Money, lambda m: (m.amount, m.currency), lambda parts: Money(*parts), **options)


def test_a_registered_type_comes_back(codec):
    """What an app has registered is kept, at every depth, as key and as member."""
    _teach(codec)
    money = Money(Decimal("1.10"), "EUR")
    value = {"total": money, money: [money, (money, {money})]}

    assert codec.decode(codec.encode(value)) == value


def test_a_registered_name_outlives_the_class(codec):
    """With a name of its own a class may move to another module."""
    _teach(codec, name="money")
    data = codec.encode(Money(Decimal(1), "EUR"))
    later = Codec()
    later.register(Fraction, lambda f: f.numerator, lambda parts: Fraction(parts[0]), name="money")

    assert b"tests.core" not in data
    assert later.decode(data) == Fraction(1)


def test_one_registered_type_may_hold_another(codec):
    """What `encode` returns may hold types that were registered too."""
    _teach(codec)
    codec.register(Anything, lambda _: Money(Decimal(5), "EUR"), lambda money: money)

    assert codec.decode(codec.encode([Anything()])) == [Money(Decimal(5), "EUR")]


def test_an_enum_may_be_registered(codec):
    """An Enum, which is refused by itself, comes back as the very member."""
    codec.register(Colour, lambda colour: colour.value, Colour)

    assert codec.decode(codec.encode({"a": Colour.RED}))["a"] is Colour.RED


def test_what_encode_returns_has_to_be_known(codec):
    """A registered type that encodes to something unknown is refused like any other."""
    codec.register(Anything, lambda _: object(), lambda _: None)
    with pytest.raises(UnsupportedType, match=r"session\['x'\]\[0\]"):
        codec.encode([Anything()], "session['x']")


@pytest.mark.parametrize(
    "decode",
    [
        lambda parts: parts["amount"],
        lambda parts: parts[5],
        lambda parts: parts.amount,
        lambda parts: Money(),
        lambda parts: Decimal("no number"),
        lambda parts: int("no number"),
        lambda parts: 1 / 0,
    ],
)
def test_a_decoder_that_cannot_read_old_values(codec, decode):
    """If `decode` fails on what was stored before, the value is undecodable; others are read."""
    _teach(codec, name="money")
    data = codec.encode([Money(Decimal(1), "EUR")])
    later = Codec()
    later.register(Money, lambda money: None, decode, name="money")
    with pytest.raises(UndecodableValue):
        later.decode(data)


def test_codecs_do_not_share_types(codec):
    """What one app registers another one does not know."""
    _teach(codec)

    with pytest.raises(UnsupportedType):
        Codec().encode(Money(Decimal(1), "EUR"))


# Comparing.


def test_equal_bytes_are_the_same(codec):
    """Bytes of the present format hold the same value only if they are equal."""
    one, two = codec.encode({"a": 1}), codec.encode({"a": 2})

    assert codec.same(one, codec.encode({"a": 1}))
    assert not codec.same(one, two)


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: repr(value)[:30])
def test_immutable_types_are(value):
    """No value of a type that is never compared again can be changed inside."""
    if type(value) in IMMUTABLE:
        assert not hasattr(value, "append")
        assert not hasattr(value, "__setitem__")
    else:
        pytest.fail("every plain type is immutable")


def test_many_threads_may_use_one_codec(codec):
    """A codec keeps nothing between two calls."""
    wrong = []

    def work(number):
        value = {"n": number, "t": (number, {number}), "d": date(2026, 1, 1 + number)}
        for _ in range(300):
            if codec.decode(codec.encode(value)) != value:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
