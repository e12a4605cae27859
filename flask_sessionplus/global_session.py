"""``global_session``: a user's own data, the same from every device and process."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from .bearer.checking import owner_of
from .claims import claims_of as claims_of
from .claims import has_bearer, owner_in, still_counts
from .errors import InvalidToken
from .exchange import exchange
from .fixed import FixedLifecycle
from .fixedsaving import finish_fixed, save_fixed
from .lifecycle import Lifecycle
from .mapping import StoredSession
from .parameters import Schema
from .scopes import Scope
from .services import Policy, Services, State
from .session import Session
from .tokens import Token, digest

if TYPE_CHECKING:
    from flask import Request

    from .bearer.verifying import VerifiedClaims
    from .tokenstore import Tokens


class Principal(NamedTuple):
    """Whose data it is: somebody, as his issuer names him (ASVS 10.3.3).

    :param owner: how stores name the user.
    """

    issuer: str
    subject: str
    owner: str

    @property
    def token(self) -> str:
        """What stands for the place of the data, and is none that could be in a cookie.

        No two pairs of issuer and subject have the same: each has its length in front.
        """
        text = "".join(f"{len(part)}:{part}" for part in (self.issuer, self.subject))
        return Token(f"global:{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()}")

    @property
    def sid(self) -> bytes:
        """Where the record is."""
        return digest(self.token)


class GlobalSession(StoredSession):
    """The data of one user, in a record like any other: merged, revocable, expiring, listed.

    It has the words of the browser's session, but neither messages nor a cookie.

    :param request: the one under way.
    :param still_counts: tells whether it has not been revoked who is let in.
    """

    def __init__(
        self,
        services: Services,
        request: Any,
        principal: Principal,
        still_counts: Callable[[], bool],
    ) -> None:
        super().__init__(services, request)
        self.principal = principal
        self._still_counts = still_counts

    @property
    def exists(self) -> bool:
        """Whether anything is stored."""
        return self._open().is_stored

    @property
    def handle(self) -> str:
        """The public name of the record, which ``ext.revoke()`` takes."""
        return self._open().handle

    def clear(self) -> None:
        """Remove the record; what is put in afterwards belongs to a new one."""
        self._open().end()

    def destroy(self, key: str | None = None) -> None:
        """Remove the record; what is put in afterwards belongs to a new one.

        :param key: remove only this key.
        """
        if key is not None:
            self.remove(key)
        else:
            self.clear()

    def scope(self, name: str, inherit: bool = True) -> Scope:
        """Return an own version of the data for one part of the app.

        :param name: any text. The same name gives the same version, in later requests too.
        :param inherit: whether keys that are not set in it are read from these data.
        """
        return Scope(self, (name,), inherit)

    def save(self) -> None:
        """Write what has changed so far, without waiting for the answer.

        For answers that are streamed. May be called many times.
        """
        save_fixed(self._open_fixed())

    def _load(self) -> Lifecycle:
        try:
            return super()._load()
        except BaseException:
            # Whoever catches it and goes on must not see it empty: it is loaded again.
            self._life = None
            raise

    def _begin(self) -> Lifecycle:
        place, owner = self.principal.token, self.principal.owner
        counts = self._still_counts
        return FixedLifecycle(self._services, self._request, self, place, owner, counts)

    def _exchange(self, key: str, function: Callable[[Any], Any]) -> Any:
        life = self._open_fixed()
        life.refuse_if_read_only()
        if life.state is State.NEW:
            life.begin_empty()
        return exchange(life, key, function)

    def _open_fixed(self) -> FixedLifecycle:
        life = self._open()
        assert isinstance(life, FixedLifecycle)
        return life


class Globals:
    """Finds the global session of a request.

    :param services: those of the browsers' sessions.
    :param schema: the typed parameters of global sessions.
    :param issuer: of whom the users are who sign in by cookie.
    :param tokens: the app's bearer tokens, if it has any.
    """

    def __init__(
        self, services: Services, schema: Schema | None, issuer: str, tokens: Tokens | None
    ) -> None:
        self._tokens = tokens
        self._by_cookie = services.settings.signin.global_by_cookie
        self._issuer = issuer
        find_policy = services.find_policy
        self._services = replace(
            services,
            schema=schema,
            # What comes from elsewhere is a browser's.
            intake=None,
            # Never silently empty.
            settings=replace(services.settings, on_store_error="fail"),
            find_policy=lambda request: _without_cookies(find_policy(request)),
        )

    def find(self, session: Session, request: Request) -> GlobalSession:
        """Return the global session of *request*.

        :param session: the browser's.
        :raises InvalidToken: if nobody is signed in in a way that counts.
        """
        principal, claims = self._principal(session, request)
        # More than one only if somebody else signs in by cookie within the request.
        for found in session._globals:
            if isinstance(found, GlobalSession) and found.principal == principal:
                return found
        services = replace(self._services, read_token=lambda _: (principal.token, None))
        # Weakly: a cycle would wait for the garbage collector.
        find_session, tokens, owner = weakref.ref(session), self._tokens, principal.owner
        found = GlobalSession(
            services,
            request,
            principal,
            lambda: still_counts(find_session(), claims, tokens, owner),
        )
        session._globals = (*session._globals, found)
        return found

    def _principal(
        self, session: Session, request: Request
    ) -> tuple[Principal, VerifiedClaims | None]:
        if not self._by_cookie or has_bearer(request):
            claims = claims_of(request)
            # A UUID is the same subject in small and capital letters.
            owner = owner_of(claims)
            return Principal(claims.issuer, owner, owner), claims
        owner = owner_in(session)
        if not owner:
            raise InvalidToken(
                "The global session needs a bearer token or somebody who is signed in.",
                challenge="Bearer",
            )
        return Principal(self._issuer, owner, owner), None


def finish_global(session: StoredSession, status: int) -> None:
    """Write what the request has changed, as its answer goes out.

    :param status: of the answer.
    """
    if isinstance(session._life, FixedLifecycle):
        finish_fixed(session._life, is_error=status >= 400)


def end_globals(session: Session, owner: str | None) -> None:
    """Drop what the request has put into the data of *owner*; None: of everybody."""
    for found in session._globals:
        if isinstance(found, GlobalSession) and owner in (None, found.principal.owner):
            life = found._life
            if life is not None and not life.is_read_only:
                life.end()


def _without_cookies(policy: Policy) -> Policy:
    # `no_session` is about the browser's.
    return Policy.READ_WRITE if policy is Policy.NO_SESSION else policy
