"""What holds for large sessions on every database, and for many sessions."""

from __future__ import annotations

from collections.abc import Sized

import pytest
from sqlalchemy import event

from flask_sessionplus.record import Changes
from flask_sessionplus.stores.base import Outcome
from tests.stores.records import HOUR, load, new_sid, put, save, whole
from tests.stores.sqlwatching import interrupted, statements

LARGE, OTHER_LARGE = b"L" * 20_000, b"M" * 20_000
MANY = {f"key-{number}": bytes([number]) * 1_280 for number in range(200)}


def size(parameters):
    """Return how many bytes *parameters* take, roughly."""
    values = parameters.values() if isinstance(parameters, dict) else parameters
    total = 0
    for value in values:
        parts = value if isinstance(value, list) else [value]
        total += sum(len(part) if isinstance(part, Sized) else 8 for part in parts)
    return total


class LargeClaims:
    """To be inherited by `SQLContract`."""

    #: What a swap begins with that takes more than one row.
    step = "BEGIN"

    def sent(self, store, use):
        """Return how many bytes *use* sends, with statements as short as they are prepared."""
        sizes = []

        def collect(connection, cursor, statement, parameters, context, executemany):
            sizes.append(size(parameters))

        event.listen(store.engine, "before_cursor_execute", collect)
        try:
            use()
        finally:
            event.remove(store.engine, "before_cursor_execute", collect)
        return sum(sizes)

    @pytest.mark.parametrize("changed", [b"x" * 1_280, b"x" * 1_290])
    def test_one_key_of_many_is_written_alone(self, store, clock, changed):
        """Of 200 keys of 1.25 KB, changing one sends less than 4 KB."""
        sid = put(store, MANY)
        seen = load(store, sid)
        changes = Changes({"key-7": changed}, expires_at=clock.now() + HOUR)

        assert self.sent(store, lambda: save(store, sid, seen, changes)) < 4_096
        assert whole(store, sid) == {**MANY, "key-7": changed}

    def test_a_value_of_the_same_size_leaves_the_row_small(self, store, clock):
        """The names and sizes that a row holds are not written if they stay."""
        sid = put(store, MANY)
        seen = load(store, sid)
        with statements(store) as sent:
            save(store, sid, seen, Changes({"key-7": b"x" * 1_280}))

        updates = [each for each in sent if "UPDATE" in each and store.table.name + " SET" in each]
        assert len(updates) == 1
        assert "data=" not in updates[0].partition("WHERE")[0]

    def test_a_fetch_is_one_statement(self, store, clock):
        """However many values are asked for, it is one statement."""
        sid = put(store, MANY)
        with statements(store) as sent:
            assert store.fetch(sid, list(MANY)) == MANY
            assert store.fetch(sid, ["key-1", "key-2", "key-3", "?"]).keys() == {
                *("key-1", "key-2", "key-3")
            }

        assert [each.split()[0] for each in sent] == ["SELECT", "SELECT"]

    def test_a_small_change_of_a_large_session_is_one_statement(self, store, clock):
        """Where no large value is touched, the second table is not."""
        sid = put(store, {"large": LARGE, "small": b"1"})
        seen = load(store, sid)
        with statements(store) as sent:
            save(store, sid, seen, Changes({"small": b"2"}, expires_at=clock.now() + 5_000))

        assert [each.split()[0] for each in sent] == ["UPDATE"]

    def test_a_large_value_changed_meanwhile_is_noticed(self, store, other, clock):
        """What was expected is compared with what is there when it is written, not before."""
        sid = put(store, {"large": LARGE})
        seen = load(store, sid)
        changes = Changes({"large": b"N" * 20_000}, expects={"large": LARGE})

        def change():
            save(other, sid, load(other, sid), Changes({"large": OTHER_LARGE}))

        with interrupted(store, self.step, change):
            applied = store.apply(sid, seen, changes)

        assert applied.outcome is Outcome.CONFLICT
        assert whole(store, sid) == {"large": OTHER_LARGE}

    def test_a_faster_sign_out_takes_new_values_with_it(self, store, other, clock):
        """Values that were to lie beside a record that is deleted meanwhile are not written."""
        for target in (None, new_sid()):
            sid = put(store, {"a": b"1"})
            seen = load(store, sid)
            with interrupted(store, self.step, lambda sid=sid: other.delete(sid)):
                applied = store.apply(sid, seen, Changes({"large": LARGE}, move_to=target))

            assert applied.outcome is Outcome.GONE
            assert self.count_beside(store) == 0

    def test_a_record_that_grows_meanwhile_is_deleted_whole(self, store, other, clock):
        """Whoever deletes a small record that becomes large at this moment leaves nothing."""
        sid = put(store, {"a": b"1"}, owner="ada")
        seen = load(store, sid)
        grow = [lambda: save(other, sid, seen, Changes({"large": LARGE}))]
        with interrupted(store, "DELETE", *grow):
            assert store.delete(sid) is True

        assert self.count_beside(store) == 0
        sid = put(store, {"a": b"1"}, owner="ada")
        with interrupted(store, "DELETE", lambda: save(other, sid, seen, Changes({"b": LARGE}))):
            assert store.delete_owned("ada") == 1
        assert self.count_beside(store) == 0

    def test_a_revocation_follows_a_faster_move(self, store, other, clock):
        """A session that moves on while its owner's are being removed is removed as well."""
        sids = [put(store, {"a": b"1"}, owner="ada"), new_sid(), new_sid()]
        put(store, {"large": LARGE}, owner="ada")

        def move(number):
            seen = load(other, sids[number])
            save(other, sids[number], seen, Changes(move_to=sids[number + 1]))

        skipped = [lambda: None] * 2
        with interrupted(store, "DELETE", lambda: move(0), *skipped, lambda: move(1)):
            assert store.delete_owned("ada") == 2

        assert store.owned("ada") == []

    def test_many_large_sessions_are_purged_in_batches(self, store, clock):
        """A purge of large sessions takes several short transactions, and leaves nothing."""
        for _ in range(120):
            put(store, {"a": b"a" * 5_000, "b": b"b" * 5_000}, expires_at=clock.now() + 1)
        clock.advance(1)
        with statements(store) as sent:
            assert store.purge(1_000) == 120

        assert sum(each.startswith("COMMIT") for each in sent) == 2
        assert self.count_beside(store) == 0
        assert store.count_expired() == 0

    def test_going_through_all_reads_pages(self, store, clock):
        """`browse` reads some sids at a time, each page by where the last one ended."""
        sids = {put(store) for _ in range(510)}
        with statements(store) as sent:
            browsing = store.browse()
            first = next(browsing)
            assert len(sent) == 1
            assert {first, *browsing} == sids

        assert len(sent) == 3
        assert all("sid >" in each for each in sent)
