"""Claims about what may be stored, tried with whatever Hypothesis thinks of."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ...record import Changes, Record, merge
from ...stores.base import Outcome, Store
from ..clock import FakeClock
from .base import HOUR, Contract, load, new_record, new_sid, property_settings, put

# The last millisecond of the year 9999.
_END_OF_TIME = 253_402_300_799_999

_names = st.one_of(
    # All of Unicode, with lone surrogates, which JSON may bring in.
    st.text(st.characters(exclude_categories=())),
    st.sampled_from(["", "\x00", "\x00permanent", "\x01flash", "a\x00b", "ä", "a" * 1000]),
)
_values = st.dictionaries(_names, st.binary(), max_size=20)
_owners = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=255)
_times = st.integers(0, _END_OF_TIME)

# A few names, so that changes meet what is there.
_few = st.sampled_from(["a", "b", "c", "\x00a"])
_changes = st.builds(
    Changes,
    sets=st.dictionaries(_few, st.binary(max_size=3), max_size=3),
    removals=st.sets(_few),
    expires_at=st.none() | st.integers(HOUR, 2 * HOUR),
    seen_at=st.none() | _times,
    owner=st.none() | st.sampled_from(["", "ada", "bob"]),
    restart_at=st.none() | _times,
    updates=st.dictionaries(_few, st.binary(max_size=3), max_size=3),
)


class BytesClaims(Contract):
    """Every name, value, owner and time comes back as it was."""

    @property_settings
    @given(values=_values, owner=_owners, created_at=_times, seen_at=_times, data=st.data())
    def test_anything_comes_back(
        self,
        store: Store,
        clock: FakeClock,
        values: dict[str, bytes],
        owner: str,
        created_at: int,
        seen_at: int,
        data: st.DataObject,
    ) -> None:
        """Names of any characters, values of any bytes, owners and times are kept verbatim."""
        expires_at = data.draw(st.integers(clock.now() + 1, _END_OF_TIME), label="expires_at")
        sid = new_sid()
        record = Record(created_at, seen_at, expires_at, values, owner=owner)
        assert store.create(sid, record)

        assert load(store, sid) == record

    @property_settings
    @given(before=_values, sets=_values, owner=_owners)
    def test_anything_can_be_set(
        self,
        store: Store,
        clock: FakeClock,
        before: dict[str, bytes],
        sets: dict[str, bytes],
        owner: str,
    ) -> None:
        """Names, values and owners that are set later are kept verbatim as well."""
        sid = put(store, before)
        outcome, record = store.apply(sid, load(store, sid), Changes(sets, owner=owner))

        assert outcome is Outcome.SAVED
        assert record == load(store, sid)
        assert record.values == {**before, **sets}
        assert record.owner == owner

    @property_settings
    @given(steps=st.lists(st.tuples(_changes, st.integers(0, 9)), min_size=1, max_size=5))
    def test_changes_mean_what_merge_says(
        self, store: Store, clock: FakeClock, steps: list[tuple[Changes, int]]
    ) -> None:
        """Any changes, based on any earlier view, have the effect of `record.merge`."""
        sid = new_sid()
        model = new_record({"a": b"0", "b": b"0"}, owner="ada")
        store.create(sid, model)
        views = [load(store, sid)]
        for changes, age in steps:
            if changes.expires_at is not None:
                changes.expires_at += clock.now()
            outcome, record = store.apply(sid, views[-1 - age % len(views)], changes)
            model = merge(model, changes)
            assert outcome is Outcome.SAVED
            assert record == load(store, sid)
            assert replace(record, revision=0) == replace(model, revision=0)
            views.append(record)
