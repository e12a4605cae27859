"""The record: what changes do to it, and what is expected of it."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given

from flask_sessionplus.record import (
    Changes,
    expected_beside,
    has_content,
    is_expected,
    merge,
    tombstone,
)
from tests.core.anyrecord import any_changes, any_record, record


def test_merging_sets_and_removes():
    """Keys are set and removed; the others stay."""
    merged = merge(record({"a": b"1", "b": b"1", "c": b"1"}), Changes({"b": b"2"}, ["c", "?"]))

    assert merged == record({"a": b"1", "b": b"2"}, revision=2)


def test_merging_knows_what_lies_beside():
    """What is set comes inside, what is removed or set is no more beside, the rest stays there."""
    before = record({"a": b"1"}, beside={"b": 5_000, "c": 6_000, "d": 7_000, "e": 8_000})
    changes = Changes({"b": b"2"}, ["c", "a"], updates={"d": b"4", "?": b"5"})

    assert merge(before, changes) == record({"b": b"2", "d": b"4"}, beside={"e": 8_000}, revision=2)
    assert merge(before, Changes()).beside == before.beside
    assert merge(before, Changes({"n": b"1"}, restart_at=9)).beside == {}


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


@given(before=any_record, changes=any_changes)
def test_merging_is_pure(before, changes):
    """Neither the record nor the changes are modified, and nothing of them is shared."""
    given_before, givenany_changes = copy.deepcopy(before), copy.deepcopy(changes)
    merged = merge(before, changes)
    merged.values["\x7fnew"] = b"1"
    merged.values.pop(next(iter(merged.values)))
    merged.beside.clear()

    assert (before, changes) == (given_before, givenany_changes)


@given(before=any_record, changes=any_changes)
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


@pytest.mark.parametrize(
    ("expects", "fetched", "answer"),
    [
        ({"large": b"L"}, {"large": b"L"}, True),
        ({"large": b"L"}, {"large": b"M"}, False),
        ({"large": None}, {"large": b"L"}, False),
        ({"large": b"L"}, {}, False),
        ({"large": None}, {}, True),
        ({"large": b"L", "a": b"1"}, {"large": b"L"}, True),
        ({"large": b"L", "a": b"2"}, {"large": b"L"}, False),
    ],
)
def test_expectations_of_what_lies_beside(expects, fetched, answer):
    """A value beside the record is judged by the bytes that were fetched."""
    before = record({"a": b"1"}, beside={"large": 1})

    assert is_expected(before, Changes(expects=expects), fetched) is answer


def test_only_what_is_expected_and_beside_is_to_be_fetched():
    """The names to fetch are those that are expected and lie beside; often there are none."""
    before = record({"a": b"1"}, beside={"large": 1, "other": 1})

    assert expected_beside(before, Changes(expects={"large": b"?", "a": b"1", "?": None})) == [
        "large"
    ]
    assert expected_beside(before, Changes({"large": b"1"})) == []
    assert expected_beside(record({"a": b"1"}), Changes(expects={"a": b"1"})) == []


def test_what_lies_beside_is_content():
    """A record whose only values lie beside it holds something."""
    assert record(beside={"large": 1}).has_content
    assert not record({"\x00permanent": b"1"}).has_content


def test_a_copy_is_apart():
    """A copy is equal, and what is done to it does nothing to the other one."""
    before = record({"a": b"1"}, owner="ada", beside={"large": 1}, moved_to=b"m", revision=7)
    copied = before.copy()
    assert copied == before
    copied.values["a"] = b"2"
    copied.beside["large"] = 2

    assert (before.values, before.beside) == ({"a": b"1"}, {"large": 1})


def test_a_tombstone_is_no_record():
    """What a move leaves behind points to the new sid, holds nothing, and ends soon."""
    stone = tombstone(1_000_000, b"n" * 32)

    assert stone.moved_to == b"n" * 32
    assert stone.values == {}
    assert stone.owner == ""
    assert stone.revision == 0
    assert 1_010_000 <= stone.expires_at <= 1_120_000
