"""On what kind of file system a path lies, and how much room is there."""

from __future__ import annotations

import os
import re
from pathlib import Path

#: The kinds that other machines share, where locks are not to be relied on.
NETWORK = frozenset(
    {"9p", "afs", "afp", "beegfs", "ceph", "cifs", "coda", "davfs", "fuse.glusterfs", "fuse.sshfs"}
    | {"fuse.rclone", "fuse.s3fs", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3"}
    | {"smbfs", "virtiofs"}
)

_MOUNTS = "/proc/mounts"

# In bytes. Where less is free, the next rush may be the last one.
_LITTLE = 100_000_000

# Blanks and the like are written as octal numbers there.
_find_octals = re.compile(rb"\\([0-7]{3})").sub


def network_kind(path: Path, mounts: str = _MOUNTS) -> str | None:
    """Return the kind of the network file system that *path* is on; None if it is on none.

    Where the system does not tell, as outside of Linux, it is None too.
    """
    try:
        table = Path(mounts).read_bytes()
    except OSError:
        return None
    best, kind = b"", None
    place = os.fsencode(os.path.realpath(path))
    for line in table.splitlines():
        words = line.split(b" ")
        if len(words) < 3:
            continue
        point = _find_octals(lambda found: bytes([int(found[1], 8)]), words[1])
        is_above = place == point or place.startswith(point.rstrip(b"/") + b"/")
        # What is mounted later at the same place hides what was there.
        if is_above and len(point) >= len(best):
            best, kind = point, words[2].decode("ascii", "replace")
    return kind if kind in NETWORK else None


def nearest(path: Path) -> Path:
    """Return *path*, or the folder nearest above it that is there."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def is_full(path: Path) -> bool:
    """Tell whether there is little room left for files at *path*, or for their names."""
    try:
        found = os.statvfs(nearest(path))
    except OSError:
        return False
    free = found.f_bavail * found.f_frsize
    has_inodes = found.f_files == 0 or found.f_favail > 1_000
    return free < _LITTLE or not has_inodes
