"""Damaged records: a fresh session, and what is damaged is left alone."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

import pytest
from flask import session

from flask_sessionplus import session_lost
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.stores.sql import SQLStore
from tests.web.visiting import record_of


class InFile:
    """Records in files, and how to get at their bytes."""

    def __init__(self, folder):
        self.folder = folder / "sessions"
        self.store = FileStore(self.folder)

    def read(self):
        """Return the bytes of the only record."""
        return record_of(self.folder).read_bytes()

    def change(self, damage):
        """Change the bytes of the only record."""
        path = record_of(self.folder)
        times = path.stat()
        path.write_bytes(damage(path.read_bytes()))
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


class InSQLite:
    """Records in SQLite, and how to get at their bytes."""

    def __init__(self, folder):
        self.path = folder / "sessions.sqlite"
        self.store = SQLStore(f"sqlite:///{self.path}")

    def read(self):
        """Return the bytes of the only record."""
        with closing(sqlite3.connect(self.path)) as connection:
            [(data,)] = connection.execute("SELECT data FROM flask_sessions")
        return data

    def change(self, damage):
        """Change the bytes of the only record."""
        data = damage(self.read())
        with closing(sqlite3.connect(self.path)) as connection, connection:
            connection.execute("UPDATE flask_sessions SET data = ?", [data])


@pytest.fixture(params=[InFile, InSQLite])
def disk(request, tmp_path):
    """Return a store whose bytes can be damaged."""
    return request.param(tmp_path)


@pytest.fixture
def owner(disk, make_site):
    """Return somebody whose session is the only one in that store."""
    visitor = make_site(disk.store).visitor()
    visitor(lambda: session.update(name="Ada"))
    visitor(lambda: session.get("name"))
    return visitor


DAMAGES = {
    "empty": lambda data: b"",
    "cut": lambda data: data[:-1],
    "half": lambda data: data[: len(data) // 2],
    "longer": lambda data: data + b"\x00",
    "first bit": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "last bit": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "middle bit": lambda data: data[:9] + bytes([data[9] ^ 16]) + data[10:],
    "zeros": lambda data: bytes(len(data)),
    "later version": lambda data: b"\x09" + data[1:],
    "json": lambda data: b'{"user": 1}',
    "pickle": lambda data: b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x01x\x94.",
    "big claim": lambda data: b"\x01\x00\x00\x00\x00\xdf\xff\xff\xff\xff",
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_record(owner, disk, damage):
    """A record that is damaged is a fresh session and a 200; it is left alone."""
    disk.change(damage)
    before = disk.read()

    answer = owner(lambda: (session.new, dict(session)))

    assert answer.status == 200
    assert answer.value == (True, {})
    assert answer.cookies == []
    assert disk.read() == before


@pytest.mark.parametrize("damage", [DAMAGES["cut"], DAMAGES["later version"]])
def test_who_had_a_damaged_record_begins_anew(owner, disk, damage):
    """Who puts something in then gets another token, and is not bothered again."""
    old = owner.token
    disk.change(damage)

    owner(lambda: session.update(name="Eve"))

    assert owner.token != old
    assert owner.value(lambda: dict(session)) == {"name": "Eve"}


def test_a_record_that_is_damaged_meanwhile(owner, disk):
    """A record that is damaged between look and write is saved whole, or the loss is told."""
    lost = []

    def page():
        session.get("name")
        disk.change(DAMAGES["cut"])
        session["name"] = "Eve"

    def note(sender, **details):
        lost.append(details)

    with session_lost.connected_to(note):
        answer = owner(page)

    assert answer.status == 503 or lost or owner.value(lambda: session["name"]) == "Eve"
