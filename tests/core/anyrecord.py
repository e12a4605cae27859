"""Any record and any changes, for Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from flask_sessionplus.record import Changes, Record

_names = st.text(st.characters(exclude_categories=()))
any_values = st.dictionaries(_names, st.binary(), max_size=8)
_times = st.integers(0, 253_402_300_799_999)
any_record = st.builds(
    Record,
    created_at=_times,
    seen_at=_times,
    expires_at=_times,
    values=any_values,
    revision=st.integers(0, 2**62),
    owner=_names,
    moved_to=st.just(b"") | st.binary(min_size=32, max_size=32),
    # Names that no value inside can have.
    beside=st.dictionaries(_names.map("\x7flarge-{}".format), st.integers(0, 2**40), max_size=4),
)
any_changes = st.builds(
    Changes,
    sets=any_values,
    removals=st.lists(_names, max_size=4),
    expects=st.dictionaries(_names, st.none() | st.binary(), max_size=3),
    expires_at=st.none() | _times,
    seen_at=st.none() | _times,
    owner=st.none() | _names,
    move_to=st.none() | st.binary(min_size=32, max_size=32),
    restart_at=st.none() | _times,
    updates=any_values,
)


def record(values=None, **fields):
    """Return a record; the times are 1, 2 and 3 unless *fields* say otherwise."""
    times = {"created_at": 1, "seen_at": 2, "expires_at": 3}
    return Record(**{**times, "values": values or {}, **fields})
