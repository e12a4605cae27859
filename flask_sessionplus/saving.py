"""What is written as the answer goes out, or when the app says so."""

from __future__ import annotations

from collections.abc import Callable

from . import clock, signals
from .errors import ConfigError, SessionTooLarge
from .lifecycle import Lifecycle
from .record import Changes, Record, has_content
from .services import Cookie, State
from .stores.base import Outcome
from .tokens import digest, handle

# A generator whose tokens are in use thrice makes no secrets.
_TOKEN_TRIES = 3


def finish(life: Lifecycle, was_page: Callable[[], bool], was_shown: Callable[[], bool]) -> None:
    """Write what the request has changed, as its answer goes out.

    :param was_page: tells whether messages that were not read have had their chance.
    :param was_shown: tells whether messages that were read have had a reader.
    """
    if life.has_given_up or life.state is State.FAILED:
        return
    if life.claimed and not was_shown():
        for name, data in life.claimed.items():
            life.data.set_hidden(name, data)
        life.claimed = {}
    if life.has_messages and was_page():
        life.flash.age()
    try:
        save(life)
    except BaseException:
        life.has_given_up = True
        raise


def save(life: Lifecycle) -> None:
    """Write what has changed so far."""
    if life.state is State.NEW:
        _create(life)
    elif life.state is State.ALIVE and life.restarts:
        _save_restarted(life)
    elif life.state is State.ALIVE:
        _save_changes(life)
    elif life.state is State.DETACHED and any(life.data.changes()):
        life.lose(has_changes=True)


def check_size(life: Lifecycle, values: dict[str, bytes]) -> None:
    """Refuse *values* if they are larger than allowed.

    :raises SessionTooLarge: naming the largest key.
    """
    size = sum(map(len, values)) + sum(map(len, values.values()))
    limit = life.services.settings.max_bytes
    if size > limit:
        name = max(values, key=lambda name: len(values[name]))
        raise SessionTooLarge(
            f"The session would take {size} bytes, {len(values[name])} of them for {name!r};"
            f" SESSION_MAX_BYTES is {limit}. Nothing was saved: keep large things elsewhere"
            " and only their key in the session."
        )


def _create(life: Lifecycle) -> None:
    sets, _ = life.data.changes()
    if not has_content(sets):
        return
    check_size(life, sets)
    now = clock.now()
    record = Record(now, now, life.lifetimes().first_expiry(now), sets)
    for _ in range(_TOKEN_TRIES):
        token = life.take_next_token()
        if life.call(life.services.store.create, digest(token), record):
            life.settle(token, record, sets)
            life.was_modified = True
            life.cookie = Cookie.SET
            life.send(signals.session_created)
            return
    raise _bad_generator()


def _save_changes(life: Lifecycle) -> None:
    assert life.record is not None
    sets, removals = life.data.changes()
    is_changed = bool(sets or removals or life.next_token or life.is_forced)
    lifetimes, refreshes = life.lifetimes(), life.services.refreshes()
    used_at = clock.now() if is_changed or refreshes else life.record.seen_at
    expires_at = lifetimes.expiry(life.record.created_at, used_at)
    is_emptied = False
    if removals or life.claimed:
        # Messages that were taken may have been the last content.
        is_emptied = not has_content((life.record.values.keys() | sets.keys()) - removals)
    if sets:
        check_size(life, {**life.record.values, **sets})
    if is_changed or is_emptied or lifetimes.is_stale(life.record.expires_at, expires_at):
        _write(
            life,
            Changes(
                sets,
                removals,
                expires_at=expires_at,
                seen_at=used_at,
                drop_if_empty=is_emptied,
            ),
            is_changed,
        )
    life.was_modified |= is_changed or life.data.was_assigned
    if life.state is State.ALIVE:
        # As in Flask: whoever modifies the session is sent the cookie again, so that its
        # attributes are always those of the settings.
        if life.was_modified or (life.is_permanent and refreshes):
            life.cookie = Cookie.SET
        life.is_forced = False


def _write(life: Lifecycle, changes: Changes, is_changed: bool) -> None:
    old = life.token
    assert old is not None
    for _ in range(_TOKEN_TRIES):
        token = life.take_next_token() if life.next_token else None
        changes.move_to = None if token is None else digest(token)
        outcome, record = life.apply(changes)
        if outcome is Outcome.EMPTIED:
            life.forget()
            return
        if outcome is Outcome.GONE:
            return
        if outcome is Outcome.SAVED:
            assert record is not None
            life.settle(token or old, record, changes.sets)
            if token is not None:
                life.cookie = Cookie.SET
                life.send(signals.session_regenerated, old=handle(digest(old)))
            if is_changed:
                life.send(signals.session_saved)
            return
        life.regenerate()
    raise _bad_generator()


def _save_restarted(life: Lifecycle) -> None:
    """Remove the session that was ended; one step with the next one, if there is one."""
    assert life.token is not None
    assert life.record is not None
    sid = digest(life.token)
    sets, _ = life.data.changes()
    if not has_content(sets):
        life.call(life.services.store.delete, sid)
        life.forget()
        return
    check_size(life, sets)
    now = clock.now()
    token = life.take_next_token()
    changes = Changes(
        sets,
        restart_at=now,
        seen_at=now,
        expires_at=life.lifetimes().expiry(now, now),
        move_to=digest(token),
    )
    outcome, record = life.call(life.services.store.apply, sid, life.record, changes)
    life.restarts = False
    life.send(signals.session_destroyed, handle=handle(sid))
    if outcome is Outcome.SAVED:
        assert record is not None
        life.settle(token, record, sets)
        life.cookie = Cookie.SET
        life.send(signals.session_created)
    else:
        # Somebody else has ended the old one already: all the better.
        life.state = State.NEW
        _create(life)


def _bad_generator() -> ConfigError:
    return ConfigError(
        "SESSION_IDENTIFIER_GENERATOR makes tokens that are in use. Each must be new:"
        " use secrets.token_urlsafe(32), or leave the setting out."
    )
