"""Whose sessions they are: how a user is named in a store, lists of sessions, and their number."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from .clock import to_datetime
from .codec import Codec
from .devices import browser_name
from .errors import StoreError, TooManySessions
from .record import BOOKKEEPING, IDENTITY, Record
from .stores.base import OwnerIndex, Store
from .tokens import handle

#: Who is signed in: the id, as the app gave it.
USER = f"{IDENTITY}user"

#: When that was, in milliseconds.
SINCE = f"{IDENTITY}since"

#: From where, and with what.
ADDRESS = f"{BOOKKEEPING}address"
AGENT = f"{BOOKKEEPING}agent"

#: Both: what :func:`origin_of` returns.
ORIGIN = (ADDRESS, AGENT)

#: What a record is that is no browser's session.
KIND = f"{BOOKKEEPING}kind"

_BROWSER = "browser"

#: What a record with counts of what has happened is; see ``statistics``.
STATISTICS = "statistics"

# Kinds of records that are no session of anybody.
_UNLISTED = ("note", "lease", STATISTICS)

# What the column of an SQL database holds, in whatever script.
_MAX_LENGTH = 255

_AGENT_LENGTH = 512

_is_uuid = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII).fullmatch


@dataclass(frozen=True)
class SessionInfo:
    """One session of a user, for a list of devices. Times are aware UTC datetimes.

    :param handle: its public name, which ``ext.revoke()`` takes.
    :param kind: ``"browser"``, ``"global"`` (the user's own data) or ``"token"`` (a family of
        refresh tokens).
    :param user: whose it is, as ``owner_key`` spells it.
    :param last_seen_at: at most ``SESSION_TOUCH_INTERVAL`` behind.
    :param address: from where the user signed in, or ``""``.
    :param user_agent: with what, as the browser said it, or ``""``.
    :param browser: the same in a few words, such as ``"Firefox 128 on Linux"``. It comes from
        the visitor: escape it, as templates do.
    :param signed_in_at: when, or None.
    :param is_current: whether the request under way has come with it, by cookie or bearer.
    """

    handle: str
    kind: str
    user: str = field(repr=False)
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str = field(repr=False)
    user_agent: str = field(repr=False)
    browser: str
    signed_in_at: datetime | None
    is_current: bool


def owner_key(user_id: Any) -> str:
    """Return how stores name the user with this id.

    An id is the same user in whatever way it is spelled: 42 and ``"42"``, a UUID and its text
    in small or capital letters.

    :param user_id: an int, a str, a UUID, or anything else whose ``str()`` names the user.
    :raises TypeError: if it is None, a bool, a float or bytes.
    :raises ValueError: if it is empty, or longer than 255 characters.
    """
    if user_id is None or isinstance(user_id, (bool, float, bytes, bytearray)):
        raise TypeError(
            f"A user id must not be of type {type(user_id).__name__}. Give the user's id, such as"
            " an int, a str or a UUID."
        )
    if isinstance(user_id, int):
        return str(int(user_id))
    kind: Any = type(user_id)
    if kind.__str__ is object.__str__ and kind.__repr__ is object.__repr__:
        raise TypeError(
            f"{kind.__name__} says nothing of itself that could name a user. Give the"
            " user's id, or give the class a __str__ that is the same for the same user."
        )
    # Of an Enum with str, the text itself.
    key = str.__str__(user_id) if isinstance(user_id, str) else str(user_id)
    if not 1 <= len(key) <= _MAX_LENGTH:
        raise ValueError(f"A user id must have from 1 to {_MAX_LENGTH} characters, not {len(key)}.")
    return str(UUID(key)) if _is_uuid(key) else key


def origin_of(request: Any, codec: Codec) -> dict[str, bytes]:
    """Return from where *request* has come, as it is kept for the list of devices."""
    origin = {
        ADDRESS: _printable(request.remote_addr or ""),
        AGENT: _printable(request.user_agent.string)[:_AGENT_LENGTH],
    }
    return {name: codec.encode(text) for name, text in origin.items()}


def index_of(store: Store) -> OwnerIndex:
    """Return *store*, which finds the sessions of a user.

    :raises StoreError: if it cannot.
    """
    if not isinstance(store, OwnerIndex):
        raise StoreError(
            f"A {type(store).__name__} does not know whose sessions it has. Use a SESSION_STORE"
            " that does: sqlite:///, postgresql://, mysql://, redis://, file:/// or memory://."
        )
    return store


def list_sessions(
    store: Store, codec: Codec, user_id: Any, current: Collection[str]
) -> list[SessionInfo]:
    """Return what the user has, the one used last first.

    :param current: the handles of what the request under way has come with.
    :raises StoreError: if the store cannot find them.
    """
    found = index_of(store).owned(owner_key(user_id))
    return [
        describe(sid, record, codec, current)
        for sid, record in _by_last_use(found)
        if is_listed(record, codec)
    ]


def is_listed(record: Record, codec: Codec) -> bool:
    """Tell whether *record* is somebody's session, and none that only we need."""
    return kind_of(record, codec) not in _UNLISTED


def kind_of(record: Record, codec: Codec) -> str:
    """Return what *record* is: ``"browser"``, or what its bookkeeping says."""
    return str(_value(record, KIND, codec, _BROWSER))


def count_sessions(store: Store, codec: Codec, owner: str) -> int:
    """Return how many browsers *owner* is signed in with."""
    return len(_browsers(store, codec, owner))


def evict(store: Store, codec: Codec, owner: str, limit: int, current: bytes) -> int:
    """End what *owner* has in browsers beyond *limit*, the one used longest ago first.

    Never the *current* one, and none that was begun after it: of two that are begun at the
    same time, only the later one ends the other. In the same millisecond the sids decide.

    :param current: the sid of the session that has been begun.
    :return: how many were ended.
    """
    found = _browsers(store, codec, owner)
    since = {sid: _value(record, SINCE, codec, 0) for sid, record in found}
    if current not in since:
        return 0
    others = [sid for sid, _ in found if sid != current]
    doomed = [sid for sid in others[limit - 1 :] if (since[sid], sid) < (since[current], current)]
    return sum(map(store.delete, doomed))


def too_many(limit: int) -> TooManySessions:
    """Return what to raise where a user has *limit* sessions."""
    return TooManySessions(
        f"The user has {limit} sessions already, which is SESSION_MAX_PER_USER. Let one of them"
        " be ended, or set SESSION_WHEN_FULL = 'evict_oldest'."
    )


def _browsers(store: Store, codec: Codec, owner: str) -> list[tuple[bytes, Record]]:
    found = _by_last_use(index_of(store).owned(owner))
    return [each for each in found if kind_of(each[1], codec) == _BROWSER]


def _by_last_use(found: Iterable[tuple[bytes, Record]]) -> list[tuple[bytes, Record]]:
    def last_use(each: tuple[bytes, Record]) -> tuple[int, int, bytes]:
        sid, record = each
        return record.seen_at, record.created_at, sid

    return sorted(found, key=last_use, reverse=True)


def describe(sid: bytes, record: Record, codec: Codec, current: Collection[str]) -> SessionInfo:
    """Return what a list shows of *record*.

    :param current: the handles of what the request under way has come with.
    """
    name = handle(sid)
    agent = str(_value(record, AGENT, codec, ""))
    since = _value(record, SINCE, codec, None)
    return SessionInfo(
        handle=name,
        kind=kind_of(record, codec),
        user=record.owner,
        created_at=to_datetime(record.created_at),
        last_seen_at=to_datetime(record.seen_at),
        expires_at=to_datetime(record.expires_at),
        address=str(_value(record, ADDRESS, codec, "")),
        user_agent=agent,
        browser=browser_name(agent),
        signed_in_at=None if since is None else to_datetime(since),
        is_current=name in current,
    )


def _value(record: Record, name: str, codec: Codec, default: Any) -> Any:
    data = record.values.get(name)
    return default if data is None else codec.decode(data)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
