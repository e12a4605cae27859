"""Carrying all sessions from one store to another, in steps, while the app serves."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import NamedTuple

from . import clock
from .errors import ConfigError, DamagedRecord
from .record import Record
from .stores.base import Browsable, Carrying, Miss, Store, having
from .stores.moving import carry

#: Sessions between two reports.
BATCH = 250

# In milliseconds.
_PROBE_LIFETIME = 60_000


class Step(NamedTuple):
    """What was done since the step before.

    :param seen: how many sessions were met.
    :param carried: how many of them were carried over.
    :param damaged: how many cannot be read, and were left alone.
    """

    seen: int
    carried: int
    damaged: int

    @property
    def skipped(self) -> int:
        """How many had ended by then, or been carried already."""
        return self.seen - self.carried - self.damaged


def migrate(old: Store, new: Store, batch: int = BATCH) -> Iterator[Step]:
    """Carry all sessions from *old* to *new*; yield after each *batch* of them.

    It may be broken off and begun again: what was carried is no longer in *old*. It is safe
    while the app serves, if that carries over as well: see :func:`.stores.moving.moving`.

    :raises ConfigError: if *old* cannot be gone through, or both are the same store.
    """
    browsable = browsable_part(old)
    for store in (old, new):
        if isinstance(store, Carrying) or not store.is_shared:
            raise ConfigError(
                f"A {type(store).__name__} keeps its sessions in this process or in the browser:"
                " nothing can be carried from or to there. Name stores that the app shares."
            )
    if _is_same_place(old, new):
        raise ConfigError("The old store and the new one are in the same place. Name two places.")
    seen = carried = damaged = 0
    for sid in browsable.browse():
        seen += 1
        try:
            carried += carry(old, new, sid).is_done
        except DamagedRecord:
            damaged += 1
        if seen == batch:
            yield Step(seen, carried, damaged)
            seen = carried = damaged = 0
    if seen:
        yield Step(seen, carried, damaged)


def _is_same_place(old: Store, new: Store) -> bool:
    """Tell whether the two share their records: carried in a circle, all would be lost."""
    sid, now = secrets.token_bytes(32), clock.now()
    new.create(sid, Record(now, now, now + _PROBE_LIFETIME, {}))
    try:
        return old.load(sid) is not Miss.UNKNOWN
    except DamagedRecord:
        # With other keys, but the same place all the same.
        return True
    finally:
        new.delete(sid)


def browsable_part(store: Store) -> Browsable:
    """Return what goes through the sessions of *store*.

    :raises ConfigError: if nothing does.
    """
    if isinstance(store, Browsable):
        return store
    # The last part of a store has the records; those before it have copies, or single fields.
    found = having(store, Browsable)
    if not found:
        raise ConfigError(
            f"A {type(store).__name__} cannot be gone through, so its sessions cannot be carried"
            " all at once. Set SESSION_STORE_FROM: then each is carried when it is used."
        )
    return found[-1]
