"""The bytes of a record in Redis."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_sessionplus.errors import DamagedRecord
from flask_sessionplus.record import tombstone
from flask_sessionplus.stores.redisrows import (
    HEAD_LENGTH,
    STAMP_LENGTH,
    Keys,
    decode,
    encode,
    live_sid,
    stamp,
)
from tests.stores.records import new_record, new_sid

SID = bytes(range(32))
LATER = 2**47


def spoiled(data):
    """Yield *data* with each single bit turned around, and cut off at each place."""
    for place in range(len(data)):
        yield data[:place]
        for bit in range(8):
            turned = bytearray(data)
            turned[place] ^= 1 << bit
            yield bytes(turned)


@pytest.mark.parametrize(
    "record",
    [
        new_record({"a": b"1" * 200, "cart": bytes(100)}, owner="adä", beside={"large": 9}),
        new_record(),
        tombstone(1_000, new_sid()),
    ],
    ids=["full", "empty", "tombstone"],
)
def test_every_bit_counts(record):
    """A record of which any bit is wrong, or anything is cut off, is never taken for one."""
    data = encode(SID, record)
    assert decode(SID, data) == record

    for wrong in spoiled(data):
        with pytest.raises(DamagedRecord):
            decode(SID, wrong)


@given(st.binary(max_size=200))
def test_foreign_bytes_are_no_record(data):
    """Whatever somebody else has put there, it is refused in our words."""
    with pytest.raises(DamagedRecord):
        decode(SID, data)
    with pytest.raises(DamagedRecord):
        decode(SID, b"\x01" + data)


def test_it_begins_with_its_stamp():
    """What scripts compare is the beginning, and differs for each revision and each birth."""
    record = new_record(revision=7)
    assert encode(SID, record).startswith(stamp(record))
    assert len(stamp(record)) == STAMP_LENGTH == 13

    others = [new_record(revision=8), new_record(revision=7, created_at=5)]
    assert len({stamp(each) for each in (record, *others)}) == 3
    assert stamp(None) == b""


def test_no_two_writes_are_equal():
    """The same record is written as other bytes each time, so that a writer knows his own."""
    record = new_record({"a": b"1"})

    assert len({encode(SID, record) for _ in range(100)}) == 100


def test_a_tombstone_is_known_by_its_revision():
    """The eight bytes after the first are zero in a tombstone alone: a script looks at them."""
    assert encode(SID, tombstone(1, SID))[1:9] == bytes(8)
    assert encode(SID, new_record())[1:9] != bytes(8)


def test_the_sid_is_found_again():
    """Key and value together tell the whole sid, of a live record only."""
    keys = Keys("app[1]*:")
    for sid in (new_sid(), bytes(32), b"\xff" * 32):
        key = keys.record(sid)
        head = encode(sid, new_record(expires_at=LATER))[:HEAD_LENGTH]
        assert live_sid(keys.half_sid(key), head) == sid

        for dead in (encode(sid, new_record(expires_at=1)), encode(sid, tombstone(LATER, sid))):
            assert live_sid(keys.half_sid(key), dead) is None
    for nothing in (b"", b"\x02" * 100):
        assert live_sid(bytes(16), nothing) is None


def test_keys_of_a_session_are_together():
    """A record and what lies beside it have the same hash tag; the key shows half of the sid."""
    keys, sid = Keys("sp:"), new_sid()
    record, values = keys.record(sid), keys.values(sid)

    assert record.startswith(b"sp:{")
    assert record.endswith(b"}")
    assert len(record) == 27
    assert values == record + b":v"
    assert keys.record(sid[:16] + bytes(16)) == record
