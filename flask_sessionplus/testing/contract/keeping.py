"""Claims about loading, creating and deleting."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ...errors import DamagedRecord
from ...record import Changes, Record
from ...stores.base import Miss, Outcome, Preparable, Store
from ..clock import FakeClock
from .base import GONE, HOUR, Contract, key, load, needs, new_record, new_sid, put, save, whole


class KeepClaims(Contract):
    """A record is there from ``create`` to ``delete``, and nowhere else."""

    def test_an_unknown_sid_is_a_miss(self, store: Store) -> None:
        """A sid that nobody has created is UNKNOWN, which is a value and no error."""
        assert store.load(new_sid()) is Miss.UNKNOWN

    def test_what_was_created_is_loaded(self, store: Store, clock: FakeClock) -> None:
        """`load` returns the record that was given to `create`: values, times and owner."""
        now = clock.now()
        sid = new_sid()
        created = Record(now - 5, now - 3, now + HOUR, {"a": b"1", "b": b""}, owner="ada")
        assert store.create(sid, created)

        assert load(store, sid) == created

    def test_a_record_without_keys_exists(self, store: Store, clock: FakeClock) -> None:
        """A record is there because it was created, not because something is in it."""
        sid = put(store, {})

        assert load(store, sid).values == {}
        assert not store.create(sid, new_record({"a": b"1"}))

    def test_a_large_record_is_loaded(self, store: Store, clock: FakeClock) -> None:
        """A value of a megabyte and a thousand small ones come back whole."""
        values = {key(n): b"%d" % n for n in range(1000)} | {"large": bytes(range(256)) * 4096}
        sid = put(store, values)

        assert whole(store, sid) == values

    def test_records_are_apart(self, store: Store, clock: FakeClock) -> None:
        """Sids whose first halves differ in a single bit are different sessions."""
        sid = put(store, {"a": b"1"})
        near = [
            sid[:15] + bytes([sid[15] ^ 1]) + sid[16:],
            bytes([sid[0] ^ 0x80]) + sid[1:],
        ]
        for other in near:
            assert store.create(other, new_record({"a": b"2"}))
        assert store.delete(near[0])

        assert load(store, sid).values == {"a": b"1"}
        assert load(store, near[1]).values == {"a": b"2"}

    def test_create_does_not_replace(self, store: Store, clock: FakeClock) -> None:
        """`create` returns False for a sid in use, and leaves what is there."""
        sid = put(store, {"a": b"first"}, owner="ada")

        assert store.create(sid, new_record({"a": b"second"})) is False
        assert load(store, sid).values == {"a": b"first"}
        assert load(store, sid).owner == "ada"

    @needs("shared")
    def test_another_store_sees_it(self, open_again: Callable[[], Store], store: Store) -> None:
        """What one store object has written, another one on the same place reads at once."""
        sid = put(store, {"a": b"1"})
        other = open_again()
        save(other, sid, load(other, sid), Changes({"b": b"2"}))

        assert load(store, sid).values == {"a": b"1", "b": b"2"}

    def test_delete_tells_whether_it_was_there(self, store: Store, clock: FakeClock) -> None:
        """`delete` returns True for a live record, and False once it is gone."""
        sid = put(store, {"a": b"1"})

        assert store.delete(new_sid()) is False
        assert store.delete(sid) is True
        assert store.load(sid) is Miss.UNKNOWN
        assert store.delete(sid) is False

    def test_a_deleted_record_is_not_revived(self, store: Store, clock: FakeClock) -> None:
        """Whoever still holds a deleted record cannot bring it back by writing to it."""
        sid = put(store, {"a": b"1"})
        seen = load(store, sid)
        store.delete(sid)
        everything = Changes({"a": b"2"}, expires_at=clock.now() + HOUR, owner="ada")

        assert store.apply(sid, seen, everything) == GONE
        assert store.apply(sid, seen, Changes({"a": b"2"}, move_to=new_sid())) == GONE
        assert store.load(sid) is Miss.UNKNOWN

    def test_a_former_life_does_not_return(self, store: Store, clock: FakeClock) -> None:
        """Changes to a record that was deleted and created anew bring nothing of the old one."""
        sid = put(store, {"old": b"1"}, owner="ada")
        seen = load(store, sid)
        store.delete(sid)
        clock.advance(1)
        assert store.create(sid, new_record({"new": b"2"}))
        store.apply(sid, seen, Changes({"late": b"3"}))

        assert "old" not in load(store, sid).values
        assert load(store, sid).values["new"] == b"2"
        assert load(store, sid).owner == ""

    def test_what_is_given_stays_as_it_is(self, store: Store, clock: FakeClock) -> None:
        """A store changes neither the record nor the changes that it is given."""
        sid = new_sid()
        record = new_record({"a": b"1", "b": b"2"})
        changes = Changes({"c": b"3"}, ["a"], {"b": b"2"}, owner="ada")
        store.create(sid, record)
        seen = load(store, sid)
        save(store, sid, seen, changes)

        assert record == new_record({"a": b"1", "b": b"2"})
        assert seen.values == {"a": b"1", "b": b"2"}
        assert seen.owner == ""
        assert changes == Changes({"c": b"3"}, ["a"], {"b": b"2"}, owner="ada")

    def test_what_is_stored_stays_as_it_is(self, store: Store, clock: FakeClock) -> None:
        """Whoever changes a record he gave or got changes only his own copy."""
        sid = new_sid()
        record = new_record({"a": b"1"})
        store.create(sid, record)
        record.values["a"] = b"spoiled"
        record.owner = "eve"
        loaded = load(store, sid)
        loaded.values["a"] = b"spoiled"
        loaded.owner = "eve"
        changes = Changes({"b": b"2"})
        applied = save(store, sid, load(store, sid), changes)
        applied.values["a"] = b"spoiled"
        changes.sets["b"] = b"spoiled"
        _, conflict = store.apply(sid, load(store, sid), Changes(expects={"a": b"?"}))
        assert conflict is not None
        conflict.values["a"] = b"spoiled"

        assert load(store, sid).values == {"a": b"1", "b": b"2"}
        assert load(store, sid).owner == ""

    def test_prepare_is_harmless(self, store: Store, clock: FakeClock) -> None:
        """A place that is made once more keeps what is in it."""
        sid = put(store, {"a": b"1"})
        if isinstance(store, Preparable):
            store.prepare()
            store.prepare()

        assert load(store, sid).values == {"a": b"1"}

    def test_a_closed_store_opens_again(self, store: Store, clock: FakeClock) -> None:
        """`close` ends nothing for good: what was stored is there, and more can be."""
        sid = put(store, {"a": b"1"})
        for number in range(3):
            store.close()
            save(store, sid, load(store, sid), Changes({key(number): b"1"}))
        store.close()
        store.close()

        assert load(store, sid).values == {"a": b"1"} | {key(n): b"1" for n in range(3)}

    @needs("damage")
    def test_a_damaged_record_is_a_fault(self, store: Store, clock: FakeClock) -> None:
        """Bytes that are no record raise DamagedRecord, and are not written over."""
        sid, healthy = put(store, {"a": b"1" * 100}), put(store, {"a": b"1"})
        look = self.damage(store, sid)
        damaged = look()
        for _ in range(2):
            with pytest.raises(DamagedRecord):
                store.load(sid)
        # A view that is out of date, so that the stored bytes have to be read.
        seen = new_record(revision=99)
        for changes in (Changes({"b": b"2"}), Changes({"b": b"2"}, move_to=new_sid())):
            with pytest.raises(DamagedRecord):
                store.apply(sid, seen, changes)
            assert load(store, healthy).values == {"a": b"1"}
        assert _is_refused(store, sid)

        assert look() == damaged

    @needs("damage")
    def test_a_damaged_record_can_be_deleted(self, store: Store, clock: FakeClock) -> None:
        """Whoever signs out is signed out, even if his record cannot be read."""
        sid = put(store, {"a": b"1" * 100})
        self.damage(store, sid)
        store.delete(sid)

        assert store.load(sid) is Miss.UNKNOWN
        assert store.apply(sid, new_record(), Changes({"a": b"2"})).outcome is Outcome.GONE


def _is_refused(store: Store, sid: bytes) -> bool:
    try:
        return not store.create(sid, new_record())
    except DamagedRecord:
        return True
