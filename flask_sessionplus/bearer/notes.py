"""What is known against tokens that are valid by themselves: they were revoked.

A note is a record in the store of the sessions, found by what it is about: one token, all
that one user was issued before a time, or all of everybody. It lasts until each token that it
is about is too old anyway.
"""

from __future__ import annotations

from hashlib import sha256

from .. import clock
from ..codec import Codec
from ..errors import DamagedRecord, StoreConflict
from ..owners import KIND
from ..record import BOOKKEEPING, Changes, Record
from ..reporter import PATIENCE
from ..stores.base import Miss, Outcome, Store
from .verifying import VerifiedClaims

_BEFORE = f"{BOOKKEEPING}before"
_SPARED = f"{BOOKKEEPING}spared"

# By how much the clocks of those who note and those who read may differ, in milliseconds.
_MARGIN = 2 * 60_000


class Notes:
    """Writes and reads notes.

    :param max_age: how old a token may be, in milliseconds.
    :param leeway: by how much the clocks of issuer and app may differ, in milliseconds: a token
        that was there before a revocation may be dated after it by as much.
    """

    def __init__(self, store: Store, codec: Codec, max_age: int, leeway: int) -> None:
        self._store = store
        self._kind = codec.encode("note")
        self._leeway = leeway
        self._lifetime = max_age + _MARGIN + leeway

    def refuse_token(self, issuer: str, jti: str) -> None:
        """Let the token *jti* of *issuer* be good no more."""
        self._refuse(_sid("jti", issuer, jti), "")

    def refuse_user(self, owner: str, spared: str = "") -> None:
        """Let what *owner* has been issued until now be good no more.

        :param spared: the jti of a token that stays good.
        """
        self._refuse(_sid("user", owner), spared)

    def refuse_all(self) -> None:
        """Let what anybody has been issued until now be good no more."""
        self._refuse(_sid("all"), "")

    def against(self, claims: VerifiedClaims, owner: str) -> str:
        """Return what is known against a token, in one word, or "": up to three loads.

        :raises StoreError: if the store does not answer, or has notes that are damaged.
        """
        jti, issued_at = claims.jti or "", round(claims["iat"] * 1000)
        if self._is_old(_sid("all"), issued_at, jti) or self._is_old(
            _sid("user", owner), issued_at, jti
        ):
            return "ended"
        # It is kept under a digest, and compared with none: nothing to be measured.
        if jti and isinstance(self._store.reload(_sid("jti", claims.issuer, jti)), Record):
            return "revoked"
        return ""

    def _is_old(self, sid: bytes, issued_at: int, jti: str) -> bool:
        # Not a copy that a layer has kept: what was revoked a moment ago is in none.
        found = self._store.reload(sid)
        if isinstance(found, Miss):
            return False
        if jti and found.values.get(_SPARED) == jti.encode():
            return False
        return issued_at <= _before(found) + self._leeway

    def _refuse(self, sid: bytes, spared: str) -> None:
        for _ in range(PATIENCE):
            found, now = self._find(sid), clock.now()
            if isinstance(found, Miss):
                values = {KIND: self._kind, _BEFORE: b"%d" % now, _SPARED: spared.encode()}
                is_done = self._store.create(sid, Record(now, now, now + self._lifetime, values))
            else:
                # Later than before, whatever this machine's clock says.
                before = max(now, _before(found) + 1)
                changes = Changes(
                    {_BEFORE: b"%d" % before, _SPARED: spared.encode()},
                    expects={_BEFORE: found.values.get(_BEFORE)},
                    expires_at=before + self._lifetime,
                    seen_at=now,
                )
                is_done = self._store.apply(sid, found, changes).outcome is Outcome.SAVED
            if is_done:
                return
        raise StoreConflict(f"A note was changed by others {PATIENCE} times in a row. Try again.")

    def _find(self, sid: bytes) -> Record | Miss:
        try:
            return self._store.reload(sid)
        except DamagedRecord:
            # The new one says all that it can have said.
            self._store.delete(sid)
            return Miss.UNKNOWN


def _before(note: Record) -> int:
    data = note.values.get(_BEFORE, b"")
    if not data.isdigit():
        raise DamagedRecord("A note on revoked tokens holds no time. Revoke them once more.")
    return int(data)


def _sid(*parts: str) -> bytes:
    """Return where a note about *parts* is; no two lists of parts have the same place."""
    text = "".join(f"{len(part)}:{part}" for part in ("note", *parts))
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
