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
from flask_sessionplus.testing import FakeClock
from flask_sessionplus.testing.largejobs import make_value, read_values
from tests.stores.filefolder import entries, files
from tests.stores.records import HOUR, load, new_sid, put, save

# Large enough for several writes, so that a kill may fall between them; small ones, which
# lie in the record; and names that do not fit into the record, which lie there all the same.
_SIZES = (100_000, 100, 20_000)
_INLINE = "\x01filling"


def main(folder: str, kills: int) -> int:
    """Kill *kills* writers; return the total of writes that had been acknowledged."""
    store = FileStore(Path(folder))
    total = 0
    for number in range(kills):
        sid = put(store, _values(0), owner="ada")
        acknowledged, sid = _kill_a_writer(store, sid, delay=number % 50 / 10_000)
        # Whole, of one and the same write, and at least as new as the writer was told.
        found = read_values(store, sid, load(store, sid))
        assert len(found) == 4, (number, found)
        assert len(set(found.values())) == 1, (number, found)
        assert int(found["n"]) >= acknowledged, (found, acknowledged)
        # And nobody is locked out, nor overlooked.
        save(store, sid, load(store, sid), Changes({"after": make_value("after", 50_000)}))
        assert sid in dict(store.owned("ada"))
        assert store.delete(sid)
        total += acknowledged
    _purge_all(store)
    return total


def _values(number: int) -> dict[str, bytes]:
    """Return what a write sets: all of it tells which write it was."""
    text = str(number)
    return {
        "n": make_value(text, 100),
        "filling": make_value(text, _SIZES[number % 3]),
        "other": make_value(text, _SIZES[0]),
        _INLINE: make_value(text, _SIZES[number % 2]),
    }


def _purge_all(store: FileStore) -> None:
    """Let everything expire, and look that nothing is left of all that was killed."""
    with FakeClock() as clock:
        clock.advance(2 * HOUR / 1000)
        store.purge(1_000_000)
    assert files(store._folder) == entries(store._folder) == []


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
        sid = store._files.read(sid).record.moved_to
    return int(number), sid


def _write_for_ever(store: FileStore, sid: bytes, told: int) -> None:
    try:
        seen = load(store, sid)
        number = 0
        while True:
            number += 1
            target = new_sid() if number % 5 == 0 else None
            changes = Changes(_values(number), move_to=target)
            outcome, record = store.apply(sid, seen, changes)
            assert outcome is Outcome.SAVED
            assert record is not None
            sid, seen = target or sid, record
            os.write(told, b"%d %s\n" % (number, sid.hex().encode()))
    finally:
        os._exit(1)


if __name__ == "__main__":
    sys.stdout.write(f"{main(sys.argv[1], int(sys.argv[2]))}\n")
