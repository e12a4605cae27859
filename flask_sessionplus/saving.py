"""What is written as the answer goes out, or when the app says so."""

from __future__ import annotations

from collections.abc import Callable, Collection

from . import clock, signals
from .errors import (
    ConfigError,
    DamagedRecord,
    SessionTooLarge,
    StoreError,
    StoreUnavailable,
    UnsupportedType,
)
from .fitting import check_changes
from .history import changed_values, first_values
from .lifecycle import Lifecycle
from .messages import read_messages
from .names import has_keys
from .record import Changes, Record, has_content, spread, tombstone
from .services import Cookie, State
from .stores.base import Applied, Carried, Miss, Outcome
from .tokens import digest, handle

# A generator whose tokens are in use thrice makes no secrets.
_TOKEN_TRIES = 3

# How long a record stays that its session has left empty, in milliseconds.
_EMPTY_LIFETIME = 60_000

_NOWHERE = bytes(32)

_UNAVAILABLE = (State.FAILED, State.OFFLINE, State.UNUSED)


def finish(
    life: Lifecycle,
    was_page: Callable[[], bool],
    was_shown: Callable[[], bool],
    is_streamed: Callable[[], bool],
    is_error: bool,
) -> None:
    """Write what the request has changed, as its answer goes out.

    :param was_page: tells whether messages that were not read have had their chance.
    :param was_shown: tells whether messages that were read have had a reader.
    :param is_streamed: tells whether the view has not come to its end and may still read.
    :param is_error: whether it is the page that tells of an error, such as that of saving.
    """
    if (life.has_given_up and is_error) or life.state in _UNAVAILABLE or _is_quiet(life):
        return
    if life.claimed:
        returned = life.flash.kept if was_shown() else life.claimed.keys()
        for name in returned & life.claimed.keys():
            life.data.set_hidden(name, life.claimed.pop(name))
    # Where a view only reads, messages were shown and go on waiting.
    if life.has_messages and not life.is_read_only and was_page():
        if is_streamed():
            read_messages(life, life.flash.readable())
        life.flash.age()
    writes = life.writes
    try:
        save(life)
        if life.cookie is Cookie.SET and life.writes == writes:
            _confirm(life)
    except BaseException:
        life.has_given_up = True
        raise


def _is_quiet(life: Lifecycle) -> bool:
    try:
        return life.is_quiet
    except UnsupportedType:
        return False


def save(life: Lifecycle) -> None:
    """Write what has changed so far."""
    check_changes(life)
    if life.state is State.NEW:
        _create(life)
    elif life.state is State.ALIVE and life.restarts:
        _save_restarted(life)
    elif life.state is State.ALIVE:
        _save_changes(life)
    elif life.state is State.DETACHED:
        _save_detached(life)
    elif life.state is State.FAILED and life.error is not None:
        raise life.error
    if life.when_saved is not None and life.is_stored and life.next_owner is None:
        when_saved, life.when_saved = life.when_saved, None
        when_saved()


def needs_cookie(life: Lifecycle) -> bool:
    """Tell whether saving now needs a cookie: for a token, or a record that travels in one."""
    sets, removals = life.data.changes()
    if isinstance(life.store, Carried) and life.store.concerns(sets.keys() | removals):
        return True
    if life.is_stored:
        return life.next_token is not None
    return life.state in (State.NEW, State.ALIVE) and has_content(sets)


def check_size(life: Lifecycle, sets: dict[str, bytes], removals: Collection[str] = ()) -> None:
    """Refuse the session, as it would be with *sets* and without *removals*, if it is too large.

    :raises SessionTooLarge: naming the largest key.
    """
    record = life.record if life.is_stored else None
    limit = life.services.settings.max_bytes
    most = _size(sets)
    if record is not None:
        most += _size(record.values) + sum(record.beside.values()) + sum(map(len, record.beside))
    if most <= limit:
        return
    sizes = {} if record is None else {name: len(data) for name, data in record.values.items()}
    if record is not None:
        sizes.update(record.beside)
    for name in removals:
        sizes.pop(name, None)
    for name, data in sets.items():
        sizes[name] = len(data)
    size = sum(sizes.values()) + sum(map(len, sizes))
    if size > limit:
        name = max(sizes, key=lambda name: sizes[name])
        raise SessionTooLarge(
            f"The session would take {size} bytes, {sizes[name]} of them for {name!r};"
            f" SESSION_MAX_BYTES is {limit}. Nothing was saved: keep large things elsewhere"
            " and only their key in the session."
        )


def _size(values: dict[str, bytes]) -> int:
    return sum(map(len, values)) + sum(map(len, values.values()))


def _create(life: Lifecycle) -> None:
    sets, _ = life.data.changes()
    if not has_content(sets):
        return
    sets = first_values(life, sets)
    check_size(life, sets)
    now = clock.now()
    owner = life.next_owner or ""
    record = Record(now, now, life.lifetimes().first_expiry(now), sets, owner=owner)
    for _ in range(_TOKEN_TRIES):
        token = life.take_next_token()
        if life.call(life.store.create, digest(token), record):
            _begin(life, token, spread(record)[0], sets)
            return
    raise _bad_generator()


def _begin(life: Lifecycle, token: str, record: Record, sets: dict[str, bytes]) -> None:
    life.settle(token, record, sets)
    life.was_modified = True
    life.cookie = Cookie.SET
    life.send(signals.session_created)


def _save_changes(life: Lifecycle) -> None:
    assert life.record is not None
    sets, removals = changed_values(life)
    is_changed = bool(sets or removals or life.next_token or life.is_forced)
    is_changed = is_changed or life.next_owner is not None
    refreshes, now = life.services.refreshes(), clock.now()
    used_at = now if is_changed or refreshes else life.record.seen_at
    expires_at = life.lifetimes().expiry(life.record.created_at, used_at)
    is_emptied = False
    if removals or life.was_modified:
        # What was taken out at once may have been the last content.
        names = life.record.values.keys() | life.record.beside.keys() | sets.keys()
        is_emptied = not has_content(names - removals)
    if sets:
        check_size(life, sets, removals)
    if is_changed or is_emptied:
        updates = life.data.mutated(sets)
        changes = Changes(
            {name: data for name, data in sets.items() if name not in updates},
            removals,
            expires_at=min(expires_at, now + _EMPTY_LIFETIME) if is_emptied else expires_at,
            seen_at=used_at,
            updates=updates,
            owner=life.next_owner,
        )
        _write(life, changes, sets, is_changed)
    elif life.is_stale:
        _touch(life, Changes(expires_at=expires_at, seen_at=used_at))
    life.was_modified |= is_changed
    if life.state is State.ALIVE:
        # As in Flask, an assignment sends the cookie again even if it changes nothing.
        if is_changed or life.data.was_assigned or (life.is_permanent and refreshes):
            life.cookie = Cookie.SET
        if is_emptied:
            _leave_empty(life, Changes(expires_at=expires_at))
        life.is_forced = False


def _touch(life: Lifecycle, changes: Changes) -> None:
    """Write that the session was used. If that fails, the page that only read is still good."""
    try:
        _write(life, changes, {}, is_changed=False)
    except StoreUnavailable:
        # It has been told, and the next request tries again.
        life.is_stale = False


def _leave_empty(life: Lifecycle, extension: Changes) -> None:
    """Take the cookie from the browser, unless a parallel request has put something in.

    The empty record stays for a moment: what a request under way still puts in is kept, and
    its answer brings the cookie back.
    """
    assert life.record is not None
    if life.record.has_content:
        life.apply(extension)
    else:
        life.cookie = Cookie.DELETE


def _write(life: Lifecycle, changes: Changes, sets: dict[str, bytes], is_changed: bool) -> None:
    old = life.token
    assert old is not None
    for _ in range(_TOKEN_TRIES):
        token = life.take_next_token() if life.next_token else None
        if token == old:
            life.regenerate()
            continue
        changes.move_to = None if token is None else digest(token)
        outcome, record = life.apply(changes)
        if outcome is Outcome.GONE:
            return
        if outcome is Outcome.SAVED:
            assert record is not None
            life.settle(token or old, record, sets)
            if token is not None:
                life.cookie = Cookie.SET
                life.send(signals.session_regenerated, old=handle(digest(old)))
            if is_changed:
                life.send(signals.session_saved)
            return
        life.regenerate()
    raise _bad_generator()


def _save_detached(life: Lifecycle) -> None:
    sets, removals = life.data.changes()
    if life.restarts and life.token is not None and not has_keys(sets):
        # It moved on before this request came: who signs out is signed out all the same.
        messages = life.data
        if end_at_once(life, digest(life.token)) and sets:
            life.data = messages
            _create(life)
    elif life.record is None and life.next_owner:
        # After a second click: signed in, with nothing of the session that moved on.
        _create(life)
    elif sets or removals:
        life.lose(has_changes=True)


def _save_restarted(life: Lifecycle) -> None:
    """Remove the session that was ended; one step with the next one, if there is one."""
    assert life.token is not None
    assert life.record is not None
    sid = digest(life.token)
    sets, _ = life.data.changes()
    if not has_content(sets):
        end_at_once(life, sid)
        return
    sets = first_values(life, sets)
    check_size(life, sets)
    now = clock.now()
    changes = Changes(
        sets,
        restart_at=now,
        seen_at=now,
        expires_at=life.lifetimes().expiry(now, now),
        owner=life.next_owner,
    )
    outcome, record = Outcome.TAKEN, None
    for _ in range(_TOKEN_TRIES):
        token = life.take_next_token()
        changes.move_to = digest(token)
        if changes.move_to != sid:
            outcome, record = _restart(life, sid, changes)
        if outcome is not Outcome.TAKEN:
            break
    else:
        raise _bad_generator()
    life.restarts = False
    life.send(signals.session_destroyed, handle=handle(sid))
    if record is not None:
        _begin(life, token, record, sets)
    else:
        # Somebody else has ended the old one, or moved it: then this ends what it became.
        was_there = life.call(life.store.delete, sid)
        if life.next_owner and not was_there:
            # Whose session was ended from outside begins no other one, as somebody else.
            life.lose(has_changes=True)
            return
        life.state = State.NEW
        _create(life)


def _restart(life: Lifecycle, sid: bytes, changes: Changes) -> Applied:
    try:
        return life.call(life.store.apply, sid, life.record, changes)
    except DamagedRecord:
        return Applied(Outcome.GONE)


def end_at_once(life: Lifecycle, sid: bytes) -> bool:
    """End the stored session *sid*, and go on as a new one; return whether it was there."""
    store = life.store
    was_there = life.call(store.delete, sid)
    if was_there:
        # A request that was sent with this token before, and comes now, must not get a
        # new session: its cookie could take the place of that of the next sign-in.
        life.call(store.create, sid, tombstone(clock.now(), _NOWHERE))
    life.forget(sid, Cookie.DELETE if was_there else Cookie.LEAVE)
    return was_there


def _confirm(life: Lifecycle) -> None:
    """Look once more whether the session is alive, before its cookie is sent.

    If it has ended since it was loaded, or has another token now, the browser has been
    told so, and this cookie would undo that.
    """
    assert life.token is not None
    found: Record | Miss | None
    try:
        found = life.call(life.store.load, digest(life.token))
    except StoreError:
        # There is nothing to save, so the answer is good, but for a cookie that may not be; if
        # the token is new, the browser's is surely dead.
        is_new = life.services.read_token(life.request)[0] != life.token
        found = life.record if is_new else Miss.UNKNOWN
    if isinstance(found, Miss):
        life.lose(has_changes=False)


def _bad_generator() -> ConfigError:
    return ConfigError(
        "SESSION_IDENTIFIER_GENERATOR makes tokens that are in use. Each must be new:"
        " use secrets.token_urlsafe(32), or leave the setting out."
    )
