"""A store as simple as can be: what every other one is compared with."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ... import clock
from ...record import Changes, Record, tombstone
from ...stores.base import Outcome


class Model:
    """Sessions in a dict, each with all its values; one thing after the other.

    It knows what the contract says by itself, and nothing of ``record.merge``.
    """

    def __init__(self) -> None:
        self._records: dict[bytes, Record] = {}

    def last(self, sid: bytes) -> Record | None:
        """Return what was last put in the place of *sid* and not deleted, expired or not."""
        return self._records.get(sid)

    def find(self, sid: bytes) -> Record | None:
        """Return the record or tombstone that takes the place of *sid*."""
        record = self._records.get(sid)
        return record if record is not None and record.expires_at > clock.now() else None

    def live(self, sid: bytes) -> Record | None:
        """Return the live record of *sid*."""
        record = self.find(sid)
        return record if record is not None and not record.moved_to else None

    def create(self, sid: bytes, record: Record) -> bool:
        """Store a new record, if the place is free."""
        if self.find(sid) is not None:
            return False
        self._records[sid] = replace(record, values=dict(record.values))
        return True

    def apply(self, sid: bytes, changes: Changes) -> set[Outcome]:
        """Do the changes if nothing is against it; return the outcomes that are right."""
        record = self.live(sid)
        if record is None:
            return {Outcome.GONE}
        wrong = set()
        if any(record.values.get(name) != data for name, data in changes.expects.items()):
            wrong.add(Outcome.CONFLICT)
        if changes.move_to is not None and self.find(changes.move_to) is not None:
            wrong.add(Outcome.TAKEN)
        if wrong:
            return wrong
        if changes.move_to is not None:
            self._records[sid] = tombstone(clock.now(), changes.move_to)
            sid = changes.move_to
        self._records[sid] = _changed(record, changes)
        return {Outcome.SAVED}

    def delete(self, sid: bytes) -> bool:
        """Remove the record, wherever it has gone."""
        record = self.find(sid)
        while record is not None and record.moved_to:
            sid = record.moved_to
            record = self.find(sid)
        if record is None:
            # One that has expired is nobody's any more: a store may leave it to be purged.
            return False
        del self._records[sid]
        return True

    def purge(self) -> None:
        """Remove all that is expired."""
        self._records = {s: record for s, record in self._records.items() if self.find(s)}

    def owned(self, owner: str) -> set[bytes]:
        """Return the sids of the live records of *owner*."""
        return {sid for sid, record in self.alive().items() if owner and record.owner == owner}

    def delete_owned(self, owner: str, spare: Collection[bytes]) -> int:
        """Remove the records of *owner*, but for *spare*."""
        return sum(self.delete(sid) for sid in self.owned(owner).difference(spare))

    def alive(self) -> dict[bytes, Record]:
        """Return all live records."""
        found = {sid: self.live(sid) for sid in self._records}
        return {sid: record for sid, record in found.items() if record is not None}


def _changed(record: Record, changes: Changes) -> Record:
    values = dict(record.values)
    owner, created_at = record.owner, record.created_at
    if changes.restart_at is not None:
        values, owner, created_at = {}, "", changes.restart_at
    for name in changes.removals:
        values.pop(name, None)
    for name in changes.updates.keys() & values.keys():
        values[name] = changes.updates[name]
    values |= changes.sets
    return Record(
        created_at,
        record.seen_at if changes.seen_at is None else changes.seen_at,
        record.expires_at if changes.expires_at is None else changes.expires_at,
        values,
        owner=owner if changes.owner is None else changes.owner,
    )
