"""Large values in files of their own, beside the file of their record.

Such a file is never changed: a new value is a new file, under a random name that the
record tells. So whoever replaces the record replaces all at once, and what no record
names is litter.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Collection, Iterable, Mapping
from threading import local
from typing import NamedTuple
from zlib import crc32

from .. import clock
from ..errors import DamagedRecord
from ..record import Record, pack, unpack
from . import filedisk

# A reference: 8 random bytes, the name of the file, and the checksum of what is in it.
_NAME = 8
_REFERENCE = _NAME + 4

# A packed record begins with a version, which is no letter.
_WITH_REFERENCES = b"v"
_HEADER = 9

_memory = local()


class StoredFile(NamedTuple):
    """What is in the file of a record.

    :param references: for each name in ``record.beside``, in its order, where the value is.
    """

    record: Record
    references: dict[str, bytes]

    @property
    def is_alive(self) -> bool:
        """Whether its time is not over."""
        return self.record.expires_at > clock.now()

    def is_owned_by(self, owner: str) -> bool:
        """Tell whether *owner* has an entry for it: that of an expired one may be gone."""
        return self.record.owner == owner and self.is_alive


def pack_stored(stored: StoredFile) -> bytes:
    """Return the bytes of the file: the packed record, if nothing lies beside it."""
    packed = pack(stored.record)
    if not stored.references:
        return packed
    references = b"".join(stored.references.values())
    size = len(references).to_bytes(4, "big")
    check = crc32(references).to_bytes(4, "big")
    return b"".join((_WITH_REFERENCES, size, check, references, packed))


def unpack_stored(data: bytes) -> StoredFile:
    """Return what :func:`pack_stored` packed.

    :raises DamagedRecord: if a bit is wrong.
    """
    if data[:1] != _WITH_REFERENCES:
        record = unpack(data)
        if record.beside:
            raise _no_files()
        return StoredFile(record, {})
    # A request that loads a large session and fetches or writes finds the same bytes again.
    last: tuple[bytes, StoredFile] | None = getattr(_memory, "last", None)
    if last is None or last[0] != data:
        last = _memory.last = data, _unpack_with_references(data)
    stored = last[1]
    return stored._replace(record=stored.record.copy())


def refer(record: Record, values: Mapping[str, bytes], source: StoredFile | None) -> StoredFile:
    """Return *record* with references to what lies beside it.

    :param values: those of which the files are still to be written.
    :param source: has the others.
    """
    if not record.beside:
        return StoredFile(record, {})
    known = {} if source is None else source.references
    if source is not None and not values and list(record.beside) == list(known):
        return StoredFile(record, known)
    known = known | {
        name: os.urandom(_NAME) + crc32(data).to_bytes(4, "big") for name, data in values.items()
    }
    return StoredFile(record, {name: known[name] for name in record.beside})


def path_of(record_path: str, reference: bytes) -> str:
    """Return the path of the file of a value."""
    return f"{record_path}.{reference[:_NAME].hex()}"


def read_values(
    record_path: str, stored: StoredFile, names: Iterable[str]
) -> dict[str, bytes] | None:
    """Return the values of *names*; None if one has just been replaced or removed.

    :raises DamagedRecord: if a file is not the one that the record tells of.
    """
    found: dict[str, bytes] = {}
    for name in names:
        reference = stored.references.get(name)
        if reference is None:
            continue
        data = filedisk.read(path_of(record_path, reference))
        if data is None:
            return None
        check = crc32(data).to_bytes(4, "big")
        if reference[_NAME:] != check or stored.record.beside[name] != len(data):
            raise DamagedRecord("A stored value is damaged. Remove the session's files.")
        found[name] = data
    return found


def put_values(
    record_path: str,
    stored: StoredFile,
    values: Mapping[str, bytes],
    source_path: str,
    fsync: bool,
) -> None:
    """Make all files to which *stored* points, before it is written itself.

    :param values: what is new.
    :param source_path: the record that has the others; ``""`` if this one has them.
    """
    references, time = stored.references, stored.record.expires_at
    for name, data in values.items():
        filedisk.write(path_of(record_path, references[name]), data, time, fsync)
    if source_path:
        for name in references.keys() - values.keys():
            source = path_of(source_path, references[name])
            filedisk.link(source, path_of(record_path, references[name]), time, fsync)
    if fsync and (values or source_path):
        filedisk.sync_folder(os.path.dirname(record_path))


def only_in(stored: StoredFile, other: StoredFile | None) -> set[bytes]:
    """Return the references that *stored* has and *other* has not."""
    if other is not None and stored.references is other.references:
        return set()
    left = set(stored.references.values())
    return left if other is None else left.difference(other.references.values())


def remove_values(record_path: str, references: Collection[bytes]) -> None:
    """Remove files of values, which no record may name any more."""
    for reference in references:
        filedisk.unlink_quietly(path_of(record_path, reference))


def remove_all_values(record_path: str) -> None:
    """Remove the files of all values of a record that can no longer be read."""
    folder, name = os.path.split(record_path)
    for each in filedisk.names(folder):
        if each.startswith(f"{name}."):
            filedisk.unlink_quietly(f"{folder}/{each}")


def _unpack_with_references(data: bytes) -> StoredFile:
    end = _HEADER + int.from_bytes(data[1:5], "big")
    packed = data[_HEADER:end]
    if data[5:_HEADER] != crc32(packed).to_bytes(4, "big"):
        raise DamagedRecord("A stored record is damaged. Remove it, or let it expire.")
    record = unpack(data[end:])
    count = len(record.beside)
    if len(packed) != count * _REFERENCE:
        raise _no_files()
    references = struct.unpack(f"{_REFERENCE}s" * count, packed)
    return StoredFile(record, dict(zip(record.beside, references, strict=True)))


def _no_files() -> DamagedRecord:
    return DamagedRecord("A stored record tells of no files. Remove it, or let it expire.")
