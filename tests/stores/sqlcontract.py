"""The contract for the SQL store, and what holds on every database."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from flask_sessionplus.record import Changes, Record
from flask_sessionplus.stores.base import (
    Applied,
    Browsable,
    Miss,
    Outcome,
    OwnerIndex,
    Purgeable,
)
from flask_sessionplus.testing import StoreContract
from tests.stores.records import load, new_record, new_sid, put, save
from tests.stores.sqllarge import LargeClaims
from tests.stores.sqlmany import ManyClaims
from tests.stores.sqlwatching import interrupted, statements

GONE = Applied(Outcome.GONE)


class SQLContract(LargeClaims, ManyClaims, StoreContract):
    """What SQLite, PostgreSQL and MariaDB have in common."""

    powers = (Purgeable, OwnerIndex, Browsable)

    #: The statements of a move.
    move = ("BEGIN", "UPDATE", "INSERT", "COMMIT")

    @pytest.fixture
    def other(self, open_again):
        """Return the store of another process, as far as the database can tell."""
        return open_again()

    def close(self, store):
        """Give the connections back."""
        store.close()

    def damage(self, store, sid):
        """Turn one bit of the packed values."""
        table = store.table
        data = bytearray(self.data(store, sid))
        data[len(data) // 2] ^= 4
        with store.engine.connect() as connection:
            spoil = table.update().where(table.c.sid == sid).values(data=bytes(data))
            connection.execute(spoil)
        return lambda: self.data(store, sid)

    def data(self, store, sid):
        """Return the packed values as they are stored."""
        table = store.table
        with store.engine.connect() as connection:
            return connection.execute(table.select().where(table.c.sid == sid)).one().data

    def count_beside(self, store):
        """Count the rows of the second table."""
        with store.engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(store.values))

    # What it costs.

    def test_each_call_is_one_statement(self, store, clock):
        """Load, create, write and delete take one statement each."""
        sid = put(store, {"a": b"1"})
        seen = load(store, sid)
        new = new_sid()
        with statements(store) as sent:
            store.load(sid)
            assert [each.split()[0] for each in sent] == ["SELECT"]
            store.apply(sid, seen, Changes({"a": b"2"}, expires_at=clock.now() + 5000))
            assert [each.split()[0] for each in sent] == ["SELECT", "UPDATE"]
            store.create(new, new_record())
            assert [each.split()[0] for each in sent[2:]] == ["INSERT"]
            store.delete(new)
            assert [each.split()[0] for each in sent[3:]] == ["DELETE"]

    def test_a_move_is_one_step(self, store, clock):
        """A move takes one statement on PostgreSQL, else two in a transaction."""
        sid = put(store, {"a": b"1"})
        seen = load(store, sid)
        with statements(store) as sent:
            store.apply(sid, seen, Changes({"a": b"2"}, move_to=new_sid()))

        assert tuple(each.split()[0] for each in sent) == self.move

    def test_only_what_changed_is_written(self, store, clock):
        """A write that only extends a session leaves data and owner, and their index, alone."""
        sid = put(store, {"a": b"1"}, owner="ada")
        seen = load(store, sid)
        with statements(store) as sent:
            store.apply(sid, seen, Changes(expires_at=clock.now() + 5000))

        assert "expires_at=" in sent[0]
        assert not any(f"{name}=" in sent[0] for name in ("data", "owner", "created_at", "sid"))

    def test_nothing_is_sent_for_a_store_that_is_not_used(self, opener, open_again):
        """To make a store connects to nothing."""
        store = open_again()

        assert store._connections._pool is None

    # Others come in between, at the worst moment.

    def test_a_faster_writer_is_merged(self, store, other, clock):
        """A write that comes between our reading and our writing is not lost."""
        sid = put(store, {"a": b"1"})
        seen = load(store, sid)
        faster = [self._writer(other, sid, number) for number in range(1)]
        with interrupted(store, "UPDATE", *faster):
            applied = store.apply(sid, seen, Changes({"b": b"1"}))

        assert applied == (Outcome.SAVED, load(store, sid))
        assert applied.record.values == {"a": b"1", "b": b"1", "other-0": b"1"}

    def test_whoever_is_beaten_again_and_again_gets_through(self, store, other, clock):
        """After a few tries the row is locked: then nobody is faster, and nothing is lost."""
        sid = put(store, {"a": b"1"})
        seen = load(store, sid)
        faster = [self._writer(other, sid, number) for number in range(3)]
        with interrupted(store, "UPDATE", *faster), statements(store) as sent:
            applied = store.apply(sid, seen, Changes({"b": b"1"}))

        others = {f"other-{number}": b"1" for number in range(3)}
        assert applied == (Outcome.SAVED, load(store, sid))
        assert applied.record.values == {"a": b"1", "b": b"1"} | others
        assert any(each.startswith("BEGIN") for each in sent)
        assert sent[-1] == "COMMIT"

    def test_a_faster_writer_conflicts(self, store, other, clock):
        """What is expected is judged once more if somebody was faster."""
        sid = put(store, {"other-0": b"0"})
        seen = load(store, sid)
        with interrupted(store, "UPDATE", self._writer(other, sid, 0)):
            changes = Changes({"b": b"1"}, expects={"other-0": b"0"})
            applied = store.apply(sid, seen, changes)

        assert applied == (Outcome.CONFLICT, load(store, sid))
        assert applied.record.values == {"other-0": b"1"}

    def test_a_faster_removal_is_not_undone(self, store, other, clock):
        """A key removed between our reading and our writing stays removed, if we only update it."""
        sid = put(store, {"a": b"1", "b": b"1"})
        seen = load(store, sid)
        with interrupted(store, "UPDATE", lambda: save(other, sid, seen, Changes(removals=["a"]))):
            applied = store.apply(sid, seen, Changes(updates={"a": b"2", "b": b"2"}))

        assert applied == (Outcome.SAVED, load(store, sid))
        assert applied.record.values == {"b": b"2"}

    @pytest.mark.parametrize("tries", [1, 2, 3])
    def test_a_faster_sign_out_wins(self, store, other, clock, tries):
        """A record deleted between our reading and our writing stays deleted, at every try."""
        sid = put(store, {"a": b"1"})
        seen = load(store, sid)
        faster = [self._writer(other, sid, number) for number in range(tries - 1)]
        with interrupted(store, "UPDATE", *faster, lambda: other.delete(sid)):
            assert store.apply(sid, seen, Changes({"b": b"1"})) == GONE

        assert store.load(sid) is Miss.UNKNOWN

    @pytest.mark.parametrize("tries", [1, 2, 3])
    def test_a_faster_move_wins(self, store, other, clock, tries):
        """A record that moved between our reading and our writing is not written, at any try."""
        sid, target = put(store, {"a": b"1"}), new_sid()
        seen = load(store, sid)
        faster = [self._writer(other, sid, number) for number in range(tries - 1)]

        def move():
            assert other.apply(sid, load(other, sid), Changes(move_to=target)).record

        with interrupted(store, "UPDATE", *faster, move):
            assert store.apply(sid, seen, Changes({"b": b"1"})) == GONE

        assert "b" not in load(store, target).values
        assert store.load(sid) is Miss.MOVED

    @pytest.mark.parametrize("tries", [1, 2, 3])
    def test_time_may_run_out(self, store, other, clock, tries):
        """A record that expires while we are trying is not written any more."""
        sid = put(store, {"a": b"1"}, expires_at=clock.now() + 1000)
        seen = load(store, sid)
        faster = [self._writer(other, sid, number) for number in range(tries)]

        def expire():
            faster.pop()()
            clock.advance(1)

        with interrupted(store, "UPDATE", *faster[1:], expire):
            assert store.apply(sid, seen, Changes({"b": b"1"})) == GONE

        assert not isinstance(store.load(sid), Record)

    def test_a_faster_writer_moves_along(self, store, other, clock):
        """A write that comes right before a move goes with it."""
        sid, target = put(store, {"a": b"1"}), new_sid()
        seen = load(store, sid)
        with interrupted(store, self.move[0], self._writer(other, sid, 0)):
            applied = store.apply(sid, seen, Changes(move_to=target))

        assert applied == (Outcome.SAVED, load(store, target))
        assert applied.record.values == {"a": b"1", "other-0": b"1"}

    def test_a_faster_create_wins_in_an_expired_place(self, store, other, clock):
        """Whoever creates while we make room keeps the place."""
        for before in ("DELETE", "INSERT"):
            sid = put(store, expires_at=clock.now() + 1000)
            clock.advance(1)

            def create(sid=sid):
                assert other.create(sid, new_record({"other": b"1"}))

            skipped = [lambda: None] if before == "INSERT" else []
            with interrupted(store, before, *skipped, create):
                assert store.create(sid, new_record({"ours": b"1"})) is False

            assert load(store, sid).values == {"other": b"1"}

    def test_a_purge_spares_what_is_created_meanwhile(self, store, other, clock):
        """A record created where an expired one was found is not removed with it."""
        sid = put(store, expires_at=clock.now() + 1000)
        clock.advance(1)
        with interrupted(store, "DELETE", lambda: other.create(sid, new_record({"a": b"1"}))):
            assert store.purge(10) == 0

        assert load(store, sid).values == {"a": b"1"}

    def test_a_sign_out_follows_a_faster_move(self, store, other, clock):
        """A session that moves on while it is being deleted is found where it went."""
        sids = [put(store, {"a": b"1"}), new_sid(), new_sid()]

        def move(number):
            seen, changes = load(other, sids[number]), Changes(move_to=sids[number + 1])
            assert other.apply(sids[number], seen, changes).outcome is Outcome.SAVED

        with interrupted(store, "DELETE", lambda: move(0), lambda: move(1)):
            assert store.delete(sids[0]) is True

        assert store.load(sids[2]) is Miss.UNKNOWN

    def _writer(self, other, sid, number):
        def write():
            changes = Changes({f"other-{number}": b"1"})
            assert other.apply(sid, load(other, sid), changes).outcome is Outcome.SAVED

        return write

    # The table.

    def test_expired_rows_are_found_by_an_index(self, store, clock):
        """There is an index for the expiry, and one for the owner."""
        indexed = {tuple(index.columns.keys()) for index in store.table.indexes}

        assert indexed == {("expires_at",), ("owner",)}

    def test_tombstones_have_no_owner(self, store, clock):
        """What a moved session leaves behind belongs to nobody, and holds nothing of it."""
        sid = put(store, {"secret": b"secret"}, owner="ada")
        store.apply(sid, load(store, sid), Changes(move_to=new_sid()))
        table = store.table
        with store.engine.connect() as connection:
            row = connection.execute(table.select().where(table.c.sid == sid)).one()

        assert row.owner is None
        assert b"secret" not in row.data
