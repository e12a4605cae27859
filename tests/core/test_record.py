"""The record: merging, packing, and what a single wrong bit does."""

from __future__ import annotations

import copy

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_sessionplus.errors import DamagedRecord
from flask_sessionplus.record import (
    Changes,
    Record,
    has_content,
    is_expected,
    merge,
    pack,
    pack_values,
    tombstone,
    unpack,
    unpack_values,
)

_names = st.text(st.characters(exclude_categories=()))
_values = st.dictionaries(_names, st.binary(), max_size=8)
_times = st.integers(0, 253_402_300_799_999)
_records = st.builds(
    Record,
    created_at=_times,
    seen_at=_times,
    expires_at=_times,
    values=_values,
    revision=st.integers(0, 2**62),
    owner=_names,
    moved_to=st.just(b"") | st.binary(min_size=32, max_size=32),
)
_changes = st.builds(
    Changes,
    sets=_values,
    removals=st.lists(_names, max_size=4),
    expects=st.dictionaries(_names, st.none() | st.binary(), max_size=3),
    expires_at=st.none() | _times,
    seen_at=st.none() | _times,
    owner=st.none() | _names,
    move_to=st.none() | st.binary(min_size=32, max_size=32),
    restart_at=st.none() | _times,
    updates=_values,
)


def record(values=None, **fields):
    """Return a record; the times are 1, 2 and 3 unless *fields* say otherwise."""
    times = {"created_at": 1, "seen_at": 2, "expires_at": 3}
    return Record(**{**times, "values": values or {}, **fields})


# Merging.


def test_merging_sets_and_removes():
    """Keys are set and removed; the others stay."""
    merged = merge(record({"a": b"1", "b": b"1", "c": b"1"}), Changes({"b": b"2"}, ["c", "?"]))

    assert merged == record({"a": b"1", "b": b"2"}, revision=2)


def test_setting_wins_over_removing():
    """A key in both is set."""
    assert merge(record(), Changes({"a": b"1"}, ["a"])).values == {"a": b"1"}


@pytest.mark.parametrize("removals", [["a"], {"a"}, ("a",), {"a": 1}, frozenset("a")])
def test_removals_are_any_collection(removals):
    """The names to remove may be a list, a set, or the keys of a dict."""
    assert merge(record({"a": b"1", "b": b"1"}), Changes(removals=removals)).values == {"b": b"1"}


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        (Changes(updates={"a": b"2"}), {"a": b"2", "b": b"1"}),
        (Changes(updates={"a": b"2", "?": b"2"}), {"a": b"2", "b": b"1"}),
        (Changes({"a": b"3"}, updates={"a": b"2"}), {"a": b"3", "b": b"1"}),
        (Changes({"?": b"3"}, updates={"?": b"2"}), {"a": b"1", "b": b"1", "?": b"3"}),
        (Changes(removals=["a"], updates={"a": b"2"}), {"b": b"1"}),
        (Changes(updates={"a": b"2"}, restart_at=5), {}),
    ],
)
def test_updates_replace_what_is_there(changes, values):
    """An update changes a key that is there, and never brings one back; setting does."""
    assert merge(record({"a": b"1", "b": b"1"}), changes).values == values


def test_every_change_counts():
    """The revision grows with every change, even one that changes nothing."""
    assert merge(record(revision=7), Changes()).revision == 8


def test_times_and_owner_stay_until_they_are_named():
    """None leaves a time or the owner as it is."""
    before = record({"a": b"1"}, owner="ada")

    assert merge(before, Changes()) == record({"a": b"1"}, owner="ada", revision=2)
    after = merge(before, Changes(expires_at=30, seen_at=20, owner="bob"))
    assert after == record({"a": b"1"}, expires_at=30, seen_at=20, owner="bob", revision=2)
    assert merge(before, Changes(owner="")).owner == ""
    assert merge(before, Changes(expires_at=0, seen_at=0)).expires_at == 0


def test_a_restart_forgets():
    """A restart forgets values and owner, and begins at its own time."""
    before = record({"a": b"1"}, owner="ada")
    after = merge(before, Changes({"b": b"2"}, restart_at=9))

    assert after == record({"b": b"2"}, created_at=9, revision=2)
    assert merge(before, Changes(restart_at=9, owner="bob")).owner == "bob"
    assert merge(before, Changes(restart_at=0)).created_at == 0


@pytest.mark.parametrize(
    ("left", "is_empty"),
    [
        ({}, True),
        ({"\x00permanent": b"1"}, True),
        ({"\x01message": b"1"}, False),
        ({"\x02message": b"1"}, False),
        ({"a": b"1"}, False),
        ({"": b"1"}, False),
    ],
)
def test_bookkeeping_is_no_content(left, is_empty):
    """What says how a session is kept is no content; messages and keys are."""
    assert has_content(left) is not is_empty


@given(before=_records, changes=_changes)
def test_merging_is_pure(before, changes):
    """Neither the record nor the changes are modified, and nothing of them is shared."""
    given_before, given_changes = copy.deepcopy(before), copy.deepcopy(changes)
    merged = merge(before, changes)
    merged.values["\x7fnew"] = b"1"
    merged.values.pop(next(iter(merged.values)))

    assert (before, changes) == (given_before, given_changes)


@given(before=_records, changes=_changes)
def test_merging_twice_is_merging_once(before, changes):
    """A change that is repeated on top of itself has no further effect but the revision."""
    once = merge(before, changes)
    twice = merge(once, changes)

    assert twice.values == once.values
    assert twice.owner == once.owner
    assert (twice.seen_at, twice.expires_at) == (once.seen_at, once.expires_at)


@pytest.mark.parametrize(
    ("expects", "answer"),
    [
        ({}, True),
        ({"a": b"1"}, True),
        ({"a": b"2"}, False),
        ({"a": None}, False),
        ({"b": None}, True),
        ({"b": b""}, False),
        ({"a": b"1", "b": None}, True),
        ({"a": b"1", "b": b"1"}, False),
    ],
)
def test_expectations(expects, answer):
    """A record is as expected if each named key has those bytes, or is absent for None."""
    assert is_expected(record({"a": b"1"}), Changes(expects=expects)) is answer


def test_a_tombstone_is_no_record():
    """What a move leaves behind points to the new sid, holds nothing, and ends soon."""
    stone = tombstone(1_000_000, b"n" * 32)

    assert stone.moved_to == b"n" * 32
    assert stone.values == {}
    assert stone.owner == ""
    assert stone.revision == 0
    assert 1_010_000 <= stone.expires_at <= 1_120_000


# Packing.


@given(before=_records)
def test_a_record_comes_back(before):
    """Whatever is in a record, it is the same after packing and unpacking."""
    assert unpack(pack(before)) == before


@given(values=_values)
def test_values_come_back(values):
    """Names of any characters and values of any bytes are the same, and in the same order."""
    assert list(unpack_values(pack_values(values)).items()) == list(values.items())


def test_packing_is_small():
    """What is added to the bytes of the values is little."""
    values = {"user_id": b"\x05", "theme": b"\xa4dark"}
    plain = sum(map(len, values)) + sum(map(len, values.values()))

    assert len(pack_values(values)) <= plain + 12
    assert len(pack(record(values, created_at=10**12, seen_at=10**12, expires_at=10**12))) < 80


def _a_record_of_1_kb():
    values = {f"key-{number}": bytes([number]) * 40 for number in range(20)}
    return record(values, created_at=10**12, seen_at=10**12, expires_at=10**12 + 9, owner="ada")


def test_every_wrong_bit_is_found():
    """Of a record of 1 KB, each single bit that is turned is noticed."""
    packed = pack(_a_record_of_1_kb())
    packed_values = pack_values(_a_record_of_1_kb().values)
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
        values = found.values if isinstance(found, Record) else found
        assert all(type(name) is str and type(data) is bytes for name, data in values.items())


def test_a_later_format_says_so():
    """A record of a later version is not taken for damage of the disk."""
    with pytest.raises(DamagedRecord, match="unknown format"):
        unpack(b"\x02" + pack(record())[1:])


def _framed(body):
    from zlib import crc32

    return b"\x01" + crc32(body).to_bytes(4, "big") + body
