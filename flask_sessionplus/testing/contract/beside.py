"""Claims about values that lie beside a record because they are large."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ...record import Changes
from ...stores.base import Applied, Miss, Outcome, Store
from ..clock import FakeClock
from .base import (
    GONE,
    HOUR,
    LONG_AFTER_A_MOVE,
    Contract,
    key,
    load,
    needs,
    new_record,
    new_sid,
    put,
    save,
    whole,
)

#: More than ever stays in a record.
LARGE = 20_000

_MANY_KEYS = {key(n): bytes([n]) * 1_280 for n in range(200)}

# What stays in the record and what does not, in one session.
_MIXED = {"small": b"1", "large": b"L" * LARGE, "other": b"O" * LARGE}

# Names that a store might take for one another, or for something else.
_ODD_NAMES = [
    *("", " ", "a", "A", "a ", " a", "\u00e4", "a\u0308", "\u00c4", "a\x00", "a\x00b", "\ud800"),
    *("\udfff\ud800", "*", "?", "{}", "%", "_", "/", "../../a", ".", "'", '"', "\\", "a\nb"),
    *("null", "0", "n" * 1_000, "n" * 1_000 + "\U0001f600", "\u202e", "\uffff", "\x03", "\x7f"),
]


class BesideClaims(Contract):
    """A large session behaves as a small one does, wherever its values lie.

    A store that keeps everything in its records passes as well.
    """

    def test_many_keys_come_back(self, store: Store, clock: FakeClock) -> None:
        """A session of 256 KB in 200 keys comes back byte for byte."""
        sid = put(store, _MANY_KEYS)

        assert whole(store, sid) == _MANY_KEYS

    def test_a_huge_value_comes_back(self, store: Store, clock: FakeClock) -> None:
        """Ten small keys beside one of 5 MB come back, and the small ones are in the record."""
        small = {key(n): b"%d" % n for n in range(10)}
        huge = bytes(range(256)) * 20_480
        sid = put(store, {**small, "huge": huge})
        record = load(store, sid)

        assert whole(store, sid) == {**small, "huge": huge}
        assert record.values | {"huge": b""} == small | {"huge": b""}
        assert not record.beside or record.beside == {"huge": len(huge)}

    def test_a_session_may_become_large(self, store: Store, clock: FakeClock) -> None:
        """A record that grows key by key keeps all of them, and tells their sizes."""
        sid = put(store)
        seen = load(store, sid)
        expected: dict[str, bytes] = {}
        for number in range(12):
            expected[key(number)] = bytes([number]) * 200 * number
            seen = save(store, sid, seen, Changes({key(number): expected[key(number)]}))

            assert seen == load(store, sid)
            assert whole(store, sid) == expected

    def test_a_small_session_is_one_piece(self, store: Store, clock: FakeClock) -> None:
        """Up to 8 KB everything is in the record, and nothing has to be fetched."""
        values = {key(n): bytes([n]) * 1_000 for n in range(8)}
        created, grown = put(store, values), put(store)
        for name, data in values.items():
            save(store, grown, load(store, grown), Changes({name: data}))

        assert load(store, created).values == load(store, grown).values == values
        assert store.fetch(created, list(values)) == store.fetch(grown, list(values)) == {}

    def test_names_of_ours_stay_in_the_record(self, store: Store, clock: FakeClock) -> None:
        """What begins with a control character is needed with each load, however large."""
        ours = {f"{code}name": b"o" * LARGE for code in "\x00\x01\x02"}
        sid = put(store, ours | {"large": b"L" * LARGE})
        save(store, sid, load(store, sid), Changes({"\x01more": b"m" * LARGE}))

        ours["\x01more"] = b"m" * LARGE
        assert load(store, sid).values | ours == load(store, sid).values
        assert store.fetch(sid, list(ours)) == {}
        assert whole(store, sid) == ours | {"large": b"L" * LARGE}

    def test_only_what_is_asked_for_is_fetched(self, store: Store, clock: FakeClock) -> None:
        """`fetch` returns the named values that lie beside the record, and no others."""
        sid = put(store, _MIXED)
        lying = load(store, sid).beside.keys()

        for asked in (["large"], ["large", "other"], ["small", "large"], ["?", "other", "other"]):
            expected = {name: _MIXED[name] for name in asked if name in lying}
            assert store.fetch(sid, asked) == expected

    def test_what_is_unknown_is_not_fetched(self, store: Store, clock: FakeClock) -> None:
        """For a sid or a name that nobody has, `fetch` returns nothing; it is no error."""
        sid = put(store, _MIXED)

        assert store.fetch(new_sid(), ["large"]) == {}
        assert store.fetch(sid, ["never there", ""]) == {}
        assert store.fetch(sid, []) == {}

    def test_odd_names_are_told_apart(self, store: Store, clock: FakeClock) -> None:
        """Names that look alike, that are long, or that are no proper text, are all kept."""
        values = {name: b"%d|" % n * 1_000 for n, name in enumerate(_ODD_NAMES)}
        sid = put(store, values)
        assert whole(store, sid) == values
        seen = load(store, sid)
        for name in _ODD_NAMES[::2]:
            values[name] = values[name] * 2
            seen = save(store, sid, seen, Changes({name: values[name]}))

        assert whole(store, sid) == values
        for name in _ODD_NAMES[1::2]:
            del values[name]
            seen = save(store, sid, seen, Changes(removals=[name]))
        assert whole(store, sid) == values

    def test_setting_one_leaves_the_others(self, store: Store, clock: FakeClock) -> None:
        """A change to one key, large or small, changes no other one."""
        sid = put(store, _MANY_KEYS)
        seen = load(store, sid)
        changed = {key(7): b"x" * 1_280, key(8): b"y" * 3_000, key(9): b"z", "new": b"n" * LARGE}
        for name, data in changed.items():
            save(store, sid, seen, Changes({name: data}))

        assert whole(store, sid) == _MANY_KEYS | changed

    def test_the_answer_names_what_lies_beside(self, store: Store, clock: FakeClock) -> None:
        """The record that comes with SAVED and CONFLICT is the stored one, for large ones too."""
        sid = put(store, _MIXED)
        seen = load(store, sid)
        after = save(store, sid, seen, Changes({"large": b"M" * 30_000, "new": b"1"}, ["other"]))

        assert after == load(store, sid)
        assert not after.beside or after.beside == {"large": 30_000}
        conflict = store.apply(sid, seen, Changes(expects={"new": None}))
        assert conflict == (Outcome.CONFLICT, after)

    @pytest.mark.parametrize("changed", [b"", b"small", b"S" * LARGE, b"l" * 3 * LARGE])
    def test_a_large_value_is_replaced(
        self, store: Store, clock: FakeClock, changed: bytes
    ) -> None:
        """A large value may become another one, larger or small, by setting or by updating."""
        for changes in (Changes({"large": changed}), Changes(updates={"large": changed})):
            sid = put(store, _MIXED)
            save(store, sid, load(store, sid), changes)

            assert whole(store, sid) == _MIXED | {"large": changed}
            if "large" not in load(store, sid).beside:
                assert store.fetch(sid, ["large"]) == {}

    def test_a_large_value_is_removed(self, store: Store, clock: FakeClock) -> None:
        """A large value that is removed is gone, and may come again."""
        sid = put(store, _MIXED)
        seen = load(store, sid)
        save(store, sid, seen, Changes(removals=["large", "never there"]))

        assert whole(store, sid) == {"small": b"1", "other": b"O" * LARGE}
        assert store.fetch(sid, ["large"]) == {}
        save(store, sid, seen, Changes({"large": b"again" * LARGE}))
        assert whole(store, sid) == _MIXED | {"large": b"again" * LARGE}

    def test_a_removed_large_value_is_not_updated(self, store: Store, clock: FakeClock) -> None:
        """`updates` does not bring back a large value, even for one who has seen it."""
        sid = put(store, _MIXED)
        seen = load(store, sid)
        save(store, sid, seen, Changes(removals=["large"]))
        save(store, sid, seen, Changes(updates={"large": b"M" * LARGE, "other": b"P" * LARGE}))

        assert whole(store, sid) == {"small": b"1", "other": b"P" * LARGE}

    def test_an_old_view_fetches_what_is_there_now(self, store: Store, clock: FakeClock) -> None:
        """Whoever loaded the record earlier gets the newest value, or nothing."""
        sid = put(store, _MIXED)
        names = list(load(store, sid).beside)
        save(store, sid, load(store, sid), Changes({"large": b"M" * LARGE}, ["other"]))

        assert store.fetch(sid, names) in ({"large": b"M" * LARGE}, {})

    @pytest.mark.parametrize(
        ("expected", "outcome"),
        [
            (b"L" * LARGE, Outcome.SAVED),
            (b"L" * (LARGE - 1) + b"M", Outcome.CONFLICT),
            (b"L" * (LARGE - 1), Outcome.CONFLICT),
            (b"", Outcome.CONFLICT),
            (None, Outcome.CONFLICT),
        ],
    )
    def test_a_large_value_is_expected(
        self, store: Store, clock: FakeClock, expected: bytes | None, outcome: Outcome
    ) -> None:
        """What is expected of a large value is compared byte for byte, not by its size."""
        sid = put(store, _MIXED)
        before = load(store, sid)
        for small in ({}, {"small": b"1"}):
            changes = Changes({"large": b"N" * LARGE}, expects={"large": expected, **small})
            applied = store.apply(sid, before, changes)
            if outcome is Outcome.SAVED:
                assert whole(store, sid) == _MIXED | {"large": b"N" * LARGE}
                save(store, sid, before, Changes({"large": b"L" * LARGE}))
            else:
                assert applied == (outcome, before)
                assert whole(store, sid) == _MIXED
            assert applied.outcome is outcome

    def test_an_absent_one_is_expected_beside_large_ones(
        self, store: Store, clock: FakeClock
    ) -> None:
        """None means absent, in a large session too; once set, it is so no more."""
        sid = put(store, _MIXED)
        seen = load(store, sid)
        changes = Changes({"lock": b"l" * LARGE}, expects={"lock": None})

        assert store.apply(sid, seen, changes).outcome is Outcome.SAVED
        assert store.apply(sid, seen, changes).outcome is Outcome.CONFLICT
        save(store, sid, seen, Changes(removals=["lock"]))
        assert store.apply(sid, seen, changes).outcome is Outcome.SAVED

    def test_what_was_seen_of_a_large_value_is_not_expected(
        self, store: Store, clock: FakeClock
    ) -> None:
        """What counts is the large value that is stored, not the one that once was."""
        sid = put(store, _MIXED)
        seen = load(store, sid)
        save(store, sid, seen, Changes({"large": b"M" * LARGE}))

        def apply(expected: bytes) -> Applied:
            return store.apply(sid, seen, Changes({"a": b"1"}, expects={"large": expected}))

        assert apply(b"L" * LARGE).outcome is Outcome.CONFLICT
        assert apply(b"M" * LARGE).outcome is Outcome.SAVED

    def test_large_values_move_along(self, store: Store, clock: FakeClock) -> None:
        """The values beside a record are found under its new sid, and only there."""
        sid, target = put(store, _MIXED), new_sid()
        seen = load(store, sid)
        changes = Changes({"new": b"N" * LARGE}, ["other"], move_to=target)
        moved = save(store, sid, seen, changes)

        expected = {"small": b"1", "large": b"L" * LARGE, "new": b"N" * LARGE}
        assert load(store, target) == moved
        assert whole(store, target) == expected
        assert store.fetch(sid, list(_MIXED)) == {}
        save(store, target, moved, Changes({"large": b"M" * LARGE}))
        clock.advance(LONG_AFTER_A_MOVE)
        assert whole(store, target) == expected | {"large": b"M" * LARGE}

    def test_a_move_that_is_refused_moves_no_values(self, store: Store, clock: FakeClock) -> None:
        """If the place is taken, the large values of both stay where they are."""
        sid, target = put(store, _MIXED), put(store, {"large": b"T" * LARGE})
        changes = Changes({"large": b"M" * LARGE}, ["other"], move_to=target)

        assert store.apply(sid, load(store, sid), changes).outcome is Outcome.TAKEN
        assert whole(store, sid) == _MIXED
        assert whole(store, target) == {"large": b"T" * LARGE}

    def test_a_restart_forgets_large_values(self, store: Store, clock: FakeClock) -> None:
        """`restart_at` forgets what lies beside the record as well."""
        for kept in ({}, {"large": b"M" * LARGE}):
            sid = put(store, _MIXED)
            save(store, sid, load(store, sid), Changes(kept, restart_at=clock.now()))

            assert whole(store, sid) == kept
            if not kept:
                assert store.fetch(sid, list(_MIXED)) == {}

    def test_deleted_values_are_gone(self, store: Store, clock: FakeClock) -> None:
        """With the record all that lies beside it goes; nothing writes it back."""
        sid = put(store, _MIXED)
        seen = load(store, sid)
        assert store.delete(sid)

        assert store.fetch(sid, list(_MIXED)) == {}
        assert store.apply(sid, seen, Changes({"large": b"M" * LARGE})) == GONE
        assert store.apply(sid, seen, Changes(expects={"large": b"L" * LARGE})) == GONE
        assert store.load(sid) is Miss.UNKNOWN
        assert store.fetch(sid, list(_MIXED)) == {}

    def test_a_place_used_again_has_no_old_values(self, store: Store, clock: FakeClock) -> None:
        """Nothing large of an expired or deleted record is seen by the next one with its sid."""
        new = {"large": b"new" * LARGE}
        for end in (lambda sid: clock.advance(HOUR / 1000), store.delete):
            sid = put(store, _MIXED)
            end(sid)
            assert store.create(sid, new_record(new))

            assert whole(store, sid) == new
            assert store.fetch(sid, ["other"]) == {}
            save(store, sid, load(store, sid), Changes(removals=["large"]))
            assert store.fetch(sid, list(_MIXED)) == {}

    def test_create_does_not_replace_large_values(self, store: Store, clock: FakeClock) -> None:
        """A `create` that is refused leaves the large values of the one that is there."""
        sid = put(store, _MIXED)

        assert not store.create(sid, new_record({"large": b"M" * LARGE, "more": b"m" * LARGE}))
        assert whole(store, sid) == _MIXED

    def test_sessions_have_values_of_their_own(self, store: Store, clock: FakeClock) -> None:
        """The same name in two sessions is two values; what one does leaves the other alone."""
        sids = [put(store, {"large": bytes([n]) * LARGE}) for n in range(3)]
        save(store, sids[0], load(store, sids[0]), Changes({"large": b"M" * LARGE}))
        store.delete(sids[1])

        assert whole(store, sids[0]) == {"large": b"M" * LARGE}
        assert whole(store, sids[2]) == {"large": b"\x02" * LARGE}

    def test_large_values_live_as_long_as_the_record(self, store: Store, clock: FakeClock) -> None:
        """A record that is extended without touching its values keeps them all the time."""
        sid = put(store, _MIXED, expires_at=clock.now() + 5_000)
        seen = load(store, sid)
        for _ in range(3):
            clock.advance(4)
            seen = save(store, sid, seen, Changes(expires_at=clock.now() + 5_000))

        assert whole(store, sid) == _MIXED

    @needs("shared")
    def test_another_store_fetches_it(
        self, store: Store, open_again: Callable[[], Store], clock: FakeClock
    ) -> None:
        """What one store object has put beside a record, another one changes and reads."""
        sid, other = put(store, _MIXED), open_again()
        assert whole(other, sid) == _MIXED
        save(other, sid, load(other, sid), Changes({"large": b"M" * LARGE}))

        assert whole(store, sid) == _MIXED | {"large": b"M" * LARGE}
