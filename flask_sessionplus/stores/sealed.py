"""Encryption at rest, for any store.

What somebody who can write to the database can still do: lengthen a session, up to its
absolute lifetime; remove it; put an earlier state of it, or of a large value, back. Reading
tells him whose sessions there are, how large, and when they are used.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from ..errors import DamagedRecord, StoreConflict
from ..findings import Finding
from ..record import Changes, Record, expected_beside, is_expected, merge
from .base import Applied, Browsable, Diagnosable, Miss, Outcome, OwnerIndex, Page, Store
from .diagnosing import diagnose_all
from .powers import able
from .sealeddiagnosis import diagnose
from .sealedrecords import (
    SEALED,
    RecordSealer,
    Unsealed,
    Written,
    missing_value,
    plain_copy,
)

if TYPE_CHECKING:
    from ..sealing import Sealer

# Whoever loses has lost to one who got through: this is patience, not luck.
_TRIES = 200

_log = logging.getLogger("flask_sessionplus")


def sealed(inner: Store, sealer: Sealer) -> SealedStore:
    """Return a store that seals what it keeps in *inner*.

    It finds owners if that does, and can be gone through if that can.
    """
    powers = {OwnerIndex: _SealedIndex, Browsable: _SealedBrowsable}
    return able(SealedStore, powers, inner)(inner, sealer)


class SealedStore(Store):
    """Seals records before *inner* gets them. Use :func:`sealed` to make one.

    :param inner: where the sealed records are kept. What lies there unsealed is refused.
    :param sealer: seals them. After a change of keys the next write to a record, be it of
        its times only, seals all of it with the newest one.
    """

    def __init__(self, inner: Store, sealer: Sealer) -> None:
        self.parts = (inner,)
        self.is_shared = inner.is_shared
        self._inner = inner
        self._records = RecordSealer(sealer)

    def load(self, sid: bytes) -> Record | Miss:
        return self._load(sid)

    def create(self, sid: bytes, record: Record) -> bool:
        if not record.moved_to:
            written = self._records.seal(sid, plain_copy(record, record.values))
            record = plain_copy(record, written.values)
        return self._inner.create(sid, record)

    def apply(self, sid: bytes, seen: Record, changes: Changes) -> Applied:
        # Never a view of anything else to the inner store, which may write what it is shown.
        if isinstance(seen, Unsealed) and self._records.has_opened(seen):
            return self._apply(sid, seen, changes, is_fresh=False)
        found = self._load(sid)
        if isinstance(found, Miss):
            return Applied(Outcome.GONE)
        return self._apply(sid, found, changes, is_fresh=True)

    def delete(self, sid: bytes) -> bool:
        return self._inner.delete(sid)

    def fetch(self, sid: bytes, names: Collection[str]) -> dict[str, bytes]:
        if not names:
            return {}
        places = self._records.places(sid, names)
        return self._records.open_values(sid, places, self._inner.fetch(sid, list(places)))

    def is_older(self, sid: bytes) -> bool:
        """Tell whether an older key has sealed the record.

        :raises DamagedRecord: if it does not open.
        """
        found = self._load(sid)
        return not isinstance(found, Miss) and not self._records.is_current(found)

    def reseal(self, sid: bytes) -> bool:
        """Seal the record with the newest key, if an older one has; return whether it was so.

        All of it, what lies beside it too, and nothing else of it changes.

        :raises DamagedRecord: if some of it does not open; then all of it stays as it is.
        """
        for _ in range(_TRIES):
            found = self._load(sid)
            if isinstance(found, Miss) or self._records.is_current(found):
                return False
            # Unlike who writes, who only seals may lose nothing: another key may be put back.
            beside = self.fetch(sid, found.beside)
            if beside.keys() == found.beside.keys():
                merged = plain_copy(found, {**found.values, **beside})
                written = self._records.seal(sid, merged)
                outcome = self._swap(sid, found, written, Changes()).outcome
                if outcome is not Outcome.CONFLICT:
                    return outcome is Outcome.SAVED
            elif self._inner.load(sid) == found.inner:
                raise missing_value()
        raise _too_often()

    def _load(self, sid: bytes) -> Unsealed | Miss:
        found = self._inner.load(sid)
        return found if isinstance(found, Miss) else self._records.unseal(sid, found)

    def _unseal_each(self, found: list[tuple[bytes, Record]]) -> list[tuple[bytes, Record]]:
        opened: list[tuple[bytes, Record]] = []
        for sid, inner in found:
            try:
                opened.append((sid, self._records.unseal(sid, inner)))
            except DamagedRecord:
                # Nobody can use it, so it is nobody's session; the others are wanted.
                continue
        return opened

    def _apply(self, sid: bytes, current: Unsealed, changes: Changes, is_fresh: bool) -> Applied:
        for _ in range(_TRIES):
            applied = self._try(sid, current, changes)
            if applied.outcome is not Outcome.CONFLICT:
                return applied
            # What the caller saw may be old: only what was just read is a conflict.
            if applied.record is current and is_fresh:
                return applied
            stored = applied.record if applied.record is not current else None
            found = stored if isinstance(stored, Unsealed) else self._load(sid)
            if isinstance(found, Miss):
                return Applied(Outcome.GONE)
            current, is_fresh = found, True
        raise _too_often()

    def _try(self, sid: bytes, current: Unsealed, changes: Changes) -> Applied:
        """Write *current* with *changes*, if it still is what is stored.

        :return: CONFLICT with *current*, if that is not as expected; with what is stored, if
            it is something else.
        """
        if _only_touches(changes):
            applied = self._touch(sid, current, changes)
            touched = applied.record
            if not isinstance(touched, Unsealed) or self._records.is_current(touched):
                return applied
            current = touched
        names = expected_beside(current, changes)
        if not is_expected(current, changes, self._salvage(sid, names)):
            return Applied(Outcome.CONFLICT, current)
        written = self._seal(sid, current, changes)
        outcome, inner = self._swap(sid, current, written, changes)
        if inner is None:
            return Applied(outcome)
        if outcome is Outcome.SAVED:
            return Applied(outcome, self._records.settle(changes.move_to or sid, inner, written))
        return Applied(outcome, self._records.unseal(sid, inner))

    def _touch(self, sid: bytes, current: Unsealed, changes: Changes) -> Applied:
        """Write new times; what is sealed stays as it is."""
        outcome, inner = self._inner.apply(sid, current.inner, changes)
        record = None if inner is None else self._records.touch(sid, inner, current)
        return Applied(outcome, record)

    def _seal(self, sid: bytes, current: Unsealed, changes: Changes) -> Written:
        """Seal *current* with *changes*."""
        merged = merge(current, changes)
        target = changes.move_to or sid
        # A large value opens under its own sid only. And if there is a new key, all of the
        # record goes over to it, so that the old one can be thrown away some day.
        if merged.beside and (target != sid or not self._records.is_current(current)):
            # Should one be missing, either others have removed it, and the swap will fail, or
            # it is lost.
            merged = plain_copy(merged, {**merged.values, **self._salvage(sid, merged.beside)})
        return self._records.seal(target, merged)

    def _salvage(self, sid: bytes, names: Collection[str]) -> dict[str, bytes]:
        """Return those of the large values that open: the others keep no session from living."""
        try:
            return self.fetch(sid, names)
        except DamagedRecord:
            found = [self._fetch_one(sid, name) for name in names]
        lost = found.count({})
        if lost:
            _log.warning(
                "%d of %d large values of a session do not open with SESSION_ENCRYPTION_KEYS and"
                " count as lost, the rest is kept: they were changed in the store. Find out by"
                " whom.",
                lost,
                len(found),
            )
        return {name: data for values in found for name, data in values.items()}

    def _fetch_one(self, sid: bytes, name: str) -> dict[str, bytes]:
        try:
            return self.fetch(sid, [name])
        except DamagedRecord:
            return {}

    def _swap(self, sid: bytes, current: Unsealed, written: Written, changes: Changes) -> Applied:
        inner, has_moved = current.inner, changes.move_to is not None
        kept = written.stored.beside.keys() - written.large.keys()
        left = current.apart if has_moved else current.apart - kept
        swap = Changes(
            written.values,
            list(self._records.places(sid, left)),
            # No two seals are alike: whoever writes more than times changes this.
            {SEALED: inner.values[SEALED]},
            expires_at=changes.expires_at,
            seen_at=changes.seen_at,
            owner=changes.owner,
            move_to=changes.move_to,
            restart_at=changes.restart_at,
        )
        return self._inner.apply(sid, inner, swap)


class _SealedIndex(SealedStore, OwnerIndex):
    """The same over a store that finds the sessions of an owner."""

    def owned(self, owner: str) -> list[tuple[bytes, Record]]:
        return self._unseal_each(self._index.owned(owner))

    def delete_owned(self, owner: str, spare: Collection[bytes] = ()) -> int:
        return self._index.delete_owned(owner, spare)

    def find(self, half: bytes) -> bytes | None:
        return self._index.find(half)

    @property
    def _index(self) -> OwnerIndex:
        assert isinstance(self._inner, OwnerIndex)
        return self._inner


class _SealedBrowsable(SealedStore, Browsable, Diagnosable):
    """The same over a store that can be gone through: sids are not sealed."""

    @property
    def browsed(self) -> tuple[Browsable, ...]:
        return self._all.browsed

    def browse(self) -> Iterator[bytes]:
        return self._all.browse()

    def page(self, after: str | None, limit: int) -> Page:
        page = self._all.page(after, limit)
        opened = self._unseal_each(page.found)
        return Page(opened, page.after, page.sealed + len(page.found) - len(opened))

    def count(self) -> int:
        return self._all.count()

    def diagnose(self) -> list[Finding]:
        findings = diagnose_all(self._inner)
        # Where there is no place, or it cannot be used, that is what is to be said.
        is_usable = all(each.severity != "error" for each in findings) and self.is_made()
        return [*findings, *diagnose(self)] if is_usable else findings

    def delete_all(self) -> int:
        return self._all.delete_all()

    @property
    def _all(self) -> Browsable:
        assert isinstance(self._inner, Browsable)
        return self._inner


def _too_often() -> StoreConflict:
    return StoreConflict(
        f"Others were faster {_TRIES} times in a row. Nothing was written: try again."
    )


def _only_touches(changes: Changes) -> bool:
    return not (
        changes.sets
        or changes.updates
        or changes.removals
        or changes.expects
        or changes.owner is not None
        or changes.move_to is not None
        or changes.restart_at is not None
    )
