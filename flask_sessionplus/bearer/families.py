"""Families: all tokens that come of one sign-in, and live only as long as their record.

An access token of ours names its family. If the record is gone, for whatever reason, all the
family's tokens are dead, without anything having been noted: by what is in the store, and not
by the times of clocks. So a token that was issued right after a revocation is good.

A refresh token is opaque. It holds the family's name, a secret that stays, by which a former
refresh token is told from one that somebody made up, and a secret that is good for one use.
Of both the store has digests only.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from enum import Enum
from hashlib import sha256
from hmac import compare_digest
from struct import Struct
from typing import NamedTuple

from .. import clock
from ..codec import Codec
from ..errors import StoreConflict
from ..owners import KIND
from ..record import BOOKKEEPING, Changes, Record
from ..stores.base import Applied, Miss, Outcome, Store
from ..tokens import Token, handle
from .gate import Refused, decode, encode
from .verifying import VerifiedClaims

# The digests of the lasting secret, the one to be used next, and those used a moment ago, each
# with the time.
_FAMILY = f"{BOOKKEEPING}family"
_NEXT = f"{BOOKKEEPING}next"
_FORMERS = f"{BOOKKEEPING}formers"

# A digest of issuer and audience: apps that share a store do not take each other's.
_CONTEXT = f"{BOOKKEEPING}context"

# In front of the jti of an access token that was revoked by itself.
_REVOKED = f"{BOOKKEEPING}revoked:"

# So long a former refresh token is a request that was sent twice, in milliseconds.
_GRACE = 10_000

# So many of those are kept: no honest client uses more in that time.
_MOST_FORMERS = 32
_FORMER = Struct(">32sQ")

_HALF, _SECRET = 16, 32


class Turn(Enum):
    """What became of a refresh token."""

    #: It was good, and is used up now.
    DONE = "done"
    #: It is none, or its family is gone.
    UNKNOWN = "refresh"
    #: Another request has used it a moment ago.
    LATE = "late"
    #: It was used before: somebody has a copy.
    REUSED = "reused"


class _Refresh:
    """A refresh token, taken apart. It shows nothing of itself."""

    __slots__ = ("lasting", "secret", "sid")

    def __init__(self, spelled: str) -> None:
        try:
            data = decode(spelled) if len(spelled) == _LENGTH else b""
        except Refused:
            data = b""
        self.sid = _sid(data[:_HALF])
        self.lasting = data[_HALF : 2 * _HALF]
        self.secret = data[2 * _HALF :]

    def next(self) -> tuple[Token, bytes]:
        """Return the token to be used after this one, and the digest of its secret."""
        secret = secrets.token_bytes(_SECRET)
        return _spell(self.sid, self.lasting, secret), _digest(secret)


class Turned(NamedTuple):
    """What became of a refresh token; the family, and the next token, if it was good."""

    turn: Turn
    sid: bytes = b""
    record: Record | None = None
    refresh: str = ""


class Families:
    """Keeps families in *store*.

    :param issuer: of their access tokens.
    :param audience: whom these are for. A refresh token is good for the same one only.
    """

    def __init__(self, store: Store, codec: Codec, issuer: str, audience: str) -> None:
        self._store = store
        self._kind = codec.encode("token")
        text = "".join(f"{len(part)}:{part}" for part in (issuer, audience))
        self._context = _digest(text.encode("utf-8", "surrogatepass"))

    def begin(
        self, sid: bytes, owner: str, values: Mapping[str, bytes], now: int, expires_at: int
    ) -> None:
        """Store a new family.

        :param sid: of :func:`new_sid`.
        :param expires_at: when it ends, in milliseconds.
        :raises StoreConflict: if there is one already.
        """
        values = {**values, KIND: self._kind, _CONTEXT: self._context}
        record = Record(now, now, expires_at, values, owner=owner)
        if not self._store.create(sid, record):
            raise StoreConflict("A random number came twice. Nothing was issued: try again.")

    def refuses(self, claims: VerifiedClaims, name: str, owner: str) -> str:
        """Return why the family *name* does not stand for a token, in one word, or "": one load.

        :raises StoreError: if the store does not answer.
        """
        # Not a copy that a layer has kept.
        found = self._store.reload(sid_of(name))
        if isinstance(found, Miss) or not self._is_one(found) or found.owner != owner:
            return "ended"
        return "revoked" if _REVOKED + str(claims.jti) in found.values else ""

    def revoke_token(self, jti: str, forget_before: int) -> bool:
        """Let one access token be good no more; return whether its family is there.

        :param forget_before: those that were revoked earlier than this are too old anyway.
        """
        name = family_in(jti)
        sid = sid_of(name) if name else b""
        found = self._store.reload(sid) if name else Miss.UNKNOWN
        if isinstance(found, Miss) or not self._is_one(found):
            return False
        if _NEXT not in found.values:
            return self._store.delete(sid)
        changes = Changes(
            {_REVOKED + jti: b"%d" % clock.now()},
            [each for each, at in _revoked(found) if at < forget_before],
        )
        return self._store.apply(sid, found, changes).outcome is Outcome.SAVED

    def turn(self, refresh: str, expires_at: int, most: int) -> Turned:
        """Use up a refresh token.

        :param expires_at: when the family ends if that is the last use, in milliseconds.
        :param most: how long a family lives in all, in milliseconds.
        """
        given = _Refresh(refresh)
        found = self._store.reload(given.sid) if given.secret else Miss.UNKNOWN
        # Another app's is none, even if it was used: this app must not end it.
        if isinstance(found, Miss) or found.values.get(_CONTEXT) != self._context:
            return Turned(Turn.UNKNOWN)
        if not _holds(found, _FAMILY, given.lasting):
            return Turned(Turn.UNKNOWN)
        if not _holds(found, _NEXT, given.secret):
            return self._meet_again(found, given)
        expires_at = min(expires_at, found.created_at + most)
        if expires_at <= clock.now():
            # By a limit that was set, or made shorter, since it was issued.
            return Turned(Turn.UNKNOWN)
        refresh, new = given.next()
        outcome, record = self._swap(given.sid, found, new, expires_at)
        if outcome is Outcome.SAVED:
            return Turned(Turn.DONE, given.sid, record, refresh)
        return Turned(Turn.LATE if outcome is Outcome.CONFLICT else Turn.UNKNOWN)

    def _swap(self, sid: bytes, found: Record, new: bytes, expires_at: int) -> Applied:
        now, old = clock.now(), found.values[_NEXT]
        changes = Changes(
            {_NEXT: new, _FORMERS: _with_former(found, old, now)},
            expects={_NEXT: old},
            expires_at=expires_at,
            seen_at=now,
        )
        return self._store.apply(sid, found, changes)

    def _meet_again(self, found: Record, given: _Refresh) -> Turned:
        secret = _digest(given.secret)
        if any(compare_digest(former, secret) for former, _ in _formers(found, clock.now())):
            return Turned(Turn.LATE)
        self._store.delete(given.sid)
        return Turned(Turn.REUSED, given.sid, found)

    def _is_one(self, record: Record) -> bool:
        return record.values.get(KIND) == self._kind


def new_sid() -> bytes:
    """Return where a new family is to be."""
    return _sid(secrets.token_bytes(_HALF))


def new_refresh(sid: bytes) -> tuple[str, dict[str, bytes]]:
    """Return the first refresh token of the family *sid*, and what it has to know of it."""
    lasting, secret = secrets.token_bytes(_HALF), secrets.token_bytes(_SECRET)
    return _spell(sid, lasting, secret), {_FAMILY: _digest(lasting), _NEXT: _digest(secret)}


def new_jti(sid: bytes) -> str:
    """Return the name of a new access token of the family *sid*."""
    return f"{handle(sid)}.{secrets.token_urlsafe(_HALF)}"


def family_of(claims: VerifiedClaims) -> str:
    """Return the name of the family that a token is of, or "": it was issued elsewhere.

    Who has issued it otherwise may have a ``sid`` too, but no ``jti`` that begins with it.
    """
    name = family_in(claims.jti or "")
    return name if name and claims.get("sid") == name else ""


def family_in(jti: str) -> str:
    """Return the name of the family that *jti* begins with, or ""."""
    name, dot, _ = jti.partition(".")
    try:
        is_name = bool(dot) and len(name) < 2 * _HALF and len(decode(name)) == _HALF
    except Refused:
        is_name = False
    return name if is_name else ""


def sid_of(name: str) -> bytes:
    """Return where the family *name* is: a store shows the name as its handle."""
    return _sid(decode(name))


def _sid(half: bytes) -> bytes:
    return half + sha256(b"family:" + half).digest()[:_HALF]


def _digest(secret: bytes) -> bytes:
    return sha256(secret).digest()


def _holds(record: Record, name: str, secret: bytes) -> bool:
    return compare_digest(record.values.get(name, b""), _digest(secret))


def _formers(record: Record, now: int) -> list[tuple[bytes, int]]:
    """Return the digests of the secrets that were used a moment ago, and when."""
    packed = record.values.get(_FORMERS, b"")
    return [(used, at) for used, at in _FORMER.iter_unpack(packed) if now < at + _GRACE]


def _with_former(record: Record, used: bytes, now: int) -> bytes:
    kept = [*_formers(record, now), (used, now)][-_MOST_FORMERS:]
    return b"".join(_FORMER.pack(*each) for each in kept)


def _spell(sid: bytes, lasting: bytes, secret: bytes) -> Token:
    return Token(encode(sid[:_HALF] + lasting + secret))


_LENGTH = len(encode(bytes(2 * _HALF + _SECRET)))


def _revoked(record: Record) -> list[tuple[str, int]]:
    return [(name, int(at)) for name, at in record.values.items() if name.startswith(_REVOKED)]
