"""Which sessions an owner may have: a folder for each owner, an empty file for each sid.

There may be too many of them, never too few: an entry is made before the record is
written and removed after that. Who reads has to look at the record.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator

from . import filedisk

_is_entry = re.compile("[0-9a-f]{64}").fullmatch


class OwnerFolders:
    """The entries of all owners, in *folder*.

    Changes to the entries of a sid have to be made under its lock.

    :param fsync: wait until the disk has each entry.
    """

    def __init__(self, folder: str, fsync: bool) -> None:
        self._folder = folder
        self._fsync = fsync

    def path(self, owner: str, sid: bytes) -> str:
        """Return the path of an entry. Its name tells nothing of the owner's."""
        return f"{self._path(owner)}/{sid.hex()}"

    def add(self, owner: str, sid: bytes, time: int) -> None:
        """Make an entry that has to be looked at after *time*, in milliseconds."""
        path = self.path(owner, sid)
        filedisk.write(path, b"", time, self._fsync)
        if self._fsync:
            filedisk.sync_folder(os.path.dirname(path))

    def remove(self, path: str) -> None:
        """Remove an entry, and its folder if it was the last one."""
        filedisk.unlink_quietly(path)
        try:
            os.rmdir(os.path.dirname(path))
        except OSError:
            # There are others.
            pass

    def sids(self, owner: str) -> list[bytes]:
        """Return the sids of the sessions that *owner* may have."""
        return [bytes.fromhex(n) for n in filedisk.names(self._path(owner)) if _is_entry(n)]

    def old(self) -> Iterator[str]:
        """Yield the paths of the entries that have to be looked at."""
        for folder, _, names in os.walk(self._folder):
            paths = (f"{folder}/{name}" for name in names if _is_entry(name))
            yield from filter(filedisk.is_old, paths)

    def _path(self, owner: str) -> str:
        name = hashlib.sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{self._folder}/{name[:2]}/{name[2:]}"
