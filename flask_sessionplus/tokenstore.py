"""``ext.tokens``: bearer tokens that the app issues itself, and revokes."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import has_request_context, request

from . import clock, signals
from .bearer.checking import Checker
from .bearer.families import Families, Turn, new_jti, new_refresh, new_sid
from .bearer.gate import Refused
from .bearer.notes import Notes
from .bearer.verifying import VerifiedClaims, Verifier
from .checks import to_milliseconds
from .codec import Codec
from .config import Settings
from .errors import ConfigError, DamagedRecord, StoreError, StoreUnavailable
from .owners import SINCE, index_of, kind_of, origin_of, owner_key
from .processes import refuse_alone
from .record import BOOKKEEPING
from .stores.base import Carrying, OwnerIndex, Store
from .tokens import Token, handle

if TYPE_CHECKING:
    from .bearer.keys import Keys

#: Claims that are ours to set.
RESERVED_CLAIMS = frozenset({"iss", "sub", "aud", "iat", "nbf", "exp", "jti", "sid"})

# What of the access token is the app's, so that the next one has it too.
_CLAIMS = f"{BOOKKEEPING}claims"

# How long a sign-in lives in all, in milliseconds, if nothing else is set: who has a copy of a
# refresh token, and uses it first, stays no longer.
_MOST = 90 * 24 * 3_600_000

_log = logging.getLogger("flask_sessionplus")


@dataclass(frozen=True)
class TokenPair:
    """What somebody gets who signs in, or comes with a refresh token.

    :param access: a JSON Web Token, for ``Authorization: Bearer``.
    :param refresh: an opaque secret, for :meth:`.Tokens.refresh`, once.
    :param expires_in: for how many seconds the access token is good.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_in: int

    def as_dict(self) -> dict[str, Any]:
        """Return it under the names of RFC 6749 section 5.1, for an answer in JSON.

        The answer must not be stored: give it ``Cache-Control: no-store``.
        """
        return {
            "access_token": self.access,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "refresh_token": self.refresh,
        }


class Tokens:
    """Issues, checks and revokes the bearer tokens of one app.

    :param find_app: returns the app, the sender of signals.
    :param settings: with those of tokens.
    :raises ConfigError: if a key is wrong, or the store is not one that all processes share.
    """

    def __init__(
        self, find_app: Callable[[], Any], store: Store, codec: Codec, settings: Settings
    ) -> None:
        # Here, for it needs packages that an app without tokens does not.
        from .bearer.keys import DEFAULT_ALGORITHMS, Keys

        assert settings.jwt is not None
        self._find_app = find_app
        self._store = store
        self._codec = codec
        self._settings = settings.jwt
        self._absolute = settings.absolute_lifetime or max(_MOST, settings.jwt.refresh_lifetime)
        self._keys: Keys = Keys(settings.jwt.key, settings.jwt.algorithms or DEFAULT_ALGORITHMS)
        self._verifier = Verifier(
            self._keys,
            settings.jwt.issuer,
            settings.jwt.audience,
            leeway=settings.jwt.leeway / 1000,
            max_age=settings.jwt.max_age / 1000,
            types=settings.jwt.types,
        )
        self._families = Families(store, codec, settings.jwt.issuer, settings.jwt.audience)
        self._notes = Notes(store, codec, settings.jwt.max_age, settings.jwt.leeway)
        self._checker = Checker(self._verifier, self._families, self._notes)

    def issue(
        self,
        user_id: Any,
        role_id: Any = None,
        lifetime: timedelta | float | None = None,
        **claims: Any,
    ) -> str:
        """Return a new access token for a user who has just proved who he is.

        :param user_id: an int, a str, a UUID; ``sub`` will be its text.
        :param role_id: what JSON can say, for ``role_required``; None: no role.
        :param lifetime: a timedelta or seconds, at most ``SESSION_JWT_MAX_AGE``; default:
            ``SESSION_JWT_LIFETIME``.
        :param claims: more claims, which JSON can say. ``auth_time``, what `fresh_required` looks
            at, is now unless it is given.
        :raises ValueError: if one of them is ours to set, or the token would be refused.
        """
        milliseconds = self._lifetime(lifetime)
        owner, now = owner_key(user_id), clock.now()
        more = self._claims(role_id, claims, now)
        sid = new_sid()
        token = self._sign(owner, sid, more, now, milliseconds)
        end = now + milliseconds + self._settings.leeway
        with _logged():
            self._families.begin(sid, owner, self._origin(now), now, end)
        return token

    def issue_pair(self, user_id: Any, role_id: Any = None, **claims: Any) -> TokenPair:
        """Return a new access token, and a refresh token for the next one.

        The arguments are those of :meth:`issue`. The refresh token is good for
        ``SESSION_JWT_REFRESH_LIFETIME``, once.
        """
        owner, now = owner_key(user_id), clock.now()
        more = self._claims(role_id, claims, now)
        sid = new_sid()
        refresh, values = new_refresh(sid)
        values |= {**self._origin(now), _CLAIMS: json.dumps(more).encode()}
        end = self._end(now)
        lifetime = min(self._settings.lifetime, end - now)
        access = self._sign(owner, sid, more, now, lifetime)
        with _logged():
            self._families.begin(sid, owner, values, now, end)
        return TokenPair(access, refresh, lifetime // 1000)

    def refresh(self, refresh_token: str | None) -> TokenPair:
        """Return the next pair for a refresh token, which is used up by that.

        One that comes again is in two hands: its family, all that came of the sign-in, is
        revoked, and `token_reused` sent. Within ten seconds it is taken for a request that was
        sent twice, and only refused (RFC 9700 section 4.14.2). `token_rejected` says why:
        ``"refresh"``, ``"late"`` or ``"reused"``.

        :raises InvalidToken: if it is not good (any more).
        :raises ConfigError: if this app has no private key; then the token is not used up.
        """
        self._keys.require_signing()
        # From here on it does not show itself in a traceback.
        given, now = Token(refresh_token or ""), clock.now()
        del refresh_token
        with _logged():
            turned = self._families.turn(given, self._end(now), self._absolute)
        record = turned.record
        if turned.turn is Turn.REUSED and record is not None:
            signals.token_reused.send(self._find_app(), owner=record.owner)
        if turned.turn is not Turn.DONE or record is None:
            signals.token_rejected.send(self._find_app(), reason=turned.turn.value)
            raise Refused(turned.turn.value)
        lifetime = min(self._settings.lifetime, record.expires_at - now)
        more = json.loads(record.values.get(_CLAIMS, b"{}"))
        access = self._sign(record.owner, turned.sid, more, now, lifetime)
        return TokenPair(access, turned.refresh, lifetime // 1000)

    def revoke(self, jti: str) -> None:
        """Let one access token be good no more, from the next request on.

        :param jti: its claim of this name, such as ``session_claims.jti``.
        """
        if not jti:
            raise ValueError("A token without jti cannot be revoked by itself: revoke_user() can.")
        too_old = clock.now() - self._settings.max_age - 2 * self._settings.leeway
        with _logged():
            if not self._families.revoke_token(jti, too_old):
                self._notes.refuse_token(self._settings.issuer, jti)

    def revoke_user(self, user_id: Any) -> int:
        """End all tokens of a user, those of another issuer too; not what browsers have.

        :return: how many families there were.
        """
        owner = owner_key(user_id)
        with _logged():
            self.refuse_user(owner)
            owned = index_of(self._store).owned(owner)
            families = [sid for sid, record in owned if kind_of(record, self._codec) == "token"]
            return sum(map(self._store.delete, families))

    def refuse_user(self, owner: str, spared: VerifiedClaims | None = None) -> None:
        """Note that what *owner* was issued elsewhere until now is good no more.

        Our own tokens end with the records of their families.

        :param spared: a token that stays good.
        """
        self._notes.refuse_user(owner, "" if spared is None else spared.jti or "")

    def refuse_all(self) -> None:
        """Note that what anybody was issued elsewhere until now is good no more."""
        self._notes.refuse_all()

    def check(self, token: Token, environ: Mapping[str, Any]) -> VerifiedClaims:
        """Return the claims of *token*.

        :param environ: the request's, of WSGI.
        :raises InvalidToken: if it is not valid, or was revoked.
        :raises StoreUnavailable: if the store cannot tell.
        """
        refuse_alone(self._store, environ)
        return self._checker.check(token)

    def still_takes(self, claims: VerifiedClaims) -> bool:
        """Tell whether a token that was good a moment ago has not been revoked since.

        :raises StoreUnavailable: if the store cannot tell.
        """
        return not self._checker.refuses(claims)

    def __repr__(self) -> str:
        return "<Tokens>"

    def _sign(
        self, owner: str, sid: bytes, more: Mapping[str, Any], now: int, lifetime: int
    ) -> Token:
        issued_at = now // 1000
        claims = {
            **more,
            "iss": self._settings.issuer,
            "sub": owner,
            "aud": self._settings.audience,
            "iat": issued_at,
            "exp": -(-(now + lifetime) // 1000),
            "jti": new_jti(sid),
            "sid": handle(sid),
        }
        token = Token(self._keys.sign(claims, {"typ": self._settings.types[0]}))
        try:
            self._verifier.verify(token)
        except Refused as error:
            fault = error.reason
        else:
            return token
        raise ValueError(f"This token would be refused ({fault}). Look at the user id, the claims.")

    def _claims(self, role_id: Any, claims: dict[str, Any], now: int) -> dict[str, Any]:
        role_claim = self._settings.role_claim
        wrong = sorted((RESERVED_CLAIMS | {role_claim}) & claims.keys())
        if wrong:
            raise ValueError(f"{', '.join(wrong)}: set by issue() itself. Leave that out.")
        # The password was given now: what is asked for a recent one (OpenID Connect Core, 2).
        more = {"auth_time": now // 1000, **claims}
        return more if role_id is None else {**more, role_claim: role_id}

    def _lifetime(self, given: timedelta | float | None) -> int:
        if given is None:
            return self._settings.lifetime
        lifetime = to_milliseconds("The lifetime", given)
        if lifetime > self._settings.max_age:
            raise ValueError(f"The lifetime is {given!r}, but SESSION_JWT_MAX_AGE is the most.")
        return lifetime

    def _end(self, now: int) -> int:
        lifetime = self._settings.refresh_lifetime
        return now + min(lifetime, self._absolute)

    def _origin(self, now: int) -> dict[str, bytes]:
        """Return from where and when the user signed in, for the list of devices."""
        origin = origin_of(request, self._codec) if has_request_context() else {}
        return {SINCE: self._codec.encode(now), **origin}


@contextmanager
def _logged() -> Iterator[None]:
    """Log a fault of the store; a record that cannot be read is one as well."""
    try:
        yield
    except StoreError as error:
        _log.error("%s", error, exc_info=error)
        if not isinstance(error, DamagedRecord):
            raise
        raise StoreUnavailable(
            "A record of a bearer token cannot be read. Let the user sign in again."
        ) from error


def check_store(settings: Settings, store: Store) -> None:
    """Refuse a store that cannot keep what belongs to a user rather than to a browser.

    :raises ConfigError: naming the setting that asks for it, and what to do.
    """
    keys = {
        "SESSION_JWT_KEY": settings.jwt is not None,
        "SESSION_GLOBAL_BY_COOKIE": settings.signin.global_by_cookie,
    }
    if isinstance(store, OwnerIndex) and not isinstance(store, Carrying):
        return
    for key, is_set in keys.items():
        if is_set:
            raise ConfigError(
                f"{key} needs a store that knows whose its records are, to keep and to revoke"
                " them. Set SESSION_STORE to 'sqlite:///...', 'postgresql://...', 'mysql://...',"
                f" 'redis://...' or 'file:///...', or leave {key} out."
            )
