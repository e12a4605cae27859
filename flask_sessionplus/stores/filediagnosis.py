"""What is wrong with a folder, or a file, that sessions are kept in."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from ..findings import Finding
from . import mounts
from .base import Purgeable
from .diagnosing import unpurged

_LOCKS = "Locks do not work reliably there: changes are lost, or the data are damaged."


def diagnose_folder(folder: Path, store: Purgeable) -> list[Finding]:
    """Return what is wrong with the folder of *store*. It is not made by that."""
    findings = [
        *_permissions(folder, 0o700, is_folder=True),
        *_room(folder),
    ]
    kind = mounts.network_kind(folder)
    if kind is not None:
        findings.append(
            Finding(
                "error",
                "files-network",
                f"The session folder {str(folder)!a} is on a network file system ({kind}).",
                _LOCKS,
                "Use a disk of this machine; for several machines, SESSION_STORE = 'redis://...'"
                " or a database server.",
            )
        )
    is_usable = not findings and folder.exists()
    return unpurged(store) if is_usable else findings


def diagnose_sqlite(path: Path) -> list[Finding]:
    """Return what is wrong with the file of an SQLite database."""
    findings = [*_permissions(path, 0o600, is_folder=False), *_room(path)]
    kind = mounts.network_kind(path)
    if kind is not None:
        findings.append(
            Finding(
                "error",
                "sqlite-network",
                f"The SQLite database {str(path)!a} is on a network file system ({kind}).",
                _LOCKS,
                "Put it on a disk of this machine, or use a database server:"
                " SESSION_STORE = 'postgresql+psycopg://...'.",
            )
        )
    return findings


def _permissions(path: Path, mode: int, is_folder: bool) -> list[Finding]:
    there = mounts.nearest(path)
    if there.is_file() and (is_folder or there != path):
        return [
            Finding(
                "error",
                "unwritable",
                f"{str(there)!a}, where the sessions are to be, is a file and no folder.",
                "No session can be saved.",
                "Name another place in SESSION_STORE.",
            )
        ]
    wanted = os.W_OK | (os.X_OK if there.is_dir() else 0)
    # SQLite makes further files beside its own.
    places = [there] if there.is_dir() else [there, there.parent]
    refused = [each for each in places if not os.access(each, wanted)]
    if refused:
        return [
            Finding(
                "error",
                "unwritable",
                f"This user may not write to {str(refused[0])!a}, where the sessions are to be.",
                "No session can be saved.",
                f"Give it to the user that the app runs as: chown it, chmod {mode:o}.",
            )
        ]
    if there != path:
        return []
    return _privacy(path, mode)


def _privacy(path: Path, mode: int) -> list[Finding]:
    bits = stat.S_IMODE(path.stat().st_mode)
    if bits & (stat.S_IWGRP | stat.S_IWOTH):
        return [
            Finding(
                "error",
                "others-write",
                f"Others may write to {str(path)!a}: its mode is {bits:o}.",
                "Whoever can write there can put sessions in, and be any user.",
                f"chmod {mode:o} {str(path)!a}",
            )
        ]
    if bits & (stat.S_IRGRP | stat.S_IROTH):
        return [
            Finding(
                "warning",
                "others-read",
                f"Others may read {str(path)!a}: its mode is {bits:o}.",
                "Whoever has an account on this machine can read what is in the sessions.",
                f"chmod {mode:o} {str(path)!a}",
            )
        ]
    return []


def _room(path: Path) -> list[Finding]:
    if not mounts.is_full(path):
        return []
    return [
        Finding(
            "warning",
            "disk-full",
            f"There is little room left on the disk of {str(path)!a}.",
            "When it is full, no session can be saved.",
            "Make room, or run `flask session purge` if expired sessions fill it.",
        )
    ]
