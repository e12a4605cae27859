"""Kills writers in the middle of their work, and looks what they leave behind.

Run as a program of its own, for it forks: `python -m tests.stores.killing FOLDER KILLS`. It ends
with 0 if nothing was torn or lost, and prints how many writes the killed had finished.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from flask_sessionplus.record import Changes, Record
from flask_sessionplus.stores.base import Outcome
from flask_sessionplus.stores.file import FileStore
from tests.stores.records import load, new_sid, put

# Large enough for several writes, so that a kill may fall between them.
_FILLING = bytes(300_000)


def main(folder: str, kills: int) -> int:
    """Kill *kills* writers; return the total of writes that had been acknowledged."""
    store = FileStore(Path(folder))
    total = 0
    for number in range(kills):
        sid = put(store, {"n": b"0", "filling": _FILLING})
        acknowledged, sid = _kill_a_writer(store, sid, delay=number % 50 / 10_000)
        record = store.load(sid)
        assert isinstance(record, Record), (number, record)
        # Whole, and at least as new as what the writer was told is saved.
        assert record.values["filling"] == _FILLING
        assert int(record.values["n"]) >= acknowledged, (record.values["n"], acknowledged)
        # And nobody is locked out.
        outcome, _ = store.apply(sid, record, Changes({"after": b"1"}))
        assert outcome is Outcome.SAVED
        assert store.delete(sid)
        total += acknowledged
    return total


def _kill_a_writer(store: FileStore, sid: bytes, delay: float) -> tuple[int, bytes]:
    """Return how often it had written, and where the record is since."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _write_for_ever(store, sid, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        line = told.readline()
        time.sleep(delay)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        # The last line may be cut off, and a move may have been done but not told.
        lines = [line, *told.read().splitlines(keepends=True)]
    number, place = next(each for each in reversed(lines) if each.endswith(b"\n")).split()
    sid = bytes.fromhex(place.decode())
    if not isinstance(store.load(sid), Record):
        sid = store._read(sid).moved_to
    return int(number), sid


def _write_for_ever(store: FileStore, sid: bytes, told: int) -> None:
    try:
        seen = load(store, sid)
        number = 0
        while True:
            number += 1
            target = new_sid() if number % 5 == 0 else None
            changes = Changes({"n": b"%d" % number}, move_to=target)
            outcome, record = store.apply(sid, seen, changes)
            assert outcome is Outcome.SAVED
            assert record is not None
            sid, seen = target or sid, record
            os.write(told, b"%d %s\n" % (number, sid.hex().encode()))
    finally:
        os._exit(1)


if __name__ == "__main__":
    sys.stdout.write(f"{main(sys.argv[1], int(sys.argv[2]))}\n")
