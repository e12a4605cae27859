"""What holds for many sessions at once on every database: what it costs, and nobody escapes."""

from __future__ import annotations

import pytest

from flask_sessionplus.record import Changes, Record
from flask_sessionplus.stores import sqlmany
from flask_sessionplus.stores.sql import SQLStore
from tests.stores.records import load, new_sid, put, save
from tests.stores.sqlwatching import interrupted, statements

LARGE = bytes(20_000)


class ManyClaims:
    """To be inherited beside `StoreContract`."""

    def test_fifty_sessions_are_not_fifty_statements(self, store, clock):
        """Listing and ending an owner's sessions takes as many statements for 50 as for one."""
        counts = {}
        for owner, number in (("ada", 1), ("bob", 50)):
            for _ in range(number):
                put(store, {"a": b"1"}, owner=owner)
            with statements(store) as sent:
                assert len(store.owned(owner)) == number
                assert store.delete_owned(owner) == number
            counts[owner] = [each.split()[0] for each in sent]

        assert counts["ada"] == counts["bob"] == ["SELECT", "SELECT", "DELETE"]

    def test_large_sessions_are_ended_together(self, store, clock):
        """The same holds for sessions with values beside them: one transaction for all."""
        counts = {}
        for owner, number in (("ada", 1), ("bob", 50)):
            for _ in range(number):
                put(store, {"large": LARGE}, owner=owner)
            with statements(store) as sent:
                assert store.delete_owned(owner) == number
            counts[owner] = [each.split()[0] for each in sent]

        assert counts["ada"] == counts["bob"]
        assert counts["bob"].count("DELETE") == 2

    def test_finding_is_one_statement(self, store, clock):
        """A session is found by one look at the primary key, whoever owns it."""
        sid = put(store)
        with statements(store) as sent:
            assert store.find(sid[:16]) == sid
            assert store.find(new_sid()[:16]) is None

        assert [each.split()[0] for each in sent] == ["SELECT", "SELECT"]
        assert all(" LIKE " not in each and "sid >=" in each for each in sent)

    def test_clearing_takes_few_statements(self, store, clock):
        """A thousand small sessions are removed by two statements, and looked for once more."""
        table = store.table
        sid = put(store, {"a": b"1"}, owner="ada")
        with store.engine.connect() as connection:
            [row] = connection.execute(table.select().where(table.c.sid == sid)).mappings()
            rows = [{**row, "sid": new_sid()} for _ in range(999)]
            connection.execute(table.insert(), rows)
        with statements(store) as sent:
            assert store.delete_all() == 1_000

        assert [each.split()[0] for each in sent] == ["SELECT", "DELETE", "SELECT", "SELECT"]

    @pytest.fixture
    def by_one(self, opener, monkeypatch):
        """Return a store that removes one record at a time."""
        monkeypatch.setattr(sqlmany, "_MOST_AT_ONCE", 1)
        store = opener()
        yield store
        store.close()

    def test_who_moves_behind_is_met(self, store, by_one, clock):
        """A session that moves to where all was removed already is removed as well."""
        sids = [bytes([number]) * 32 for number in (64, 128)]
        behind = bytes(32)
        assert store.create(sids[0], _record(clock, 1_000))
        assert store.create(sids[1], _record(clock, 5_000))
        seen = load(store, sids[1])
        clock.advance(1)

        def move():
            save(store, sids[1], seen, Changes({"b": b"2"}, move_to=behind))

        with interrupted(by_one, "DELETE", move):
            by_one.delete_all()

        assert not isinstance(store.load(behind), Record)
        assert list(store.browse()) == []

    def test_who_grows_is_met(self, store, opener, clock):
        """A session that gets its first large value while it is being removed goes with it."""
        clearing = opener()
        sid = put(store, {"a": b"1"})
        seen = load(store, sid)
        with interrupted(clearing, "DELETE", lambda: save(store, sid, seen, Changes({"l": LARGE}))):
            clearing.delete_all()
        clearing.close()

        assert not isinstance(store.load(sid), Record)
        assert self.count_beside(store) == 0

    def test_other_tables_are_left_alone(self, store, clock):
        """Clearing one table does not touch another one of the same database."""
        other = SQLStore(store.engine, f"{store.table.name}_other", store.table.schema)
        other.prepare()
        try:
            sid = put(other, {"a": b"1", "large": LARGE}, owner="ada")
            put(store, {"a": b"1", "large": LARGE}, owner="ada")
            seen = load(other, sid)
            assert store.delete_all() == 1

            assert other.owned("ada") == [(sid, seen)]
            assert other.fetch(sid, ["large"]) == {"large": LARGE}
            assert other.find(sid[:16]) == sid
        finally:
            for table in (other.values, other.table):
                table.drop(other.engine)
            other.close()


def _record(clock, lifetime):
    now = clock.now()
    return Record(now, now, now + lifetime, {"a": b"1"})
