"""Flask-Session's records in files, as cachelib's ``FileSystemCache`` writes them.

A file begins with when it ends, four bytes; what follows is a pickle. Cachelib would have Python
read that, so we read it ourselves: see :mod:`.plainpickle`.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import StoreUnavailable
from ..importingrecords import UnreadableSession
from .former import FormerPlace, Kept
from .records import read_pickle

# The end, in seconds; 0 for never.
_END = struct.Struct("I")

# More than any session takes.
_MOST_BYTES = 16_000_000


def _md5(data: bytes) -> Any:
    # Only to find what others have named so.
    return hashlib.md5(data, usedforsecurity=False)


#: How cachelib makes names of keys: until 0.13, and from then on.
HASHES: tuple[Callable[[bytes], Any], ...] = (hashlib.sha256, _md5)


class FilePlace(FormerPlace):
    """Reads the files in one folder.

    Their names are digests, so nobody can tell which sessions they are: they cannot be listed.
    """

    read = staticmethod(read_pickle)

    def __init__(self, folder: Path, hashes: tuple[Callable[[bytes], Any], ...] = HASHES) -> None:
        self._folder = folder
        self._hashes = hashes

    def get(self, key: str) -> Kept | None:
        for path in self._paths(key):
            data = self._read(path)
            if data is None:
                continue
            if len(data) < _END.size or len(data) > _MOST_BYTES:
                raise UnreadableSession("its file is cut off, or far too large")
            end = _END.unpack_from(data)[0]
            return Kept(data[_END.size :], end * 1000 if end else None)
        return None

    def delete(self, key: str) -> None:
        for path in self._paths(key):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise _unavailable(error) from error

    def _paths(self, key: str) -> list[Path]:
        return [self._folder / make(key.encode()).hexdigest() for make in self._hashes]

    def _read(self, path: Path) -> bytes | None:
        with suppress(FileNotFoundError, NotADirectoryError):
            try:
                with path.open("rb") as file:
                    return file.read(_MOST_BYTES + _END.size)
            except (FileNotFoundError, NotADirectoryError):
                raise
            except OSError as error:
                raise _unavailable(error) from error
        return None


def _unavailable(error: OSError) -> StoreUnavailable:
    return StoreUnavailable(
        "A file that Flask-Session has kept a session in cannot be read or removed:"
        f" {error.strerror}. Let the app's user read and write in that folder."
    )
