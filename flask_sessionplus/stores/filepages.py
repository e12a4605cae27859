"""Going through the files of records page by page, in the order of their names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import filedisk
from .cursors import cursor

# How many folders and files are looked at for one page at most, those beyond its limit.
_MOST = 2_000

_DIGITS = 64

_is_folder = re.compile(r"[0-9a-f]{2}").fullmatch
_is_record = re.compile(rf"[0-9a-f]{{{_DIGITS}}}").fullmatch


class Walk:
    """A walk over the records in *folder*, from behind *last* on.

    :param last: a sid, or where one would be.
    :param limit: how many live records are wanted.
    """

    def __init__(self, folder: str, last: bytes, limit: int) -> None:
        self._folder = folder
        self._last = last.hex()
        self._left = _MOST + limit
        #: What brings the next page if the walk has stopped before its end.
        self.after: str | None = None

    def sids(self) -> Iterator[bytes]:
        """Yield sids in order, until there are no more or enough was looked at."""
        for place in self._places():
            for name in sorted(filedisk.names(f"{self._folder}/{place[:2]}/{place[2:]}")):
                if name > self._last and _is_record(name):
                    yield bytes.fromhex(name)
                    if self._has_looked(name):
                        return
            if self._has_looked(place.ljust(_DIGITS, "f")):
                return

    def _places(self) -> Iterator[str]:
        """Yield the first four digits of sids that there may be records of."""
        for first in self._folders("", self._last[:2]):
            for second in self._folders(first, self._last[2:4] if self._last[:2] == first else ""):
                yield first + second

    def _folders(self, inside: str, least: str) -> list[str]:
        names = filedisk.names(f"{self._folder}/{inside}")
        return sorted(name for name in names if _is_folder(name) and name >= least)

    def _has_looked(self, at: str) -> bool:
        self._left -= 1
        if not self._left:
            self.after = cursor(bytes.fromhex(at))
        return not self._left
