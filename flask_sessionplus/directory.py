"""The sessions of all users, seen from outside: listed, and ended at once.

In a request, and where there is only an app, as in commands.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Collection
from typing import Any

import flask
from flask import Flask, has_request_context

from . import clock, signals
from .claims import current_family
from .errors import DamagedRecord, StoreError
from .global_session import end_globals
from .identity import owner_changed
from .lifecycle import Lifecycle
from .owners import SessionInfo, index_of, kind_of, list_sessions, owner_key
from .record import Record, tombstone
from .saving import end_at_once
from .services import State
from .session import Session
from .stores.base import Browsable
from .tokens import digest
from .tokens import handle as handle_of

#: Does what has to be done besides when sessions are revoked, such as those of bearer tokens.
#: Called with the user's owner key, or None for everybody, and whether the request under way
#: is to be spared; returns the sids that are to stay. It is called before the records are
#: removed, and for everybody once more after it, for its own may be gone too.
Revoker = Callable[[str | None, bool], Collection[bytes]]

_is_handle = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII).fullmatch

# Kinds of records that nobody may end by their handle.
_OUR_OWN = ("note", "lease")


def sessions_of(app: Flask, user_id: Any) -> list[SessionInfo]:
    """Return what a user of *app* has, the one used last first."""
    ours, life = _ours(app), _current(app)
    current = {handle_of(_sid(life))} if life is not None else set()
    return list_sessions(ours.store, ours.codec, user_id, current | current_family())


def revoke(app: Flask, handle: str) -> bool:
    """End one session of *app*; return whether it was there."""
    store = _ours(app).store
    index, half = index_of(store), _half(handle)
    life, replacing = _current(app), _replacing(app)
    if half is None:
        return False
    if life is not None and half in _halves(life):
        owner, was_there = _owner(life), end_at_once(life, _sid(life))
    elif replacing is not None and half == _sid(replacing)[:16]:
        owner, was_there = _replaced(replacing), _end_former(replacing)
    else:
        sid = index.find(half)
        record = None if sid is None else _load(app, sid)
        if sid is None or (record is not None and kind_of(record, _ours(app).codec) in _OUR_OWN):
            return False
        owner = "" if record is None else record.owner
        was_there = store.delete(sid)
    if was_there:
        _tell(app, owner, 1)
    return was_there


def revoke_user(app: Flask, user_id: Any, except_current: bool) -> int:
    """End all that a user of *app* has; return how many it were."""
    ours, owner = _ours(app), owner_key(user_id)
    index, life = index_of(ours.store), _current(app)
    spared = {sid for revoker in ours.revokers for sid in revoker(owner, except_current)}
    count = 0
    if except_current:
        replacing = _replacing(app)
        if replacing is not None and _replaced(replacing) == owner:
            count += _end_former(replacing)
        spared |= {
            sid
            for sid, record in index.owned(owner)
            if kind_of(record, ours.codec) == "global" or (life is not None and sid == _sid(life))
        }
        if life is not None and _owner(life) == owner and not life.is_read_only:
            # Somebody may have a copy of its token (ASVS 7.4.3).
            life.regenerate()
    else:
        count += _end_current(app, owner)
    count += index.delete_owned(owner, spared)
    _tell(app, owner, count)
    return count


def revoke_all(app: Flask) -> int:
    """End all sessions of *app*, those of visitors too; return about how many it were."""
    ours = _ours(app)
    if not isinstance(ours.store, Browsable):
        raise StoreError(
            f"A {type(ours.store).__name__} cannot go through its sessions. Set another"
            " SESSION_KEY_PREFIX, SESSION_TABLE or encryption key: then none is found."
        )
    _revoke_for_all(ours)
    try:
        count = _end_current(app, None) + ours.store.delete_all()
    finally:
        # Again, even if it breaks off: what was noted before may be among what was removed.
        _revoke_for_all(ours)
    _tell(app, "", count)
    return count


def _revoke_for_all(ours: Any) -> None:
    for revoker in ours.revokers:
        revoker(None, False)


def _ours(app: Flask) -> Any:
    return app.extensions["sessionplus"]


def _session(app: Flask) -> Session | None:
    """Return the session of the request under way, if it is one of *app*."""
    if not has_request_context():
        return None
    found = flask.session._get_current_object()  # type: ignore[attr-defined]
    is_ours = isinstance(found, Session) and found._services.find_app() is app
    return found if is_ours else None


def _current(app: Flask) -> Lifecycle | None:
    """Return the session of the request under way, if it is stored."""
    session = _session(app)
    life = None if session is None else session._open()
    return life if life is not None and life.is_stored else None


def _end_current(app: Flask, owner: str | None) -> bool:
    """Empty the session of the request under way, if it is *owner*'s; None: whosever it is.

    :return: whether it was stored.
    """
    session = _session(app)
    if session is None:
        return False
    # What it has not written yet would come after the removal.
    end_globals(session, owner)
    life = session._open()
    if owner is not None and owner not in (_owner(life), _replaced(life), life.next_owner):
        return False
    if life.is_stored and (owner is None or _owner(life) == owner):
        return end_at_once(life, _sid(life))
    if owner is not None and owner != life.next_owner:
        return _end_former(life)
    if life.next_owner is not None:
        # Somebody is about to be signed in.
        life.end()
        life.send(owner_changed, owner="", former="")
    return False


def _end_former(life: Lifecycle) -> bool:
    """End the user's session in whose place another user's is about to be begun."""
    sid = _sid(life)
    was_there = life.call(life.store.delete, sid)
    if was_there:
        # As `end_at_once` does, but what the new user has put in stays.
        life.call(life.store.create, sid, tombstone(clock.now(), bytes(32)))
        life.state, life.token, life.record = State.NEW, None, None
        life.restarts = False
        life.was_modified = True
        life.send(signals.session_destroyed, handle=handle_of(sid))
    return was_there


def _owner(life: Lifecycle) -> str:
    return life.record.owner if life.is_stored and life.record is not None else ""


def _replacing(app: Flask) -> Lifecycle | None:
    """Return the session of the request under way, if it begins in the place of a user's."""
    session = _session(app)
    life = None if session is None else session._open()
    return life if life is not None and _replaced(life) else None


def _replaced(life: Lifecycle) -> str:
    """Return whose session ends when what has been begun in its place is written."""
    is_replaced = life.restarts and life.next_owner is not None and life.record is not None
    return life.record.owner if is_replaced and life.record is not None else ""


def _sid(life: Lifecycle) -> bytes:
    assert life.token is not None
    return digest(life.token)


def _halves(life: Lifecycle) -> list[bytes]:
    """Return by what handles the session is known: the stored one, and the one it gets."""
    sids = [_sid(life)] + ([digest(life.next_token)] if life.next_token else [])
    return [sid[:16] for sid in sids]


def _half(handle: object) -> bytes | None:
    """Return what *handle* shows of a sid; None if it is no handle."""
    if not isinstance(handle, str) or not _is_handle(handle):
        return None
    half = urlsafe_b64decode(f"{handle}==")
    # The last character has bits that mean nothing.
    return half if handle_of(half) == handle else None


def _load(app: Flask, sid: bytes) -> Record | None:
    try:
        found = _ours(app).store.load(sid)
    except DamagedRecord:
        return None
    return found if isinstance(found, Record) else None


def _tell(app: Flask, owner: str, count: int) -> None:
    signals.sessions_revoked.send(app, owner=owner, count=count)
