"""What of a large session lies beside its record."""

from __future__ import annotations

import copy

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flask_sessionplus.record import Changes, Record, merge, spread

_LIMIT = 8_192
_REST = 2_048
_STEPS = (4_096, 1_024, 256, 64)

_sizes = st.integers(0, 300) | st.sampled_from([*_STEPS, *(n - 1 for n in _STEPS), 9_000])
_ours = ["\x00a", "\x01a", "\x02a", "\x03a", "\x04a"]
_names = st.text(max_size=3) | st.sampled_from([*_ours, "\x05a", "b"])
_values = st.dictionaries(_names, _sizes.map(bytes), max_size=40)


def record(values=None, **fields):
    """Return a record with values, and times that say nothing."""
    return Record(1, 2, 3, values or {}, **fields)


def is_ours(name):
    """Tell whether a name is bookkeeping, a message or says who is signed in."""
    return name[:1] in ("\x00", "\x01", "\x02", "\x03")


@given(values=_values)
def test_nothing_is_lost_nor_doubled(values):
    """Each value is in the record or beside it, and the record knows the size of the latter."""
    stored, beside = spread(record(values, owner="ada", revision=7))

    assert stored.values | beside == values
    assert len(stored.values) + len(beside) == len(values)
    assert stored.beside == {name: len(data) for name, data in beside.items()}
    assert (stored.owner, stored.revision) == ("ada", 7)


@given(values=_values)
def test_it_is_pure(values):
    """The record that is spread is not changed, whoever changes the result."""
    before = record(values, beside={"large": 5_000})
    given_before = copy.deepcopy(before)
    stored, beside = spread(before)
    beside["more"] = b""
    if stored is not before:
        stored.values["more"] = b""
        stored.beside["more"] = 1

    assert before == given_before


@given(values=_values)
def test_small_sessions_stay_in_one_piece(values):
    """Up to 8 KB nothing lies beside; it is the very same record."""
    assume(sum(map(len, values.values())) <= _LIMIT)
    before = record(values)
    stored, beside = spread(before)

    assert stored is before
    assert beside == {}


@given(values=_values)
def test_names_of_ours_stay_inside(values):
    """Bookkeeping and messages are never beside: they are needed with each load."""
    stored, beside = spread(record(values))

    assert not any(map(is_ours, beside))
    assert {name for name in values if is_ours(name)} <= stored.values.keys()


@given(values=_values)
def test_a_large_session_leaves_little_inside(values):
    """Of a large session at most 2 KB stay inside, but for tiny values and names of ours."""
    stored, _ = spread(record(values))
    if stored.beside:
        inside = {n: len(data) for n, data in stored.values.items() if n and not is_ours(n)}
        assert sum(size for size in inside.values() if size >= _STEPS[-1]) <= _REST


@given(values=_values)
def test_the_largest_go_first(values):
    """The first threshold that suffices decides: what is smaller stays, what is not goes."""
    stored, beside = spread(record(values))
    inside = [len(data) for name, data in stored.values.items() if name and not is_ours(name)]
    if beside:
        least = min(map(len, beside.values()))
        assert all(size < least for size in inside)
        threshold = max(step for step in _STEPS if all(size < step for size in inside))
        larger = [step for step in _STEPS if step > threshold]
        all_sizes = [len(data) for name, data in values.items() if name and not is_ours(name)]
        assert all(sum(size for size in all_sizes if size < step) > _REST for step in larger)


@pytest.mark.parametrize(
    ("sizes", "beside"),
    [
        ({"a": 8_192}, ""),
        ({"a": 8_193}, "a"),
        ({"a": 4_095, "b": 4_098}, "b a"),
        ({"a": 2_000, "b": 7_000}, "b"),
        ({"a": 1_000, "b": 1_049, "c": 7_000}, "b c"),
        ({"a": 1_000, "b": 1_048, "c": 7_000}, "c"),
        ({"a": 255, "b": 256, "c": 1_023, "d": 1_023, "e": 9_000}, "b c d e"),
        ({"\x01a": 9_000}, ""),
        ({"\x01a": 9_000, "b": 2_000}, ""),
        ({"\x01a": 9_000, "b": 2_049}, "b"),
    ],
)
def test_thresholds(sizes, beside):
    """What lies beside is too large by the first of 4096, 1024, 256 and 64 that suffices."""
    stored, moved = spread(record({name: bytes(size) for name, size in sizes.items()}))

    assert sorted(moved) == sorted(stored.beside) == sorted(beside.split())


def test_many_tiny_values_stay_inside():
    """Values under 64 bytes are not worth a place of their own, however many there are."""
    values = {f"key-{number}": bytes(63) for number in range(1_000)}

    assert spread(record(values)) == (record(values), {})


def test_what_lies_beside_stays_there():
    """A small change to a large session brings nothing inside, and spreads nothing anew."""
    before, _ = spread(record({f"key-{n}": bytes(1_280) for n in range(200)}))
    stored, moved = spread(merge(before, Changes({"small": b"1"})))

    assert moved == {}
    assert stored.values == {"small": b"1"}
    assert stored.beside == before.beside


def test_what_was_beside_may_come_inside():
    """A value that became small is inside, and no more beside."""
    before, _ = spread(record({"large": bytes(9_000), "other": bytes(9_000)}))
    stored, moved = spread(merge(before, Changes({"large": b"small"})))

    assert (stored.values, moved) == ({"large": b"small"}, {})
    assert stored.beside == {"other": 9_000}


@given(first=_values, second=_values, removals=st.lists(_names, max_size=5))
def test_what_is_spread_is_what_was_merged(first, second, removals):
    """However often it is merged and spread, record and values beside are the whole session."""
    stored, kept = spread(record(first))
    model = dict(first)
    for changes in (Changes(second, removals), Changes(updates=first), Changes(removals=removals)):
        stored, moved = spread(merge(stored, changes))
        kept = {name: data for name, data in kept.items() if name in stored.beside} | moved
        model = merge(record(model), changes).values

        assert stored.values | kept == model
        assert stored.beside == {name: len(data) for name, data in kept.items()}
