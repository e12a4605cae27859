"""What several processes do at once to one store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .. import clock
from ..record import Changes, Record
from ..stores.base import Outcome, Store
from .workers import Worker

Opener = Callable[[], Store]

_HOUR = 3_600_000

# Writes after which a writer gives way, for the one that deletes or moves may starve.
_MANY = 20


def write_keys(store: Store, sid: bytes, seen: Record, name: str, count: int) -> None:
    """Set *count* keys that nobody else sets, beginning with *seen*."""
    for number in range(count):
        outcome, record = store.apply(sid, seen, Changes({f"{name}-{number}": b"1"}))
        assert outcome is Outcome.SAVED, outcome
        # Now and then the view is an old one, as in a slow request.
        if record is not None and number % 3:
            seen = record


def count_up(store: Store, sid: bytes, seen: Record, count: int) -> None:
    """Add 1 to the key "n", *count* times, as `Session.increment` does."""
    for _ in range(count):
        outcome = Outcome.CONFLICT
        while outcome is Outcome.CONFLICT:
            old = seen.values.get("n")
            changes = Changes({"n": b"%d" % (int(old or b"0") + 1)}, expects={"n": old})
            outcome, record = store.apply(sid, seen, changes)
            assert record is not None, outcome
            seen = record
        assert outcome is Outcome.SAVED, outcome


def write_until_gone(store: Store, sid: bytes, seen: Record, name: str) -> list[str]:
    """Set a few keys until the record is gone; return those that were acknowledged."""
    saved = []
    for number in range(_MANY):
        key = f"{name}-{number}"
        outcome, record = store.apply(sid, seen, Changes({key: b"1"}))
        if outcome is Outcome.GONE:
            break
        assert outcome is Outcome.SAVED, outcome
        saved.append(key)
        if record is not None and number % 2:
            seen = record
    return saved


def in_process_write_keys(worker: Worker, opener: Opener, sid: bytes, count: int) -> None:
    """Run :func:`write_keys` in a worker."""
    store = opener()
    seen = load_live(store, sid)
    worker.meet()
    write_keys(store, sid, seen, f"process-{worker.number}", count)


def in_process_count_up(worker: Worker, opener: Opener, sid: bytes, count: int) -> None:
    """Run :func:`count_up` in a worker."""
    store = opener()
    seen = load_live(store, sid)
    worker.meet()
    count_up(store, sid, seen, count)


def create_each(worker: Worker, opener: Opener, sids: Sequence[bytes]) -> list[bool]:
    """Try to create every one of *sids* at the same time as the other workers."""
    store = opener()
    created = []
    for sid in sids:
        now = clock.now()
        record = Record(now, now, now + _HOUR, {"by": b"%d" % worker.number})
        worker.meet()
        created.append(store.create(sid, record))
    return created


def delete_or_write(worker: Worker, opener: Opener, sids: Sequence[bytes]) -> list[bool]:
    """Delete each of *sids* (the first worker), while the others write to it."""
    store = opener()
    views = [load_live(store, sid) for sid in sids]
    deleted = []
    for sid, seen in zip(sids, views, strict=True):
        worker.meet()
        if worker.number == 0:
            deleted.append(store.delete(sid))
        else:
            write_until_gone(store, sid, seen, f"process-{worker.number}")
    return deleted


def move_or_write(
    worker: Worker, opener: Opener, moves: Sequence[tuple[bytes, bytes]]
) -> list[list[str]]:
    """Move each record (the first worker), while the others write to it.

    :return: the acknowledged keys of each record.
    """
    store = opener()
    views = [load_live(store, sid) for sid, _ in moves]
    saved = []
    for (sid, target), seen in zip(moves, views, strict=True):
        worker.meet()
        if worker.number == 0:
            outcome, _ = store.apply(sid, seen, Changes({"moved": b"1"}, move_to=target))
            assert outcome is Outcome.SAVED, outcome
            saved.append(["moved"])
        else:
            saved.append(write_until_gone(store, sid, seen, f"process-{worker.number}"))
    return saved


def load_live(store: Store, sid: bytes) -> Record:
    """Return the live record of *sid*."""
    record = store.load(sid)
    assert isinstance(record, Record), record
    return record
