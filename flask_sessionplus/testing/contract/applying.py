"""Claims about ``apply``: merged, all or nothing, as expected."""

from __future__ import annotations

import pytest

from ...record import Changes
from ...stores.base import Miss, Outcome, Store
from ..clock import FakeClock
from .base import GONE, HOUR, Contract, key, load, new_record, new_sid, put, save


class ApplyClaims(Contract):
    """Changes are merged into what is stored, whatever the caller believes is stored."""

    def test_keys_are_set_and_removed(self, store: Store, clock: FakeClock) -> None:
        """`apply` sets and removes the keys it is told to, and no others."""
        sid = put(store, {"stays": b"1", "changes": b"1", "goes": b"1"})
        save(store, sid, load(store, sid), Changes({"changes": b"2", "comes": b"2"}, ["goes"]))

        assert load(store, sid).values == {"stays": b"1", "changes": b"2", "comes": b"2"}

    def test_setting_wins_over_removing(self, store: Store, clock: FakeClock) -> None:
        """A key that is both set and removed is set."""
        sid = put(store, {"a": b"1"})
        save(store, sid, load(store, sid), Changes({"a": b"2"}, ["a", "never there"]))

        assert load(store, sid).values == {"a": b"2"}

    def test_the_answer_is_what_is_stored(self, store: Store, clock: FakeClock) -> None:
        """The record that comes with SAVED is the one that `load` returns then."""
        sid = put(store, {"a": b"1"})
        seen = load(store, sid)
        for number in range(5):
            changes = Changes({key(number): b"2"}, owner=f"owner {number}", seen_at=number)

            assert save(store, sid, seen, changes) == load(store, sid)

    def test_no_change_is_no_harm(self, store: Store, clock: FakeClock) -> None:
        """Empty changes leave everything as it is."""
        sid = put(store, {"a": b"1"}, owner="ada")
        before = load(store, sid)
        after = save(store, sid, before, Changes())

        assert (after.values, after.owner) == (before.values, before.owner)
        assert (after.created_at, after.seen_at) == (before.created_at, before.seen_at)
        assert after.expires_at == before.expires_at

    def test_keys_of_others_survive(self, store: Store, clock: FakeClock) -> None:
        """Keys that others have set since the record was seen are not lost, however many."""
        sid = put(store, {"a": b"1"})
        seen = load(store, sid)
        for number in range(12):
            save(store, sid, seen, Changes({key(number): b"%d" % number}))

        expected = {"a": b"1"} | {key(number): b"%d" % number for number in range(12)}
        assert load(store, sid).values == expected

    def test_keys_that_others_removed_stay_removed(self, store: Store, clock: FakeClock) -> None:
        """A key removed by another returns only if it is set, not because it was seen."""
        sid = put(store, {"a": b"1", "b": b"1"})
        seen = load(store, sid)
        save(store, sid, seen, Changes(removals=["a", "b"]))
        save(store, sid, seen, Changes({"b": b"2", "c": b"2"}))

        assert load(store, sid).values == {"b": b"2", "c": b"2"}

    def test_the_last_writer_of_a_key_wins(self, store: Store, clock: FakeClock) -> None:
        """Of two who set the same key, the later one's value stays."""
        sid = put(store, {"a": b"0"})
        seen = load(store, sid)
        save(store, sid, seen, Changes({"a": b"first"}))
        save(store, sid, seen, Changes({"a": b"second"}))

        assert load(store, sid).values == {"a": b"second"}

    def test_a_view_may_be_of_the_future(self, store: Store, clock: FakeClock) -> None:
        """A view that is newer than what is stored, as after a restored backup, spoils nothing."""
        sid = put(store, {"a": b"1"}, owner="ada")
        newer = new_record({"newer": b"x"}, owner="eve", revision=99)
        save(store, sid, newer, Changes({"b": b"1"}))

        assert load(store, sid).values == {"a": b"1", "b": b"1"}
        assert load(store, sid).owner == "ada"

    def test_a_missing_record_stays_missing(self, store: Store, clock: FakeClock) -> None:
        """`apply` never creates: for a sid that nobody has it is GONE, and writes nothing."""
        sid, target = new_sid(), new_sid()

        assert store.apply(sid, new_record({"a": b"1"}), Changes({"b": b"2"})) == GONE
        assert store.apply(sid, new_record({"a": b"1"}), Changes(move_to=target)) == GONE
        assert store.apply(sid, new_record(), Changes(expects={"a": b"1"})) == GONE
        assert store.load(sid) is Miss.UNKNOWN
        assert store.load(target) is Miss.UNKNOWN

    @pytest.mark.parametrize(
        "expects",
        [
            {"a": b"1"},
            {"absent": None},
            {"a": b"1", "empty": b"", "absent": None},
        ],
    )
    def test_met_expectations_save(
        self, store: Store, clock: FakeClock, expects: dict[str, bytes | None]
    ) -> None:
        """If the keys are as expected, present or absent, the changes are stored."""
        sid = put(store, {"a": b"1", "empty": b""})
        save(store, sid, load(store, sid), Changes({"a": b"2"}, expects=expects))

        assert load(store, sid).values == {"a": b"2", "empty": b""}

    @pytest.mark.parametrize(
        "expects",
        [
            {"a": b"other"},
            {"a": None},
            {"empty": None},
            {"absent": b""},
            {"a": b"1", "absent": b"1"},
        ],
    )
    def test_unmet_expectations_conflict(
        self, store: Store, clock: FakeClock, expects: dict[str, bytes | None]
    ) -> None:
        """If a key is not as expected, nothing is written, and the present record comes back."""
        sid = put(store, {"a": b"1", "empty": b""})
        before = load(store, sid)
        everything = Changes(
            {"a": b"2"},
            ["empty"],
            expects,
            expires_at=clock.now() + 2 * HOUR,
            seen_at=1,
            owner="eve",
            move_to=new_sid(),
        )

        for changes in (everything, Changes({"a": b"2"}, expects=expects)):
            assert store.apply(sid, before, changes) == (Outcome.CONFLICT, before)
            assert load(store, sid) == before
        assert everything.move_to is not None
        assert store.load(everything.move_to) is Miss.UNKNOWN

    def test_what_was_seen_does_not_meet_expectations(self, store: Store, clock: FakeClock) -> None:
        """What is expected has to be stored; that it once was is not enough."""
        sid = put(store, {"a": b"old"})
        seen = load(store, sid)
        current = save(store, sid, seen, Changes({"a": b"new"}))

        outcome = store.apply(sid, seen, Changes({"b": b"1"}, expects={"a": b"old"}))
        assert outcome == (Outcome.CONFLICT, current)
        assert load(store, sid) == current

    def test_what_was_seen_does_not_cause_a_conflict(self, store: Store, clock: FakeClock) -> None:
        """What is expected is judged by what is stored, even if something else was seen."""
        sid = put(store, {"a": b"old"})
        seen = load(store, sid)
        save(store, sid, seen, Changes({"a": b"new"}))
        save(store, sid, seen, Changes({"b": b"1"}, expects={"a": b"new"}))

        assert load(store, sid).values == {"a": b"new", "b": b"1"}

    def test_an_expectation_needs_no_change(self, store: Store, clock: FakeClock) -> None:
        """A key that must stay absent may be guarded by changes to another one."""
        sid = put(store, {"a": b"1"})
        seen = load(store, sid)
        save(store, sid, seen, Changes({"lock": b"1"}, expects={"lock": None}))

        second = store.apply(sid, seen, Changes({"lock": b"2"}, expects={"lock": None}))
        assert second.outcome is Outcome.CONFLICT
        assert load(store, sid).values == {"a": b"1", "lock": b"1"}

    def test_the_owner_is_set_kept_and_cleared(self, store: Store, clock: FakeClock) -> None:
        """The owner stays until another one is named; "" means nobody."""
        sid = put(store)
        seen = load(store, sid)

        assert save(store, sid, seen, Changes(owner="ada")).owner == "ada"
        assert save(store, sid, seen, Changes({"a": b"1"})).owner == "ada"
        assert load(store, sid).owner == "ada"
        assert save(store, sid, seen, Changes(owner="")).owner == ""
        assert load(store, sid).owner == ""

    def test_times_are_set_and_kept(self, store: Store, clock: FakeClock) -> None:
        """`seen_at` and `expires_at` stay until they are named; `created_at` stays always."""
        sid = put(store)
        created = load(store, sid)
        clock.advance(60)
        now = clock.now()
        save(store, sid, created, Changes(seen_at=now))
        save(store, sid, created, Changes(expires_at=now + HOUR))
        save(store, sid, created, Changes({"a": b"1"}))

        after = load(store, sid)
        assert after.created_at == created.created_at
        assert after.seen_at == now
        assert after.expires_at == now + HOUR

    def test_a_restart_forgets(self, store: Store, clock: FakeClock) -> None:
        """`restart_at` forgets values and owner, begins anew, and keeps what is set with it."""
        sid = put(store, {"a": b"1", "b": b"1"}, owner="ada")
        seen = load(store, sid)
        save(store, sid, seen, Changes({"unseen": b"1"}))
        clock.advance(60)
        save(store, sid, seen, Changes({"b": b"2"}, restart_at=clock.now()))

        after = load(store, sid)
        assert after.values == {"b": b"2"}
        assert after.owner == ""
        assert after.created_at == clock.now()

    def test_a_restart_may_name_an_owner(self, store: Store, clock: FakeClock) -> None:
        """The owner that comes with a restart is the owner of what begins."""
        sid = put(store, {"a": b"1"}, owner="ada")
        changes = Changes({"b": b"2"}, restart_at=clock.now(), owner="bob")

        assert save(store, sid, load(store, sid), changes).owner == "bob"
        assert load(store, sid).owner == "bob"

    def test_what_was_changed_inside_is_written(self, store: Store, clock: FakeClock) -> None:
        """`updates` replaces a value that is there, also if another request has set it anew."""
        sid = put(store, {"a": b"1", "b": b"1"})
        seen = load(store, sid)
        save(store, sid, seen, Changes({"a": b"2"}))
        save(store, sid, seen, Changes(updates={"a": b"3", "b": b"3"}))

        assert load(store, sid).values == {"a": b"3", "b": b"3"}

    def test_what_was_removed_is_not_brought_back(self, store: Store, clock: FakeClock) -> None:
        """`updates` leaves alone what is not there, even if the caller has seen it."""
        sid = put(store, {"a": b"1", "b": b"1"})
        seen = load(store, sid)
        save(store, sid, seen, Changes(removals=["a"]))
        save(store, sid, seen, Changes(updates={"a": b"3", "c": b"3"}))

        assert load(store, sid).values == {"b": b"1"}

    def test_an_empty_record_stays(self, store: Store, clock: FakeClock) -> None:
        """A record from which the last key is removed stays: others may put something in."""
        sid = put(store, {"a": b"1"})
        save(store, sid, load(store, sid), Changes(removals=["a"]))

        assert load(store, sid).values == {}
