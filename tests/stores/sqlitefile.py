"""An SQLite file for one test, and what goes on beside the store."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing, contextmanager
from functools import partial

import pytest

from flask_sessionplus.stores.sql import SQLStore

# Holds SQLite's write lock, as another program would, until it is told to end.
_HOLD_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    """Return where the database file is, or will be."""
    return tmp_path / "sessions.sqlite"


@pytest.fixture
def opener(path):
    """Return a function that opens a store on that file."""
    return partial(SQLStore, f"sqlite:///{path}")


@pytest.fixture
def store(opener):
    """Return a store on that file."""
    store = opener()
    yield store
    store.close()


def mode(path):
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def query(path, sql, *parameters):
    """Ask the database, past the store."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, parameters).fetchall()


@contextmanager
def locked(path):
    """Let another process hold the write lock."""
    command = [sys.executable, "-c", _HOLD_LOCK, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"locked\n"
        yield process.stdin.close
        process.stdin.close()
