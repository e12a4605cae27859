"""Records as files, with all that belongs to them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from ..errors import StoreUnavailable
from ..record import Record, spread
from . import filedisk, filevalues
from .fileowners import OwnerFolders
from .filevalues import StoredFile

# The hexadecimal digits of a sid.
_DIGITS = 64

# A record, one that is unfinished, and a value beside it.
_is_ours = re.compile(
    rf"[0-9a-f]{{{_DIGITS}}}({re.escape(filedisk.UNFINISHED)}|\.[0-9a-f]{{16}})?"
).fullmatch


class RecordFiles:
    """The files of records in *folder*, two levels of folders down.

    Whatever changes those of a sid has to be done under its lock.

    :param fsync: wait until the disk has each write.
    """

    def __init__(self, folder: str, fsync: bool) -> None:
        self._folder = folder
        self._fsync = fsync
        self.owners = OwnerFolders(f"{folder}/owners", fsync)

    def path(self, sid: bytes) -> str:
        """Return where the record of *sid* is, if there is one."""
        name = sid.hex()
        return f"{self._folder}/{name[:2]}/{name[2:4]}/{name}"

    def read(self, sid: bytes) -> StoredFile | None:
        """Return the record with where its values are; an expired one and a tombstone too."""
        data = filedisk.read(self.path(sid))
        return None if data is None else filevalues.unpack_stored(data)

    def find(self, sid: bytes) -> StoredFile | None:
        """Return the record or tombstone of *sid*, if it is alive."""
        stored = self.read(sid)
        return stored if stored is not None and stored.is_alive else None

    def put(
        self,
        sid: bytes,
        former: StoredFile | None,
        record: Record,
        source: StoredFile | None = None,
        origin: bytes = b"",
    ) -> Record:
        """Write *record* in the place of *former*; return it as it is stored.

        Killed or failing at any point, it leaves the one or the other, whole.

        :param source: has the values that lie beside *record* already.
        :param origin: the sid at which they lie, if it is another one.
        """
        record, values = spread(record)
        stored = filevalues.refer(record, values, source)
        if record.owner and not (former and former.is_owned_by(record.owner)):
            self.owners.add(record.owner, sid, record.expires_at)
        path = self.path(sid)
        try:
            if stored.references:
                source_path = self.path(origin) if origin else ""
                filevalues.put_values(path, stored, values, source_path, self._fsync)
            data = filevalues.pack_stored(stored)
            filedisk.replace(path, data, record.expires_at, self._fsync)
        except StoreUnavailable:
            filevalues.remove_values(path, filevalues.only_in(stored, former))
            raise
        if self._fsync:
            filedisk.sync_folder(os.path.dirname(path))
        if former is not None:
            self._forget(sid, former, stored)
        return record

    def remove(self, sid: bytes, stored: StoredFile) -> None:
        """Remove a record and all that belongs to it."""
        filedisk.unlink(self.path(sid))
        self._forget(sid, stored, None)

    def wipe(self, sid: bytes) -> None:
        """Remove a record that cannot be read, and the values beside it."""
        filedisk.unlink(self.path(sid))
        filevalues.remove_all_values(self.path(sid))

    def paths(self) -> Iterator[str]:
        """Yield the paths of all files of ours, but for the entries of owners."""
        for folder, folders, names in os.walk(self._folder):
            if folder == self._folder:
                folders[:] = [name for name in folders if len(name) == 2]
            yield from (f"{folder}/{name}" for name in names if _is_ours(name))

    def beginning_with(self, half: bytes) -> Iterator[str]:
        """Yield the paths of the records whose sids begin with *half*, of 16 bytes."""
        folder, name = os.path.split(self.path(half))
        for each in filedisk.names(folder):
            if each.startswith(name) and _is_ours(each) and is_record(each):
                yield f"{folder}/{each}"

    def belongings(self, sid: bytes, stored: StoredFile) -> Iterator[str]:
        """Yield the paths of what belongs to a record: an owner's entry, and its values."""
        yield self.owners.path(stored.record.owner, sid)
        for reference in stored.references.values():
            yield filevalues.path_of(self.path(sid), reference)

    def _forget(self, sid: bytes, former: StoredFile, stored: StoredFile | None) -> None:
        """Remove what belongs to *former*, and not to what has taken its place."""
        if former.references:
            filevalues.remove_values(self.path(sid), filevalues.only_in(former, stored))
        owner = former.record.owner
        if owner and (stored is None or stored.record.owner != owner):
            self.owners.remove(self.owners.path(owner, sid))


def sid_of(path: str) -> bytes:
    """Return the sid to which a file of ours belongs."""
    return bytes.fromhex(os.path.basename(path)[:_DIGITS])


def is_record(path: str) -> bool:
    """Tell whether a file of ours is a record, a finished one."""
    return len(os.path.basename(path)) == _DIGITS
