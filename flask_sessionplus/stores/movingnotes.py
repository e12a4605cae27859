"""What is left in the place of a session that moves from one store to another, or has ended."""

from __future__ import annotations

from .. import clock
from ..errors import DamagedRecord
from ..record import BOOKKEEPING, Changes, Record
from .base import Miss, Outcome, Store

# How long a note stays, in milliseconds.
_LIFETIME = 30_000

# What a note holds, in the new store for a session that has ended, in the old one for one
# that has gone to the new. It begins as names of ours do, so every store keeps it at hand.
NOTE = f"{BOOKKEEPING}note of moving house"

# What is in a note that stands for a tombstone too: whoever comes late learns that the session
# has ended, and begins no new one.
LASTING = b"moved"


def has_session(store: Store, sid: bytes) -> bool:
    """Tell whether *store* has something in the place of *sid* that is no note."""
    try:
        found = store.load(sid)
    except DamagedRecord:
        # Whoever loads it is told.
        return True
    return isinstance(found, Record) and not is_note(found)


def is_note(found: Record | Miss) -> bool:
    """Tell whether *found* is a note."""
    return isinstance(found, Record) and NOTE in found.values


def new_note() -> Record:
    """Return a note, for a place where nothing is."""
    now = clock.now()
    return Record(now, now, now + _LIFETIME, {NOTE: b""})


def as_lasting_note(tombstone: Record) -> Changes:
    """Return what makes a note into one that stands for *tombstone* as well."""
    return Changes({NOTE: LASTING}, expires_at=tombstone.expires_at)


def leave_note(store: Store, sid: bytes, found: Record) -> bool:
    """Put a note in the place of *found*; return whether that was there, and no note."""
    note = new_note()
    # In its place, not after a removal: nobody can come in between.
    changes = Changes(
        note.values,
        expects={NOTE: None},
        expires_at=note.expires_at,
        restart_at=note.created_at,
    )
    return store.apply(sid, found, changes).outcome is Outcome.SAVED


def as_changes(record: Record, note: Record) -> Changes:
    """Return what makes *record* out of *note*, if that is still there."""
    return Changes(
        dict(record.values),
        expects={NOTE: note.values[NOTE]},
        expires_at=record.expires_at,
        seen_at=record.seen_at,
        owner=record.owner,
        restart_at=record.created_at,
    )
