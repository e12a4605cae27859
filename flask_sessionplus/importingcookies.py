"""Taking in the cookies of Flask's own sessions: ``SESSION_IMPORT_COOKIE``."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadPayload, BadSignature, TimestampSigner, URLSafeSerializer

from . import clock
from .errors import ConfigError
from .importing import Importer
from .importingrecords import Found, UnreadableSession
from .stores.schemes import Place
from .tokens import ForeignToken

if TYPE_CHECKING:
    from flask import Flask

# What no other use of the secret key has in front.
_PURPOSE = b"flask-sessionplus: a former session\x00"

# By how much the clocks of two machines may be apart, in milliseconds.
_SKEW = 30_000


class CookieImporter(Importer):
    """Reads what Flask has signed, as Flask itself does.

    A session is called after what was signed in its cookie. The signature itself can be spelled in
    several ways (base64 has bits that mean nothing): it must not make it another session.

    :param app: whose cookies; if it has had a session interface made from Flask's, with another
        salt for example, they are read as that one does.
    """

    removes = False

    def __init__(self, app: Flask, place: Place) -> None:
        self._find_lifetime = place.find_lifetime
        if not place.secret_keys:
            raise ConfigError(
                "SESSION_IMPORT_COOKIE needs the key that Flask has signed the cookies with. Set"
                " SECRET_KEY before init_app(), or leave SESSION_IMPORT_COOKIE out."
            )
        known = app.session_interface
        is_flasks = isinstance(known, SecureCookieSessionInterface)
        former: Any = known if is_flasks else SecureCookieSessionInterface()
        self._keys = [_as_bytes(key) for key in place.secret_keys]
        # The newest one is the last.
        self._signer = TimestampSigner(
            self._keys[::-1],
            salt=former.salt,
            key_derivation=former.key_derivation,
            digest_method=former.digest_method,
        )
        self._load = URLSafeSerializer("", serializer=former.serializer).load_payload

    def read_cookie(self, cookie: str) -> ForeignToken | None:
        """Return the token for a cookie of Flask's that is good, without reading what is in it."""
        if self._unsign(cookie) is None:
            return None
        return ForeignToken(self.tokens_of(cookie)[0], self, cookie)

    def tokens_of(self, origin: str) -> Sequence[str]:
        """Return a token for each of the app's secret keys, the newest first."""
        return [token_for(key, self.name(origin)) for key in self._keys]

    def name(self, origin: str) -> str:
        """Return what was signed in the cookie."""
        return origin.rpartition(".")[0]

    def find(self, origin: str) -> Found | None:
        """Return what is in the cookie *origin*."""
        found = self._unsign(origin)
        if found is None:
            # Too old since a moment ago.
            return None
        payload, signed_at = found
        try:
            values = self._load(payload)
        except BadPayload as error:
            raise UnreadableSession("the cookie holds something else than Flask writes") from error
        if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
            raise UnreadableSession("the cookie holds no session")
        return Found(values, signed_at, signed_at + self._find_lifetime())

    def remove(self, origin: str) -> None:
        """Do nothing: the answer replaces the cookie, and the note lets it in no more."""

    def lifetime(self) -> int:
        """Return how long a cookie that was signed just now is good, in milliseconds."""
        return self._find_lifetime()

    def _unsign(self, cookie: str) -> tuple[bytes, int] | None:
        """Return what was signed, and when, in milliseconds; None if it is not good."""
        try:
            payload, moment = self._signer.unsign(cookie, return_timestamp=True)
        except BadSignature:
            return None
        signed_at = int(moment.timestamp() * 1000)
        # As Flask has it; but the clock of another machine may be a little ahead.
        if not -_SKEW <= clock.now() - signed_at <= self._find_lifetime():
            return None
        return payload, signed_at


def token_for(key: bytes, origin: str) -> str:
    """Return the token for what was called *origin*: always the same, and nobody can guess it.

    :param key: the app's secret key. HMAC-SHA-256, so that what is known of other uses of the key
        says nothing of this one.
    """
    made = hmac.digest(key, _PURPOSE + origin.encode(), "sha256")
    return urlsafe_b64encode(made).rstrip(b"=").decode("ascii")


def _as_bytes(key: str | bytes) -> bytes:
    return key.encode() if isinstance(key, str) else key
