"""The record as bytes, and what a single wrong bit does."""

from __future__ import annotations

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_sessionplus.errors import DamagedRecord
from flask_sessionplus.record import (
    Record,
    pack,
    pack_values,
    unpack,
    unpack_values,
)
from tests.core.anyrecord import any_record, record


@given(before=any_record)
def test_a_record_comes_back(before):
    """Whatever is in a record, it is the same after packing and unpacking."""
    assert unpack(pack(before)) == before


@given(before=any_record)
def test_values_come_back(before):
    """Any names, values and sizes are the same, and in the same order."""
    values, beside = unpack_values(pack_values(before))

    assert list(values.items()) == list(before.values.items())
    assert list(beside.items()) == list(before.beside.items())


def test_packing_is_small():
    """What is added to the bytes of the values is little."""
    values = {"user_id": b"\x05", "theme": b"\xa4dark"}
    plain = sum(map(len, values)) + sum(map(len, values.values()))

    assert len(pack_values(record(values))) <= plain + 12
    assert len(pack(record(values, created_at=10**12, seen_at=10**12, expires_at=10**12))) < 80


def test_what_lies_beside_is_named_in_few_bytes():
    """A large value takes its name and a few bytes of the record."""
    beside = {f"key-{number}": 1_280 for number in range(200)}

    assert len(pack_values(record(beside=beside))) < 200 * len("key-123 123")


def _a_record_of_1_kb():
    values = {f"key-{number}": bytes([number]) * 40 for number in range(18)}
    times = {"created_at": 10**12, "seen_at": 10**12, "expires_at": 10**12 + 9}
    beside = {f"large-{number}": 10_000 + number for number in range(8)}
    return record(values, **times, owner="ada", beside=beside)


def test_every_wrong_bit_is_found():
    """Of a record of 1 KB, each single bit that is turned is noticed."""
    packed = pack(_a_record_of_1_kb())
    packed_values = pack_values(_a_record_of_1_kb())
    assert 900 < len(packed_values) < len(packed) < 1200
    for data, read in ((packed, unpack), (packed_values, unpack_values)):
        for place in range(len(data) * 8):
            damaged = bytearray(data)
            damaged[place // 8] ^= 1 << place % 8
            with pytest.raises(DamagedRecord):
                read(bytes(damaged))


def test_every_cut_is_found():
    """Of a record of 1 KB, each beginning is noticed not to be all, and each addition too."""
    packed = pack(_a_record_of_1_kb())
    for length in range(len(packed)):
        with pytest.raises(DamagedRecord):
            unpack(packed[:length])
    with pytest.raises(DamagedRecord):
        unpack(packed + b"\x00")
    with pytest.raises(DamagedRecord):
        unpack(packed + packed)


@given(data=st.binary(max_size=300))
def test_garbage_is_damaged(data):
    """Any bytes that nobody packed are DamagedRecord, and never any other error."""
    for read in (unpack, unpack_values):
        with pytest.raises(DamagedRecord):
            read(data)


_objects = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        b"\x91" * 100_000,
        msgpack.packb(msgpack.ExtType(5, b"abc")),
        msgpack.packb(msgpack.Timestamp(1)),
        msgpack.packb([1, 2, 3, 4, "", b"", {"a": "text"}]),
        msgpack.packb([1, 2, 3, 4, "", b"", {b"a": b"1"}]),
        msgpack.packb([1, 2, 3, 4, "", b"", [b"1"]]),
        msgpack.packb([1, 2, 3, 4, "", b"", {"a": True}]),
        msgpack.packb([1, 2, 3, 4, "", b"", {"a": 1.0}]),
        msgpack.packb([1, 2, 3, 4, "", b"", {"a": None}]),
        msgpack.packb([1, 2, 3, True, "", b"", {}]),
        msgpack.packb([1.0, 2, 3, 4, "", b"", {}]),
        msgpack.packb([1, 2, 3, 4, b"", "", {}]),
        msgpack.packb([1, 2, 3, 4, "", b"", {}, 8]),
        msgpack.packb([1, 2, 3, 4, "", b""]),
    ],
    ids=lambda body: body[:10].hex(),
)
def test_what_is_whole_but_no_record_is_damaged(body):
    """A right checksum does not help what has another shape than a record."""
    data = _framed(body)

    for read in (unpack, unpack_values):
        with pytest.raises(DamagedRecord):
            read(data)


@given(thing=_objects)
def test_other_objects_are_damaged(thing):
    """The same holds for anything that msgpack can say."""
    for read in (unpack, unpack_values):
        try:
            found = read(_framed(msgpack.packb(thing)))
        except DamagedRecord:
            continue
        values, beside = (found.values, found.beside) if isinstance(found, Record) else found
        assert all(type(name) is str and type(data) is bytes for name, data in values.items())
        assert all(type(name) is str and type(size) is int for name, size in beside.items())


def test_a_later_format_says_so():
    """A record of a later version is not taken for damage of the disk."""
    with pytest.raises(DamagedRecord, match="unknown format"):
        unpack(b"\x02" + pack(record())[1:])


def _framed(body):
    from zlib import crc32

    return b"\x01" + crc32(body).to_bytes(4, "big") + body
