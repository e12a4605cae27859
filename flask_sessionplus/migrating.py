"""Carrying all sessions from one store to another, in steps, while the app serves."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from functools import partial

from . import clock
from .errors import ConfigError, DamagedRecord
from .importing import Countable, Intake
from .record import Record
from .steps import Step, in_steps
from .stores.base import Browsable, Carrying, Miss, Store, having
from .stores.moving import carry

#: Sessions between two reports.
BATCH = 250

# In milliseconds.
_PROBE_LIFETIME = 60_000


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
    yield from in_steps(browsable.browse(), lambda sid: carry(old, new, sid).is_done, batch)


def fetch_all(intake: Intake, batch: int = BATCH) -> Iterator[Step]:
    """Take in all sessions that another session interface has left; yield after each *batch*.

    It may be broken off and begun again, and is exact while the app serves: a session is taken in
    once, by this or by a request.

    :raises ConfigError: if they cannot be gone through.
    """
    for importer in countable_parts(intake):
        yield from in_steps(importer.origins(), partial(intake.fetch, importer), batch)


def countable_parts(intake: Intake) -> list[Countable]:
    """Return what goes through the sessions that *intake* takes in.

    :raises ConfigError: if nothing does.
    """
    found: list[Countable] = [
        importer for importer in intake.importers if isinstance(importer, Countable)
    ]
    if not found:
        raise ConfigError(
            "Where Flask-Session has kept its sessions they cannot be listed: the names of files"
            " say nothing of whose they are, and memcached has no list. Each is carried over when"
            " its owner comes: wait for PERMANENT_SESSION_LIFETIME to go by."
        )
    return found


def check_source(old: Store, name: str) -> None:
    """Refuse to carry sessions from a place that is not there: nothing is made by that.

    :param name: what the user calls it, such as ``"FROM"``.
    :raises ConfigError: if it is not.
    """
    if not old.is_made():
        raise ConfigError(
            f"{name} names a place that is not there: no such file, folder or table. Look at how it"
            " is spelled (a relative path begins in the app's instance folder), and at"
            " SESSION_TABLE."
        )


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
