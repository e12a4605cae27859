"""How a request's session is found."""

from __future__ import annotations

from functools import partial

from . import clock, signals
from .binding import bound, comes_from_elsewhere
from .errors import DamagedRecord, StoreError, StoreUnavailable
from .importing import settled
from .importingrecords import UnreadableSession
from .lifecycle import Lifecycle
from .record import Record
from .services import Cookie, Policy, State
from .stores.base import Miss
from .tokens import ForeignToken, digest, handle


def load(life: Lifecycle) -> None:
    """Find the session of the request's cookie. :meth:`.Reporter.announce` tells of it."""
    policy = life.services.find_policy(life.request)
    life.is_read_only = policy is Policy.READ_ONLY
    try:
        if policy is Policy.NO_SESSION:
            life.state = State.UNUSED
        else:
            _find(life)
    except (DamagedRecord, UnreadableSession):
        _reject(life, "damaged")
    except StoreUnavailable as error:
        life.error = error
        if life.services.settings.on_store_error != "anonymous":
            life.state = State.FAILED
            raise
        life.state = State.OFFLINE
    except BaseException as error:
        life.state = State.FAILED
        life.error = error if isinstance(error, StoreError) else None
        raise
    finally:
        if life.record is None:
            life.replace_data({})


def _find(life: Lifecycle) -> None:
    token, reason = life.services.read_token(life.request)
    life.had_cookie = token is not None or reason is not None
    if token is not None:
        token, found = _look(life, token)
        found = _import(life, token, found)
        _take(life, token, found)
        if isinstance(token, ForeignToken) and life.is_stored:
            life.cookie = Cookie.SET
    elif reason is not None:
        _reject(life, reason)


def _look(life: Lifecycle, token: str) -> tuple[str, Record | Miss]:
    """Return what is stored for *token*, and under which: a foreign one may have had others."""
    found = life.call(life.store.load, digest(token))
    if found is Miss.UNKNOWN and isinstance(token, ForeignToken):
        for former in token.importer.tokens_of(token.origin)[1:]:
            there = life.call(life.store.load, digest(former))
            if there is not Miss.UNKNOWN:
                return ForeignToken(former, token.importer, token.origin), there
    return token, found


def _import(life: Lifecycle, token: str, found: Record | Miss) -> Record | Miss:
    """Return what is stored now, after what another session interface has left was taken in."""
    intake = life.services.intake
    if intake is None:
        return settled(found)
    complete = partial(bound, life.services, life.request)
    return life.call(intake.meet, digest(token), token, found, complete)


def _take(life: Lifecycle, token: str, found: Record | Miss) -> None:
    if found is Miss.EXPIRED:
        _expire(life, token)
        return
    if isinstance(found, Miss):
        if found is Miss.MOVED:
            life.state, life.token = State.DETACHED, token
        _reject(life, found.value)
        return
    stranger = comes_from_elsewhere(life.services, life.request, found)
    if stranger is not None:
        # Neither ended nor changed: it is not its fault. The cookie stays until it is replaced.
        _reject(life, stranger)
        return
    life.replace_data(found.values, found.beside)
    rules, now = life.lifetimes(), clock.now()
    if rules.is_over(found.created_at, found.seen_at, now):
        life.call(life.store.delete, digest(token))
        _expire(life, token)
    else:
        life.state, life.token, life.record = State.ALIVE, token, found
        used_at = now if life.services.refreshes() else found.seen_at
        expires_at = rules.expiry(found.created_at, used_at)
        # A record that was left empty is not kept alive by those who look at it.
        is_stale = rules.is_stale(found.expires_at, expires_at)
        life.is_stale = is_stale and found.has_content
        life.send(signals.session_loaded)


def _expire(life: Lifecycle, token: str) -> None:
    life.send(signals.session_expired, handle=handle(digest(token)))


def _reject(life: Lifecycle, reason: str) -> None:
    life.send(signals.session_rejected, reason=reason)
