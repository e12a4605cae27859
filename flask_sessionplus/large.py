"""The values of a session that lie beside its record, fetched when they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from .record import Record

# Somebody may change a value between the record and the value, but hardly thrice.
_TRIES = 3


class Source(Protocol):
    """Where the values come from."""

    def fetch(self, names: list[str]) -> dict[str, bytes]:
        """Return the values of *names* as they are now, without those that have gone."""
        ...

    def reload(self) -> Record:
        """Return the record as it is now.

        :raises StoreUnavailable: if the session has ended, or moved on.
        """
        ...


class Large:
    """What is known of the values beside one record.

    :param sizes: their names with their sizes in bytes.
    :param find_source: returns where they are fetched.
    """

    def __init__(self, sizes: dict[str, int], find_source: Callable[[], Source | None]) -> None:
        self.sizes = sizes
        self._find_source = find_source
        self._fetched: dict[str, bytes] = {}
        # Named in the record, but not in the store.
        self._lost: dict[str, int] = {}

    def __contains__(self, name: object) -> bool:
        return name in self.sizes

    def known(self, name: str) -> bytes | None:
        """Return the value of *name*, if it has been fetched or written."""
        return self._fetched.get(name)

    def put(self, name: str, data: bytes) -> None:
        """Take *data* as what was written under *name*."""
        self._lost.pop(name, None)
        self._fetched[name] = data

    def forget(self, name: str) -> None:
        """Fetch *name* again when it is asked for."""
        self._fetched.pop(name, None)

    def fetch(self, names: list[str], take: Callable[[Record], None]) -> None:
        """Fetch those of *names* that are not known, all at once.

        A name that the record has, but its store has lost, is no longer in :attr:`sizes`.

        :param take: is given the record as it is now if it has changed in between.
        """
        for tries in range(_TRIES):
            wanted = [name for name in names if name in self.sizes and name not in self._fetched]
            if not wanted:
                return
            source = self._find_source()
            assert source is not None
            self._fetched.update(source.fetch(wanted))
            missing = self.sizes.keys() & set(wanted) - self._fetched.keys()
            if not missing:
                return
            if tries == _TRIES - 1:
                self._lost.update((name, self.sizes[name]) for name in missing)
                self.sizes = self._without_lost(self.sizes)
            else:
                take(source.reload())

    def replace(self, sizes: dict[str, int]) -> set[str]:
        """Go on with *sizes*; return the names whose values have come or changed."""
        sizes = self._without_lost(sizes)
        former, self.sizes = self.sizes, sizes
        for name in self._fetched.keys() - sizes.keys():
            del self._fetched[name]
        changed = {n for n, size in sizes.items() if former.get(n) != size}
        changed = {n for n in changed if len(self._fetched.get(n, b"")) != sizes[n]}
        for name in changed:
            self.forget(name)
        return changed

    def _without_lost(self, sizes: dict[str, int]) -> dict[str, int]:
        if not self._lost:
            return sizes
        return {name: size for name, size in sizes.items() if self._lost.get(name) != size}
