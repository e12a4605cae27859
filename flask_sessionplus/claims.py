"""The claims of a request's bearer token: checked once, with what came of it remembered."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, cast

from flask import current_app, has_request_context, request
from flask.globals import request_ctx

from . import signals
from .bearer.checking import owner_of
from .bearer.families import family_of, sid_of
from .bearer.gate import Refused
from .bearer.header import bearer_of
from .bearer.verifying import VerifiedClaims
from .errors import DamagedRecord, InvalidToken, StoreError
from .lifecycle import Lifecycle
from .owners import count_sessions
from .record import Record
from .services import State
from .session import Session
from .stores.base import Miss
from .tokens import Token, digest

if TYPE_CHECKING:
    from flask import Request

    from .interface import SessionPlusInterface
    from .tokenstore import Tokens

# What is noted at the request: what came of its token, and that somebody has looked at it.
_ATTRIBUTE = "_sessionplus_claims"
_LOOKED = "_sessionplus_looked"

_log = logging.getLogger("flask_sessionplus")


def claims_of(request: Request) -> VerifiedClaims:
    """Return the claims of the bearer token that the request under way has brought.

    It is verified once in a request, and looked up whether it was revoked. If by its session
    the browser is somebody else's, it is refused: two users in one request. That is compared
    each time, for somebody may have signed in meanwhile.

    :param request: ``flask.request``.
    :raises InvalidToken: if there is none, or it is not valid, for whatever reason.
    :raises StoreUnavailable: if the store cannot tell whether it was revoked.
    """
    found = _checked(request)
    if isinstance(found, VerifiedClaims):
        return found
    if isinstance(found, StoreError):
        raise found.with_traceback(None)
    # A new one each time: its traceback holds the request, which must not hold it.
    if found:
        raise Refused(found)
    message = (
        "This needs a bearer token, and none has come. The client has to send it as"
        " `Authorization: Bearer ...`."
    )
    if _interface().tokens is None:
        message = (
            "This needs a bearer token, and none is good as long as SESSION_JWT_KEY is not set."
        )
    raise InvalidToken(message, challenge="Bearer")


def has_asked(request: Any) -> bool:
    """Tell whether the answer depends on the bearer token of *request*."""
    return getattr(request, _LOOKED, False)


def has_bearer(request: Request) -> bool:
    """Tell whether there is a bearer token, be it good or bad."""
    try:
        return _look(request) is not None
    except Refused:
        return True


def current_session() -> Session:
    """Return the session of the request under way, without having looked at it."""
    # Not by flask.session: that it was looked at would show in the answer's headers.
    context: Any = request_ctx
    found = getattr(context, "_session", None)
    return cast(Session, context.session if found is None else found)


def owner_in(session: Session) -> str:
    """Return how stores name the user who is signed in by cookie, or ""."""
    life = session._open()
    if life.state is State.OFFLINE and life.error is not None:
        # It may be somebody else's.
        raise life.error
    return _owner(life)


def still_counts(
    session: Session | None, claims: VerifiedClaims | None, tokens: Tokens | None, owner: str
) -> bool:
    """Tell whether what let a request in has not been revoked meanwhile: that is looked up.

    :param session: the browser's, if it is still there.
    :param claims: of the bearer token that let it in; None: it was the browser's session.
    :param owner: who was let in.
    :raises StoreError: if the store cannot tell.
    """
    if claims is not None:
        return tokens is not None and tokens.still_takes(claims)
    life = None if session is None else session._open()
    if life is None or life.token is None:
        # This very request signs somebody in or out, and nobody else does anything with it.
        return True
    try:
        found = life.store.reload(digest(life.token))
    except DamagedRecord:
        # With its next request it is not signed in either.
        return False
    if found is Miss.MOVED:
        # It was ended, or has got another token: then the user has it still.
        return count_sessions(life.store, life.services.codec, owner) > 0
    return isinstance(found, Record)


def end_tokens(tokens: Tokens, owner: str | None, spares_current: bool) -> Collection[bytes]:
    """Note that tokens are good no more, when sessions are revoked; return what is to stay.

    :param owner: whose; None: everybody's.
    :param spares_current: whether the bearer token of the request under way stays good, and
        those that come of the same sign-in.
    """
    if owner is None:
        tokens.refuse_all()
        return ()
    spared = _current_claims() if spares_current else None
    if spared is not None and owner_of(spared) != owner:
        spared = None
    tokens.refuse_user(owner, spared)
    name = "" if spared is None else family_of(spared)
    return [sid_of(name)] if name else ()


def current_family() -> set[str]:
    """Return the handle of the family that the request's bearer token is of, if there is one."""
    claims = _current_claims()
    name = "" if claims is None else family_of(claims)
    return {name} if name else set()


def _current_claims() -> VerifiedClaims | None:
    if not has_request_context() or not has_bearer(request):
        return None
    try:
        return claims_of(request)
    except InvalidToken:
        return None


def _owner(life: Lifecycle) -> str:
    if life.next_owner is not None:
        return life.next_owner
    return life.record.owner if life.is_stored and life.record is not None else ""


def _interface() -> SessionPlusInterface:
    return cast("SessionPlusInterface", current_app.session_interface)


def _checked(request: Request) -> VerifiedClaims | str | StoreError:
    """Return the claims, or why there are none: in a word, which is "" if no token came."""
    # What is good for one app is not for another one, in whose context this may be called.
    by_app: dict[Any, Any] = request.__dict__.setdefault(_ATTRIBUTE, {})
    app = _sender()
    found = by_app.get(app)
    if found is None:
        found = by_app[app] = _told(lambda: _check(request))
    if not isinstance(found, VerifiedClaims):
        return found
    other = _told(lambda: _compared(found))
    if isinstance(other, StoreError):
        by_app[app] = other
    return other


def _check(request: Request) -> VerifiedClaims | str:
    interface, token = _interface(), _look(request)
    if token is None:
        return ""
    if interface.tokens is None:
        raise Refused("unconfigured")
    return interface.tokens.check(token, request.environ)


def _compared(claims: VerifiedClaims) -> VerifiedClaims:
    owner = owner_in(current_session())
    if owner and owner != owner_of(claims):
        raise Refused("cookie")
    return claims


def _told(check: Callable[[], VerifiedClaims | str]) -> VerifiedClaims | str | StoreError:
    """Return what *check* does, or why it fails; that is told."""
    try:
        return check()
    except Refused as error:
        signals.token_rejected.send(_sender(), reason=error.reason)
        return error.reason
    except StoreError as error:
        _log.error("%s", error, exc_info=error)
        signals.store_failed.send(_sender(), session=current_session(), error=error)
        return error


def _look(request: Request) -> Token | None:
    setattr(request, _LOOKED, True)
    return bearer_of(request.environ)


def _sender() -> Any:
    current: Any = current_app
    return current._get_current_object()
