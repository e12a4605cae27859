"""The sessions of all users, seen from outside: listed, and ended at once.

In a request, and where there is only an app, as in commands.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Collection
from contextlib import nullcontext
from typing import Any

import flask
from flask import Flask, has_request_context

from . import clock, signals
from .claims import current_family
from .errors import DamagedRecord, StoreConflict, StoreError
from .following import owner_changed
from .global_session import end_globals
from .lifecycle import Lifecycle
from .owners import SessionInfo, index_of, is_listed, kind_of, list_sessions, owner_key
from .record import Record, tombstone
from .saving import end_at_once
from .services import State
from .session import Session
from .stores.base import Browsable, Carrying, having
from .tokens import digest
from .tokens import handle as handle_of

#: Does what has to be done besides when sessions are revoked, such as those of bearer tokens.
#: Called with the user's owner key, or None for everybody, and whether the request under way
#: is to be spared; returns the sids that are to stay. It is called before the records are
#: removed, and for everybody once more after it, for its own may be gone too.
Revoker = Callable[[str | None, bool], Collection[bytes]]

_is_handle = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII).fullmatch


def sessions_of(app: Flask, user_id: Any) -> list[SessionInfo]:
    """Return what a user of *app* has, the one used last first."""
    ours = _ours(app)
    return list_sessions(ours.store, ours.codec, user_id, current_handles(app))


def current_handles(app: Flask) -> set[str]:
    """Return the handles of what the request under way has come with, by cookie or bearer."""
    life = _current(app)
    own = {handle_of(_sid(life))} if life is not None else set()
    return own | current_family()


def find_session(app: Flask, handle: str) -> tuple[bytes, Record] | None:
    """Return the sid and the record of one session of *app*, or None.

    :raises StoreError: if the store cannot find it, or it cannot be read.
    """
    ours = _ours(app)
    index, half = index_of(ours.store), _half(handle)
    sid = None if half is None else index.find(half)
    record = None if sid is None else ours.store.load(sid)
    if sid is None or not isinstance(record, Record) or not is_listed(record, ours.codec):
        return None
    return sid, record


def revoke(app: Flask, handle: str) -> bool:
    """End one session of *app*; return whether it was there."""
    store = _ours(app).store
    index, half = index_of(store), _half(handle)
    life, replacing = _current(app), _replacing(app)
    if half is None:
        return False
    is_told = True
    if life is not None and half in _halves(life):
        owner, was_there = _owner(life), end_at_once(life, _sid(life))
    elif replacing is not None and half == _sid(replacing)[:16]:
        owner, was_there = _replaced(replacing), _end_former(replacing)
    else:
        is_told = False
        sid = index.find(half)
        record = None if sid is None else _load(app, sid)
        if sid is None or (record is not None and not is_listed(record, _ours(app).codec)):
            return False
        owner = "" if record is None else record.owner
        was_there = store.delete(sid)
    if was_there:
        _tell(app, owner, 1, int(is_told))
    return was_there


def revoke_user(app: Flask, user_id: Any, except_current: bool) -> int:
    """End all that a user of *app* has; return how many it were."""
    ours, owner = _ours(app), owner_key(user_id)
    index = index_of(ours.store)
    told, spared = _set_apart(app, owner) if except_current else (0, set())
    spared.update(sid for revoker in ours.revokers for sid in revoker(owner, except_current))
    if except_current:
        found = index.owned(owner)
        spared.update(sid for sid, each in found if kind_of(each, ours.codec) == "global")
    else:
        told += _end_current(app, owner)
    count = told + index.delete_owned(owner, spared)
    _tell(app, owner, count, told)
    return count


def revoke_all(app: Flask) -> int:
    """End all sessions of *app*, those of visitors too; return about how many it were."""
    ours = _ours(app)
    if having(ours.store, Carrying):
        raise StoreError(
            "Sessions in a cookie are in the browsers, and cannot be gone through. Change the key"
            " that seals them, SESSION_ENCRYPTION_KEYS or else SECRET_KEY, keep none of the older"
            " ones, and restart all processes: then no cookie opens."
        )
    if not isinstance(ours.store, Browsable):
        raise StoreError(
            f"A {type(ours.store).__name__} cannot go through its sessions. Set another"
            " SESSION_KEY_PREFIX: then none is found."
        )
    _revoke_for_all(ours)
    keeping = nullcontext(0) if ours.statistics is None else ours.statistics.kept()
    told = 0
    try:
        told += _end_current(app, None)
        with keeping as counted:
            count = told + max(0, ours.store.delete_all() - counted)
    finally:
        # Again, even if it breaks off: what was noted before may be among what was removed.
        _revoke_for_all(ours)
        late = 0 if ours.intake is None else ours.intake.end_latecomers()
    count += late
    _tell(app, "", count, told)
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


def _set_apart(app: Flask, owner: str) -> tuple[int, set[bytes]]:
    """Give the session of the request under way, if it is *owner*'s, a token nobody else has.

    Somebody may have a copy of the old one (ASVS 7.4.3). It is written at once, before any
    other session is ended: of a parallel request that ends the others as well, the new sid would
    be one of these. Only one of the two gets this far.

    :return: how many sessions have ended for it, and the sid that is to be spared.
    :raises StoreConflict: if it has moved on or ended meanwhile. Where it has moved may be the
        place of who has stolen the token, so it is not spared; or of another tab, so it is not
        ended.
    """
    session = _session(app)
    if session is None:
        return 0, set()
    life = session._open()
    if _replaced(life) == owner:
        if not _end_former(life):
            raise _moved_on()
        return 1, set()
    if life.is_stored and owner in (_owner(life), life.next_owner):
        life.regenerate()
        session.save()
        if not life.is_stored:
            raise _moved_on()
        return 0, {_sid(life)}
    was_owners = life.record is None or life.record.owner == owner
    if life.state is State.DETACHED and was_owners:
        # Nor does a second click on "Sign in" begin another session, which the first would end.
        life.next_owner = None
        raise _moved_on()
    return 0, set()


def _moved_on() -> StoreConflict:
    return StoreConflict(
        "The session of this request has ended, or got a new token, meanwhile: it cannot be told"
        " from the user's others, and none of them was ended. Let the user ask once more, in a new"
        " request."
    )


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


def _tell(app: Flask, owner: str, count: int, told: int) -> None:
    """Tell that *count* sessions have ended, of which *told* were told of one by one."""
    signals.sessions_revoked.send(app, owner=owner, count=count)
    statistics = _ours(app).statistics
    if statistics is not None:
        statistics.count_twice(told)
