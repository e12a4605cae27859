"""What several threads or processes do at once with large values of one store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from ..record import Changes, Record
from ..stores.base import Outcome, Store
from .jobs import Opener, load_live
from .workers import Worker

_DIGEST = 32
_ENTRY = 100


def make_value(text: str, size: int) -> bytes:
    """Return *size* bytes that say *text*, and of which none can be missing unnoticed."""
    body = f"{text}|".encode()
    body = (body * (size // len(body) + 1))[: max(size - _DIGEST, len(body))]
    return hashlib.sha256(body).digest() + body


def read_value(data: bytes) -> str:
    """Return the text of :func:`make_value`.

    :raises AssertionError: if the bytes are not all from one value.
    """
    body = data[_DIGEST:]
    assert data[:_DIGEST] == hashlib.sha256(body).digest(), "the bytes of a value are torn"
    return body.partition(b"|")[0].decode()


def read_values(store: Store, sid: bytes, record: Record) -> dict[str, str]:
    """Return the texts of all values, inline and beside; those gone since are left out."""
    beside = store.fetch(sid, list(record.beside)) if record.beside else {}
    values: Mapping[str, bytes] = record.values | beside
    return {name: read_value(data) for name, data in values.items()}


def write_large_keys(store: Store, sid: bytes, seen: Record, name: str, count: int) -> None:
    """Set three keys that nobody else sets *count* times, to values of changing size."""
    for number in range(count):
        key, size = f"{name}-{number % 3}", (20_000, 3_000, 100, 9_000)[number % 4]
        value = make_value(f"{name} {number}", size)
        outcome, record = store.apply(sid, seen, Changes({key: value}))
        assert outcome is Outcome.SAVED, outcome
        # Now and then the view is an old one, as in a slow request.
        if record is not None and number % 3:
            seen = record


def written_last(name: str, count: int) -> dict[str, str]:
    """Return the texts that :func:`write_large_keys` leaves behind."""
    return {f"{name}-{number % 3}": f"{name} {number}" for number in range(count)}


def append_entries(store: Store, sid: bytes, seen: Record, name: str, count: int) -> None:
    """Append *count* entries to the large value "log", as `Session.append` does."""
    for number in range(count):
        entry = f"{name} {number}".encode().ljust(_ENTRY, b".")
        outcome = Outcome.CONFLICT
        while outcome is Outcome.CONFLICT:
            old = seen.values.get("log")
            if old is None:
                old = store.fetch(sid, ["log"]).get("log")
            changes = Changes({"log": (old or b"") + entry}, expects={"log": old})
            outcome, record = store.apply(sid, seen, changes)
            assert record is not None, outcome
            seen = record
        assert outcome is Outcome.SAVED, outcome


def entries(log: bytes) -> list[str]:
    """Return the entries of a log that :func:`append_entries` has written, sorted."""
    assert len(log) % _ENTRY == 0
    found = [log[start : start + _ENTRY] for start in range(0, len(log), _ENTRY)]
    return sorted(entry.rstrip(b".").decode() for entry in found)


def read_until(store: Store, sid: bytes, is_done: Callable[[], bool]) -> None:
    """Load and fetch again and again: each value is whole, its own, never older than before."""
    newest: dict[str, int] = {}
    while not is_done():
        for key, text in read_values(store, sid, load_live(store, sid)).items():
            writer, _, number = text.rpartition(" ")
            assert writer == key.rpartition("-")[0]
            assert int(number) >= newest.get(key, 0), "an older value came back"
            newest[key] = int(number)


def in_process_write_or_read(
    worker: Worker, opener: Opener, sid: bytes, count: int, readers: int
) -> None:
    """Read all the time (the first *readers* workers), or write large keys."""
    store = opener()
    seen = load_live(store, sid)
    worker.meet()
    if worker.number < readers:
        left = iter(range(count))
        read_until(store, sid, lambda: next(left, None) is None)
    else:
        write_large_keys(store, sid, seen, f"process-{worker.number}", count)


def in_process_append(worker: Worker, opener: Opener, sid: bytes, count: int) -> None:
    """Run :func:`append_entries` in a worker."""
    store = opener()
    seen = load_live(store, sid)
    worker.meet()
    append_entries(store, sid, seen, f"process-{worker.number}", count)
