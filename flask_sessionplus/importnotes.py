"""What is noted of sessions that came from elsewhere, so that none comes a second time.

Notes are records in the store of the sessions, like those on bearer tokens.
"""

from __future__ import annotations

from hashlib import sha256

from . import clock
from .codec import Codec
from .errors import StoreConflict
from .owners import KIND
from .record import BOOKKEEPING, Changes, Record
from .stores.base import Outcome, Store

#: In a record that is on its way in, and in the note on it: the same number.
MARK = f"{BOOKKEEPING}importing"

# How long the former interface may go on writing beside this one: a rolling deploy, in
# milliseconds.
_ROLLING = 7 * 24 * 60 * 60_000

_TRIES = 200


class ImportNotes:
    """Reads and writes notes."""

    def __init__(self, store: Store, codec: Codec) -> None:
        self._store = store
        self._kind = codec.encode("note")

    def is_first(self, origin: str, mark: bytes, lifetime: int) -> bool:
        """Note that *origin* has come in as *mark* says, unless it has come in otherwise.

        :param lifetime: how long it could come again, in milliseconds.
        :return: whether the note says *mark* now.
        """
        sid, now = _sid("origin", origin), clock.now()
        values = {KIND: self._kind, MARK: mark}
        if self._store.create(sid, Record(now, now, now + lifetime + _ROLLING, values)):
            return True
        found = self._store.reload(sid)
        return isinstance(found, Record) and found.values.get(MARK) == mark

    def has(self, origin: str) -> bool:
        """Tell whether *origin* has come in before."""
        return isinstance(self._store.reload(_sid("origin", origin)), Record)

    def refuse(self, owner: str | None, lifetime: int) -> None:
        """Let nothing come in any more that *owner* has, or anybody if it is None.

        What is begun there from now on cannot be told from what was begun before.
        """
        sid = _owner_sid(owner)
        for _ in range(_TRIES):
            now = clock.now()
            expires_at = now + lifetime + _ROLLING
            if self._store.create(sid, Record(now, now, expires_at, {KIND: self._kind})):
                return
            found = self._store.reload(sid)
            if isinstance(found, Record):
                changes = Changes(expires_at=max(expires_at, found.expires_at), seen_at=now)
                if self._store.apply(sid, found, changes).outcome is Outcome.SAVED:
                    return
        raise StoreConflict(f"A note was changed by others {_TRIES} times in a row. Try again.")

    def is_refused(self, owner: str) -> bool:
        """Tell whether nothing of *owner* comes in any more; "" for nobody."""
        owners = [None, owner] if owner else [None]
        return any(isinstance(self._store.reload(_owner_sid(who)), Record) for who in owners)


def _owner_sid(owner: str | None) -> bytes:
    return _sid("all") if owner is None else _sid("owner", owner)


def _sid(*parts: str) -> bytes:
    """Return where a note about *parts* is: no token's digest, for those have no such text."""
    text = "".join(f"{len(part)}:{part}" for part in ("taken in", *parts))
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
