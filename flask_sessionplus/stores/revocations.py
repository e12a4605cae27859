"""Which sessions have ended, though a browser may still carry them.

What a browser carries cannot be taken back: somebody may have copied it. So each session
that ends is noted in another store, under a sid that is derived of its own, until the last
copy has expired.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from .. import clock
from ..record import Changes, Record, tombstone
from .base import Applied, Miss, Store

# Clocks differ, and a request that was under way may have got one more copy.
_SLACK = 600_000

# In a note: where the session has moved; or that it has ended for good, and late requests
# are to be told so.
_MOVED_TO, _ENDED = "moved_to", "ended"


class Revocations:
    """The notes on sessions that have ended.

    :param store: where they are kept. None: nowhere, and no session is ever revoked.
    :param longest: how long after a copy of a session was made it can be valid, in
        milliseconds, if nothing in the session itself says that it is longer; or what
        returns that, if it may change.
    """

    def __init__(self, store: Store | None, longest: int | Callable[[], int]) -> None:
        self._store = store
        self._longest = longest

    def find(self, sid: bytes) -> Miss | None:
        """Return why *sid* is not valid any more, or None if it is."""
        note = self._load(sid)
        if note is None:
            return None
        says_so = note.values.keys() & {_MOVED_TO, _ENDED} and _is_recent(note)
        return Miss.MOVED if says_so else Miss.UNKNOWN

    def add(self, sid: bytes, idle: int, moved_to: bytes = b"") -> Record | None:
        """Note that *sid* has ended, and return the note; None if it has ended before.

        Of several that try, one succeeds.

        :param idle: how long after it was made a copy can be valid, in milliseconds, as far
            as the session knows. Of one that was stolen new ones may be made until now.
        :param moved_to: the sid under which it lives on.
        """
        now = clock.now()
        longest = self._longest() if callable(self._longest) else self._longest
        until = now + max(longest, idle) + _SLACK
        note = Record(now, now, until, {_MOVED_TO: moved_to} if moved_to else {})
        if self._store is None or self._store.create(_place(sid), note):
            return note
        former = self._load(sid)
        if former is not None:
            until = former.created_at + idle + _SLACK
            if former.expires_at < until:
                self._change(sid, former, Changes(expires_at=until))
        return None

    def warn(self, sid: bytes, note: Record) -> None:
        """Tell those who come late with *sid* that its end is not their business."""
        self._change(sid, note, Changes({_ENDED: b""}, seen_at=clock.now()))

    def successor(self, sid: bytes) -> tuple[bytes, int]:
        """Return under which sid it lives on since a moment, or nothing; and its idle time."""
        note = self._load(sid)
        if note is None or not _is_recent(note):
            return b"", 0
        return note.values.get(_MOVED_TO, b""), note.expires_at - note.created_at

    def _load(self, sid: bytes) -> Record | None:
        found = Miss.UNKNOWN if self._store is None else self._store.load(_place(sid))
        return found if isinstance(found, Record) else None

    def _change(self, sid: bytes, note: Record, changes: Changes) -> Applied | None:
        return None if self._store is None else self._store.apply(_place(sid), note, changes)


def _is_recent(note: Record) -> bool:
    return clock.now() < tombstone(note.seen_at, b"").expires_at


def _place(sid: bytes) -> bytes:
    return sha256(b"revoked" + sid).digest()
