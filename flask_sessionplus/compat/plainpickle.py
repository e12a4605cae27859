"""Reads pickles of plain data, by hand: no name is looked up, nothing is called.

A pickle is a program. Python's own reader runs all of it, and whoever can write to the place of
the sessions can have it call whatever he likes (CWE-502). This one knows the instructions that
put plain data together, and refuses the others: there is none among those it knows that names a
class or a function. ``datetime`` needs a name, so a pickle with one in it is refused too.

The instructions are those of ``pickletools`` in Python's library, which says what each does.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, NoReturn

from .bounds import MOST_OF_KEYS, NotPlain, check_size, weigh_key

# As many bytes as a store of ours takes, and about a second's work.
_MOST_BYTES = 16_000_000
_MOST_STEPS = 1_000_000

# Python itself reads no longer number from text (CVE-2020-10735).
_MOST_DIGITS = 4_300

# In the oldest protocols they are numbers with a zero in front.
_BOOLS = {b"00": False, b"01": True}

_STOP = ord(".")


def read_plain(data: bytes) -> Any:
    """Return the value that *data* is a pickle of, of any protocol.

    It is made of None, bool, int, float, str, bytes, tuple, list, dict, set and frozenset.

    :raises NotPlain: if there is anything else in it, or it is cut off, damaged or too large.
    """
    if len(data) > _MOST_BYTES:
        raise NotPlain(f"it has more than {_MOST_BYTES} bytes")
    value = _Reader(data).run()
    check_size(value)
    return value


class _Reader:
    """Runs the program in *data*."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._stack: list[Any] = []
        # Where in the stack each group begins that has not been closed.
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        # How much has been hashed: the same key may be used any number of times.
        self._hashed = 0

    def run(self) -> Any:
        for _ in range(_MOST_STEPS):
            code = self._take(1)[0]
            if code == _STOP:
                return self._result()
            step = _STEPS.get(code)
            if step is None:
                raise NotPlain(f"its instruction {code:#04x} is not one for plain data")
            step(self)
        raise NotPlain(f"it has more than {_MOST_STEPS} instructions")

    def _result(self) -> Any:
        if len(self._stack) != 1 or self._marks:
            _refuse()
        if self._at != len(self._data):
            raise NotPlain("there is more behind its end")
        return self._stack[0]

    # Bytes

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._data):
            raise NotPlain("it is cut off")
        found = self._data[self._at : end]
        self._at = end
        return found

    def _line(self) -> bytes:
        end = self._data.find(b"\n", self._at)
        if end < 0:
            raise NotPlain("it is cut off")
        found = self._data[self._at : end]
        self._at = end + 1
        return found

    def _number(self, layout: str) -> Any:
        return struct.unpack(layout, self._take(struct.calcsize(layout)))[0]

    def _digits(self, line: bytes) -> int:
        if len(line) > _MOST_DIGITS:
            raise NotPlain("it has a number of too many digits")
        try:
            return int(line)
        except ValueError as error:
            raise NotPlain("a number in it is none") from error

    # The stack

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _pop(self) -> Any:
        # What lies below a mark belongs to another group.
        if len(self._stack) <= (self._marks[-1] if self._marks else 0):
            _refuse()
        return self._stack.pop()

    def _top(self, kind: type) -> Any:
        if len(self._stack) <= (self._marks[-1] if self._marks else 0):
            _refuse()
        found = self._stack[-1]
        if type(found) is not kind:
            _refuse()
        return found

    def _group(self) -> list[Any]:
        if not self._marks:
            _refuse()
        begin = self._marks.pop()
        found = self._stack[begin:]
        del self._stack[begin:]
        return found

    def _put(self, key: int) -> None:
        if not self._stack or key < 0:
            _refuse()
        self._memo[key] = self._stack[-1]

    def _get(self, key: int) -> None:
        if key not in self._memo:
            _refuse()
        self._push(self._memo[key])

    # Instructions

    def proto(self) -> None:
        if self._at != 1 or not 0 <= self._take(1)[0] <= 5:
            _refuse()

    def frame(self) -> None:
        if self._number("<Q") > len(self._data) - self._at:
            raise NotPlain("it is cut off")

    def mark(self) -> None:
        self._marks.append(len(self._stack))

    def int_line(self) -> None:
        line = self._line()
        self._push(_BOOLS[line] if line in _BOOLS else self._digits(line))

    def long_line(self) -> None:
        self._push(self._digits(self._line().removesuffix(b"L")))

    def float_line(self) -> None:
        try:
            self._push(float(self._line()))
        except ValueError as error:
            raise NotPlain("a number in it is none") from error

    def text_line(self) -> None:
        try:
            self._push(self._line().decode("raw-unicode-escape"))
        except UnicodeDecodeError as error:
            raise NotPlain("a text in it is none") from error

    def text(self, layout: str) -> None:
        try:
            self._push(self._take(self._number(layout)).decode("utf-8", "surrogatepass"))
        except UnicodeDecodeError as error:
            raise NotPlain("a text in it is none") from error

    def blob(self, layout: str) -> None:
        self._push(self._take(self._number(layout)))

    def long(self, layout: str) -> None:
        size = self._number(layout)
        if size < 0:
            _refuse()
        self._push(int.from_bytes(self._take(size), "little", signed=True))

    def tuple_of(self, size: int) -> None:
        found = [self._pop() for _ in range(size)]
        self._push(tuple(reversed(found)))

    def append(self) -> None:
        value = self._pop()
        self._top(list).append(value)

    def appends(self) -> None:
        values = self._group()
        self._top(list).extend(values)

    def set_item(self) -> None:
        value, key = self._pop(), self._pop()
        self._fill(self._top(dict), [key, value])

    def set_items(self) -> None:
        pairs = self._group()
        self._fill(self._top(dict), pairs)

    def add_items(self) -> None:
        members = self._keys(self._group())
        self._top(set).update(members)

    def frozen(self) -> None:
        self._push(frozenset(self._keys(self._group())))

    def dict_of_group(self) -> None:
        pairs = self._group()
        self._push({})
        self._fill(self._stack[-1], pairs)

    def _fill(self, found: dict[Any, Any], pairs: list[Any]) -> None:
        if len(pairs) % 2:
            _refuse()
        found.update(zip(self._keys(pairs[::2]), pairs[1::2], strict=True))

    def _keys(self, keys: list[Any]) -> list[Any]:
        """Return *keys*, which can be hashed, and soon."""
        self._hashed += sum(map(weigh_key, keys))
        if self._hashed > MOST_OF_KEYS:
            raise NotPlain("its keys are too large")
        return keys


def _refuse() -> NoReturn:
    raise NotPlain("it does not put together what it says")


def _literal(make: Callable[[], Any]) -> Callable[[_Reader], None]:
    return lambda reader: reader._push(make())


_STEPS: dict[int, Callable[[_Reader], None]] = {
    ord(code): step
    for code, step in {
        b"\x80": _Reader.proto,
        b"\x95": _Reader.frame,
        b"(": _Reader.mark,
        b"N": _literal(lambda: None),
        b"\x88": _literal(lambda: True),
        b"\x89": _literal(lambda: False),
        b"I": _Reader.int_line,
        b"L": _Reader.long_line,
        b"J": lambda reader: reader._push(reader._number("<i")),
        b"K": lambda reader: reader._push(reader._number("<B")),
        b"M": lambda reader: reader._push(reader._number("<H")),
        b"\x8a": lambda reader: reader.long("<B"),
        b"\x8b": lambda reader: reader.long("<i"),
        b"F": _Reader.float_line,
        b"G": lambda reader: reader._push(reader._number(">d")),
        b"V": _Reader.text_line,
        b"X": lambda reader: reader.text("<I"),
        b"\x8c": lambda reader: reader.text("<B"),
        b"\x8d": lambda reader: reader.text("<Q"),
        b"B": lambda reader: reader.blob("<I"),
        b"C": lambda reader: reader.blob("<B"),
        b"\x8e": lambda reader: reader.blob("<Q"),
        b")": _literal(tuple),
        b"]": _literal(list),
        b"}": _literal(dict),
        b"\x8f": _literal(set),
        b"t": lambda reader: reader._push(tuple(reader._group())),
        b"\x85": lambda reader: reader.tuple_of(1),
        b"\x86": lambda reader: reader.tuple_of(2),
        b"\x87": lambda reader: reader.tuple_of(3),
        b"l": lambda reader: reader._push(reader._group()),
        b"d": _Reader.dict_of_group,
        b"a": _Reader.append,
        b"e": _Reader.appends,
        b"s": _Reader.set_item,
        b"u": _Reader.set_items,
        b"\x90": _Reader.add_items,
        b"\x91": _Reader.frozen,
        b"\x94": lambda reader: reader._put(len(reader._memo)),
        b"q": lambda reader: reader._put(reader._number("<B")),
        b"r": lambda reader: reader._put(reader._number("<I")),
        b"p": lambda reader: reader._put(reader._digits(reader._line())),
        b"h": lambda reader: reader._get(reader._number("<B")),
        b"j": lambda reader: reader._get(reader._number("<I")),
        b"g": lambda reader: reader._get(reader._digits(reader._line())),
    }.items()
}
