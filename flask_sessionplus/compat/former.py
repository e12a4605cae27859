"""Flask-Session's sessions, whatever they are kept in: how they are called and signed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from itsdangerous import BadSignature, Signer

from .. import clock
from ..errors import ConfigError
from ..importing import Countable, Importer
from ..importingcookies import token_for
from ..importingrecords import Found, UnreadableSession
from ..tokens import ForeignToken, is_wellformed
from .records import read_record

# What no other program writes: what Flask-Session, Flask and Flask-Login keep among the data.
_SURE = frozenset({"_permanent", "_flashes", "_user_id"})


class Kept(NamedTuple):
    """What a place has of one session.

    :param data: the bytes of the record.
    :param expires_at: in milliseconds, or None if the place does not tell.
    """

    data: bytes
    expires_at: int | None


class FormerPlace(ABC):
    """Where Flask-Session has kept its records. Faults are :class:`.StoreError`."""

    #: Whether only the beginning of a key tells whose it is.
    is_for_all = False

    #: How the bytes of a record are read.
    read: Callable[[bytes], dict[str, Any]] = staticmethod(read_record)

    @abstractmethod
    def get(self, key: str) -> Kept | None:
        """Return the record under *key*, or None."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove the record under *key*. Harmless if it is not there."""


class Listed(ABC):
    """A place that can go through its records."""

    @abstractmethod
    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with *prefix*, in any order, in bounded memory."""

    @abstractmethod
    def count(self, prefix: str) -> int:
        """Return about how many there are."""


class FormerSessions(Importer):
    """The sessions of Flask-Session.

    :param place: where they are.
    :param prefix: its ``SESSION_KEY_PREFIX``.
    :param find_lifetime: returns ``PERMANENT_SESSION_LIFETIME`` in milliseconds.
    :param keys: the secret keys, the newest first, if its cookies are signed.
    """

    def __init__(
        self,
        place: FormerPlace,
        prefix: str,
        find_lifetime: Callable[[], int],
        keys: Sequence[str | bytes] = (),
    ) -> None:
        self.place = place
        self._prefix = prefix
        self._find_lifetime = find_lifetime
        self._keys = [key.encode() if isinstance(key, str) else key for key in keys]
        self.takes_tokens = not keys

    def read_cookie(self, cookie: str) -> ForeignToken | None:
        """Return the token for a cookie with a signature that is good.

        The token is another one than the id: that alone lets nobody in, neither before nor now.
        """
        if not self._keys:
            return None
        # The newest one is the last.
        signer = Signer(self._keys[::-1], salt="flask-session", key_derivation="hmac")
        try:
            origin = signer.unsign(cookie).decode("ascii")
        except (BadSignature, UnicodeDecodeError):
            return None
        return ForeignToken(self.token_of(origin), self, origin) if is_wellformed(origin) else None

    def token_of(self, origin: str) -> str:
        """Return the token that the session with the id *origin* will have: the same, as a rule."""
        return token_for(self._keys[0], origin) if self._keys else origin

    def tokens_of(self, origin: str) -> Sequence[str]:
        """Return a token for each of the secret keys, the newest first."""
        return [token_for(key, origin) for key in self._keys]

    def find(self, origin: str) -> Found | None:
        """Return the session with the id *origin*."""
        kept = self.place.get(self._prefix + origin)
        if kept is None:
            return None
        expires_at = kept.expires_at
        if expires_at is not None and expires_at <= clock.now():
            return None
        # It was written with the lifetime of that time, which nobody knows.
        used_at = None if expires_at is None else expires_at - self._find_lifetime()
        values = self.place.read(kept.data)
        # With a signature, the app has said itself that it is a session.
        if self._is_unmarked() and not self._keys and _SURE.isdisjoint(values):
            raise UnreadableSession("with an empty SESSION_KEY_PREFIX it may be no session at all")
        return Found(values, used_at, expires_at)

    def remove(self, origin: str) -> None:
        """Remove the record of the session with the id *origin*."""
        self.place.delete(self._prefix + origin)

    def lifetime(self) -> int:
        """Return how long a record lives that was written just now, in milliseconds."""
        return self._find_lifetime()

    def _is_unmarked(self) -> bool:
        """Tell whether the keys of sessions look like those of other programs."""
        return self.place.is_for_all and not self._prefix


class ListedSessions(FormerSessions, Countable):
    """The same in a place that can go through its records.

    :raises ConfigError: when they are gone through, if nobody can tell which they are.
    """

    def origins(self) -> Iterator[str]:
        """Yield the ids of the sessions."""
        prefix = self._prefix
        keys = (key for key in self._listed().keys(prefix) if key.startswith(prefix))
        # What does not look like an id is somebody else's, such as a record of ours.
        return (key[len(prefix) :] for key in keys if is_wellformed(key[len(prefix) :]))

    def count(self) -> int:
        """Return about how many there are."""
        return self._listed().count(self._prefix)

    def _listed(self) -> Listed:
        assert isinstance(self.place, Listed)
        if self._is_unmarked():
            raise ConfigError(
                "SESSION_KEY_PREFIX is empty: nobody can tell the sessions from what other programs"
                " keep in that database, so they are not gone through. Each is carried over when"
                " its owner comes: wait for PERMANENT_SESSION_LIFETIME to go by."
            )
        return self.place


def former_sessions(
    place: FormerPlace,
    prefix: str,
    find_lifetime: Callable[[], int],
    keys: Sequence[str | bytes] = (),
) -> FormerSessions:
    """Return the sessions in *place*, to go through if that can be done."""
    kind = ListedSessions if isinstance(place, Listed) else FormerSessions
    return kind(place, prefix, find_lifetime, keys)
