"""The file store: a process that dies between any two calls to the system."""

from __future__ import annotations

import os
from itertools import count

import pytest

from flask_sessionplus.record import Changes, Record
from flask_sessionplus.stores import filedisk, fileowners
from flask_sessionplus.stores.file import FileStore
from flask_sessionplus.testing import FakeClock
from tests.stores.filefolder import entries, files
from tests.stores.records import HOUR, load, new_record, new_sid, put, whole

_OLD = {"small": b"1", "large": b"L" * 20_000, "other": b"O" * 20_000}
_OWNERS = ("ada", "bob")


class Dead(BaseException):
    """What a kill is to the code that runs: nothing is done any more, not even cleared up."""


class Dying:
    """Takes the place of `os` in the store, until its last call but for those that read."""

    _HARMLESS = ("close", "read", "lstat", "listdir", "fstat")

    def __init__(self, calls):
        self.left = calls

    def __getattr__(self, name):
        found = getattr(os, name)
        if not callable(found) or name in self._HARMLESS:
            return found

        def call(*arguments, **options):
            if self.left == 0:
                raise Dead
            self.left -= 1
            return found(*arguments, **options)

        return call


def _apply(**fields):
    return lambda store, sid, target: store.apply(sid, new_record(revision=99), Changes(**fields))


def _move(**fields):
    return lambda store, sid, target: _apply(move_to=target, **fields)(store, sid, target)


#: What is done, and what the session has afterwards: None if it is gone.
OPERATIONS = {
    "change": (_apply(sets={"large": b"M" * 20_000}), _OLD | {"large": b"M" * 20_000}),
    "grow": (_apply(sets={"new": b"N" * 20_000}), _OLD | {"new": b"N" * 20_000}),
    "shrink": (
        _apply(sets={"large": b"l"}, removals=["other"]),
        {"small": b"1", "large": b"l"},
    ),
    "touch": (_apply(seen_at=5), _OLD),
    "hand over": (_apply(owner="bob"), _OLD),
    "restart": (_apply(restart_at=1, sets={"new": b"N" * 20_000}), {"new": b"N" * 20_000}),
    "move": (_move(), _OLD),
    "sign in": (
        _move(owner="bob", sets={"large": b"M" * 20_000}, removals=["other"]),
        {"small": b"1", "large": b"M" * 20_000},
    ),
    "delete": (lambda store, sid, target: store.delete(sid), None),
    "delete owned": (lambda store, sid, target: store.delete_owned("ada"), None),
    "create": (
        lambda store, sid, target: store.create(
            target, new_record({"new": b"N" * 20_000}, owner="bob")
        ),
        {"new": b"N" * 20_000},
    ),
}


@pytest.fixture
def clock():
    """Stop the time."""
    with FakeClock() as clock:
        yield clock


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fsync", [False, True])
def test_death_between_any_two_calls_tears_nothing(tmp_path, monkeypatch, clock, operation, fsync):
    """Wherever a process dies, sessions are as before or as after; a purge clears up the rest."""
    do, after = OPERATIONS[operation]
    for calls in count():
        folder = tmp_path / str(calls)
        sid, target = put(FileStore(folder), _OLD, owner="ada"), new_sid()
        has_died = _die(monkeypatch, FileStore(folder, fsync), calls, do, sid, target)
        store = FileStore(folder)
        alive = [each for each in (sid, target) if isinstance(store.load(each), Record)]

        assert alive or after is None
        for each in alive:
            assert whole(store, each) in (_OLD, after)
            # Nobody is overlooked, and each is listed as whose it is.
            owner = load(store, each).owner
            assert [each in dict(store.owned(name)) for name in _OWNERS] == [
                owner == name for name in _OWNERS
            ]
            store.apply(each, new_record(revision=99), Changes({"large": b"again" * 5_000}))
            assert whole(store, each)["large"] == b"again" * 5_000
        clock.advance(2 * HOUR / 1000)
        store.purge(100)
        assert files(folder) == entries(folder) == []
        if not has_died:
            return


def _die(monkeypatch, store, calls, do, sid, target):
    """Let *store* do something, and die after so many calls; return whether it had to."""
    store._make_ready()
    with monkeypatch.context() as patch:
        dying = Dying(calls)
        patch.setattr(filedisk, "os", dying)
        patch.setattr(fileowners, "os", dying)
        try:
            do(store, sid, target)
        except Dead:
            return True
    return False
