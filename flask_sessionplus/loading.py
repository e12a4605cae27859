"""How a request's session is found."""

from __future__ import annotations

from . import clock, signals
from .binding import comes_from_elsewhere
from .errors import DamagedRecord, StoreError, StoreUnavailable
from .lifecycle import Lifecycle
from .record import Record
from .services import Policy, State
from .stores.base import Miss
from .tokens import digest, handle


def load(life: Lifecycle) -> None:
    """Find the session of the request's cookie. :meth:`.Reporter.announce` tells of it."""
    policy = life.services.find_policy(life.request)
    life.is_read_only = policy is Policy.READ_ONLY
    try:
        if policy is Policy.NO_SESSION:
            life.state = State.UNUSED
        else:
            _find(life)
    except DamagedRecord:
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
        _take(life, token, life.call(life.store.load, digest(token)))
    elif reason is not None:
        _reject(life, reason)


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
