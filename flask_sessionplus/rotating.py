"""Sealing all that is stored with the newest key, in steps, while the app serves."""

from __future__ import annotations

from collections.abc import Iterator

from .errors import ConfigError
from .steps import Step, in_steps
from .stores.base import Browsable, Carrying, Store, having
from .stores.memory import MemoryStore
from .stores.sealed import SealedStore

#: Records between two reports.
BATCH = 100


def sealed_stores(store: Store) -> list[SealedStore]:
    """Return the stores that seal what they keep, of those that *store* is made of.

    :raises ConfigError: if there are none, or one cannot be gone through.
    """
    if having(store, Carrying):
        raise ConfigError(
            "Sessions in a cookie are in the browsers, and cannot be sealed anew from here: each"
            " is when it is written next. Keep the older keys until the rest has expired."
        )
    found = having(store, SealedStore)
    if isinstance(store, MemoryStore):
        raise ConfigError(
            "Nothing is sealed in this store. What is in the memory of a process never is, for it"
            " lies nowhere else: there is nothing to do."
        )
    if not found:
        raise ConfigError(
            "Nothing is sealed in this store. Set SESSION_ENCRYPTION_KEYS to encrypt what is kept."
        )
    for each in found:
        if not isinstance(each, Browsable):
            raise ConfigError(
                f"A {type(each.parts[0]).__name__} cannot be gone through: a session is sealed"
                " anew when it is written next. Keep the older keys until the rest has expired."
            )
    return found


def rotate(store: SealedStore, dry_run: bool = False, batch: int = BATCH) -> Iterator[Step]:
    """Seal anew what an older key has sealed in *store*; yield after each *batch* of records.

    It may be broken off and begun again. What is written meanwhile is sealed with the newest
    key by whoever writes, if all processes of the app have it.

    :param store: one of :func:`sealed_stores`.
    :param dry_run: only count.
    """
    assert isinstance(store, Browsable)
    look = store.is_older if dry_run else store.reseal
    yield from in_steps(store.browse(), look, batch)
