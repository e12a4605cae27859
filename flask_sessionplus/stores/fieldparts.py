"""One of the other stores of a session by fields, and what lies there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import blake2b

from .. import clock
from ..errors import DamagedRecord, StoreConflict
from ..record import Changes, Record, tombstone
from .base import Browsable, Carried, Miss, Outcome, Store
from .fieldplaces import is_litter
from .patience import pause

_TRIES = 100


class Part:
    """What the fields of one pattern need of their store.

    Each session has a record of its own there, under a sid of its own, so that two patterns,
    or the main record, may share a store.

    :param pattern: which fields.
    :param store: where they are kept.
    """

    def __init__(self, pattern: str, store: Store) -> None:
        self.pattern = pattern
        self.store = store
        self.is_carried = isinstance(store, Carried)
        self._key = blake2b(pattern.encode("utf-8", "surrogatepass"), digest_size=32).digest()

    def read(self, sid: bytes, inners: Collection[str]) -> dict[str, bytes]:
        """Return those of the values *inners* that are there."""
        found = self.store.load(self._sid(sid))
        if not isinstance(found, Record):
            return {}
        values = {inner: found.values[inner] for inner in inners if inner in found.values}
        beside = [inner for inner in inners if inner in found.beside]
        if beside:
            values |= self.store.fetch(self._sid(sid), beside)
        return values

    def put(self, sid: bytes, values: Mapping[str, bytes], until: int) -> bool:
        """Add *values*, and let the record live until then at least.

        :return: False, if a session has moved from here.
        """
        sid = self._sid(sid)
        for tries in range(_TRIES):
            now = clock.now()
            found = self.store.load(sid)
            if found is Miss.MOVED:
                return False
            if not isinstance(found, Record):
                # What is gone cannot be made to live longer.
                if not values or self.store.create(sid, Record(now, now, until, dict(values))):
                    return True
            else:
                expires_at = until if until > found.expires_at else None
                changes = Changes(dict(values), expires_at=expires_at, seen_at=now)
                if self.store.apply(sid, found, changes).outcome is Outcome.SAVED:
                    return True
            pause(tries)
        raise StoreConflict(
            f"The part {self.pattern!r} of a session was changed by others {_TRIES} times in a"
            " row. Nothing was written: try again."
        )

    def remove(
        self, sid: bytes, inners: Collection[str], keep: Collection[str] | None = None
    ) -> None:
        """Remove the values *inners*.

        :param keep: what the main record names: whatever else has lain here for long goes too.
        """
        sid = self._sid(sid)
        found = self.store.load(sid)
        if not isinstance(found, Record):
            return
        here = {*found.values, *found.beside}
        gone = here.intersection(inners)
        if keep is not None and not self.is_carried:
            gone |= {inner for inner in here.difference(keep) if is_litter(inner)}
        if gone:
            self.store.apply(sid, found, Changes(removals=gone))

    def leave(self, sid: bytes, target: bytes) -> None:
        """Remove all, and leave word that it is at *target* now."""
        place = self._sid(sid)
        self.store.delete(place)
        if not self.is_carried:
            self.store.create(place, tombstone(clock.now(), self._sid(target)))

    def delete(self, sid: bytes) -> None:
        """Remove all, wherever it has moved."""
        try:
            self.store.delete(self._sid(sid))
        except DamagedRecord:
            pass

    def delete_all(self) -> None:
        """Remove all of all sessions, or leave them to expire if the store cannot be asked to."""
        if isinstance(self.store, Browsable):
            self.store.delete_all()

    def _sid(self, sid: bytes) -> bytes:
        return blake2b(sid, digest_size=32, key=self._key).digest()
