"""What the figures were measured on."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import sqlite3
from collections.abc import Iterator
from pathlib import Path


class Unavailable(Exception):
    """Something cannot run here; the message says what is missing."""


PACKAGES = (
    "Flask",
    "Werkzeug",
    "Flask-SessionPlus",
    "Flask-Session",
    "Django",
    "SQLAlchemy",
    "cachelib",
    "msgspec",
    "msgpack",
    "psycopg",
    "redis",
    "hiredis",
    "PyMySQL",
    "gunicorn",
)


def describe() -> dict[str, str]:
    """The machine's name, its processor and the versions of everything that was measured."""
    facts = {
        "machine": platform.node(),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "SQLite": sqlite3.sqlite_version,
    }
    for package in PACKAGES:
        try:
            facts[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            facts[package] = "not installed"
    return facts


def pin() -> bool:
    """Keep this process on one core, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        return False
    os.sched_setaffinity(0, {(os.cpu_count() or 1) - 1})
    return True


@contextlib.contextmanager
def on_the_other_cores() -> Iterator[None]:
    """Let what is started meanwhile run on all cores but the one that :func:`pin` takes.

    On our core a server answers in a quarter of the time, and where the system puts it is a matter
    of luck: some would win by the toss of a coin.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    ours = os.sched_getaffinity(0)
    cores = set(range(os.cpu_count() or 1))
    os.sched_setaffinity(0, (cores - {max(cores)}) or cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, ours)


def unpin() -> None:
    """Let this process use every core again."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))


def folder_in_memory() -> Path | None:
    """Where files cost no disk: the disk is not what is measured. None: no such place."""
    shm = Path("/dev/shm")
    return shm if os.access(shm, os.W_OK) else None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
