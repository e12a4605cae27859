"""Where the records of the Redis store are put: in a cluster, where keys lie apart.

A record and what lies beside it are in one slot, and change in one step. Another sid, and an
owner's index, are in others, on another server as a rule.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .. import clock
from ..record import Record, tombstone
from .redislink import Answer
from .redisplace import Place, Write, enter
from .redisrows import stamp, time_to_live, to_bytes
from .redisscripts import UNDO

# How long the new record of a session that moves lives until the old one is gone, in
# milliseconds. Nobody has its token yet: if we end in between, it goes by itself.
_ORPHAN_LIFETIME = b"60000"


class ClusterPlace(Place):
    """A cluster, where a script may use the keys of one sid together."""

    def create(self, write: Write) -> Answer:
        if write.record.owner:
            return self.write(write)
        return super().create(write)

    def write(self, write: Write) -> Answer:
        # An index has always all the sessions of its owner, and at times some more: who is
        # found in it is looked at. So an entry is made before, and removed after.
        entering, leaving = write.entering(), write.leaving()
        if entering:
            enter(self, entering, write.sid, write.record)
        answer = self._write(write, "", "")
        if answer.value is True:
            self._settle(write, write.sid, entering, leaving)
        return answer

    def move(self, write: Write, target: bytes, taken: Record | None) -> Answer:
        entering, leaving = write.entering(is_moving=True), write.leaving(is_moving=True)
        if entering:
            enter(self, entering, target, write.record)
        values = self._values(write)
        arriving = Write(target, taken, write.record, {**values, **write.beside})
        answer = self._write(arriving, "", "", _ORPHAN_LIFETIME)
        if answer.value is not True:
            return self._refused(write) or Answer([answer.value], answer.is_repeated)
        end = tombstone(clock.now(), target)
        answer = self._write(replace(write, record=end, beside={}), "", "")
        if answer.value is not True:
            self._undo(arriving)
            return answer
        self._prolong(arriving)
        self._settle(write, target, entering, leaving)
        return answer

    def _refused(self, write: Write) -> Answer | None:
        """Return what speaks against *write* where it was found, if anything does."""
        found = self.link.ask("GET", self.keys.record(write.sid))
        if found is None or not found.startswith(stamp(write.found)):
            return Answer(found, False)
        if not write.expects:
            return None
        values = self._fetch(write, list(write.expects))
        return None if values == write.expects else Answer(False, False)

    def _values(self, write: Write) -> dict[str, bytes]:
        """Return the values that lie beside the old record, and will beside the new one."""
        return self._fetch(write, write.kept) if write.kept else {}

    def _fetch(self, write: Write, names: list[str]) -> dict[str, bytes]:
        key = self.keys.values(write.sid)
        found: list[Any] = self.link.ask("HMGET", key, *map(to_bytes, names))
        return {name: data for name, data in zip(names, found, strict=True) if data is not None}

    def _undo(self, arriving: Write) -> None:
        self.link.run(UNDO, self._places(arriving), [stamp(arriving.record)])

    def _prolong(self, arriving: Write) -> None:
        ttl = time_to_live(arriving.record)
        for key in self._places(arriving):
            self.link.ask("PEXPIRE", key, ttl)

    def _settle(self, write: Write, sid: bytes, entering: str, leaving: str) -> None:
        """Make the indexes tell what is so now."""
        was = write.found.owner if write.found else ""
        if entering and (entering != was or sid != write.sid):
            # The record was not there, or not the owner's, when the entry was made.
            enter(self, entering, sid, write.record, confirms=True)
        if leaving:
            self.link.ask("ZREM", self.keys.index(leaving), write.sid)

    def _places(self, write: Write) -> list[bytes]:
        places = [self.keys.record(write.sid)]
        return [*places, self.keys.values(write.sid)] if write.record.beside else places
