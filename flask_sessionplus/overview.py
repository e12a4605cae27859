"""All sessions of an app, seen from outside: pages of them, one of them, how many.

For tools, such as the command line and the dashboard; never for the request of a visitor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Flask

from .clock import to_datetime
from .directory import current_handles, find_session
from .errors import StoreError, UndecodableValue
from .history import history_of
from .owners import SessionInfo, describe, is_listed
from .record import Record
from .showing import UNDECODABLE, PlainCodec, is_message, label, type_name
from .statistics import count_records
from .stores.base import Browsable, Store

#: The type of a large value that was not fetched.
NOT_READ = "not read"

# How many pages of a store are read at most to fill one for people: where a pattern keeps its
# fields beside the sessions, or notes were made, most of what is met may be of no interest.
_MOST_PAGES = 10

_codec = PlainCodec()


@dataclass(frozen=True)
class SessionPage:
    """Some sessions, in the store's own order.

    :param after: what brings the next page, for :meth:`.SessionPlus.browse`; None: this is
        the last.
    :param sealed: how many were left out because they do not open with the keys that there are.
    """

    sessions: list[SessionInfo]
    after: str | None
    sealed: int = 0


@dataclass(frozen=True)
class Entry:
    """One value of a session.

    :param name: its key; one of a scope is ``scope:checkout/step``.
    :param type: the name of its type; ``"undecodable"``, if it cannot be read by this
        version; ``"not read"``, if it is large and values were not asked for.
    :param size: in bytes, as it is stored.
    :param value: what it is, if values were asked for.
    """

    name: str
    type: str
    size: int
    value: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class Event:
    """Something that has happened to a session. Its time is an aware UTC datetime.

    :param what: ``"created"``, ``"signed in"`` or ``"new token"``.
    """

    at: datetime
    what: str


@dataclass(frozen=True)
class SessionDetails:
    """All that is known of one session.

    :param messages: how many flash messages wait.
    :param size: in bytes, as it is stored, bookkeeping included.
    :param history: the last events, the newest first.
    """

    info: SessionInfo
    entries: list[Entry]
    messages: int
    size: int
    history: list[Event]


def page_of_sessions(app: Flask, after: str | None = None, limit: int = 50) -> SessionPage:
    """Return some sessions of *app*, in the store's own order.

    There may be fewer than *limit*, even none, and more behind them: see :attr:`.after`.

    :param after: where the page before ended.
    :param limit: how many at most, from 1 on.
    :raises StoreError: if the store cannot go through its sessions, or fails.
    :raises ValueError: if *after* comes from no page.
    """
    ours, current = app.extensions["sessionplus"], current_handles(app)
    store = browsable(ours.store)
    sessions: list[SessionInfo] = []
    sealed = 0
    for _ in range(_MOST_PAGES):
        page = store.page(after, limit - len(sessions))
        after = page.after
        sealed += page.sealed
        for sid, record in page.found:
            if is_listed(record, ours.codec):
                sessions.append(describe(sid, record, ours.codec, current))
        if after is None or len(sessions) == limit:
            break
    return SessionPage(sessions, after, sealed)


def details_of(app: Flask, handle: str, with_values: bool = False) -> SessionDetails | None:
    """Return what is known of the session called *handle*, or None if there is none.

    Nothing of the app's own code is run: an object of a type that was registered is shown as
    the plain data which stand for it.

    :param with_values: whether to decode the values, and to fetch those that lie beside the
        record because they are large.
    :raises StoreError: if the store cannot find sessions by their handles, or fails, or has
        something else in its place.
    """
    found = find_session(app, handle)
    if found is None:
        return None
    ours, (sid, record) = app.extensions["sessionplus"], found
    large = _fetch(ours.store, sid, record) if with_values else {}
    values = {**dict.fromkeys(record.beside, None), **large, **record.values}
    entries = [
        _entry(shown, name, data, record, with_values)
        for name, data in values.items()
        if (shown := label(name)) is not None
    ]
    events = history_of(record, ours.codec)
    return SessionDetails(
        info=describe(sid, record, ours.codec, current_handles(app)),
        entries=sorted(entries, key=lambda entry: entry.name),
        messages=sum(map(is_message, record.values)),
        size=_size(record),
        history=[Event(to_datetime(at), what) for at, what in reversed(events)],
    )


def count_sessions(app: Flask) -> dict[str, int]:
    """Return about how many sessions each store of *app* has that can count them.

    Records that only we need may be counted as well, such as notes on revoked tokens, but for
    those of statistics.

    :return: by the name of the store, such as ``"RedisStore"``; nothing, if the sessions cannot
        be counted, as those in cookies.
    :raises StoreError: if a store fails.
    """
    whole = app.extensions["sessionplus"].store
    if not isinstance(whole, Browsable):
        # What a part of it can count are no sessions, such as notes on those that have ended.
        return {}
    counts: dict[str, int] = {}
    for store in whole.browsed:
        name = type(store).__name__
        counts[name] = counts.get(name, 0) + store.count()
    # They lie in one of them, and whichever it is has room for as many.
    for name in [name for name in counts if counts[name]][-1:]:
        counts[name] = max(0, counts[name] - count_records(app))
    return counts


def browsable(store: Store) -> Browsable:
    """Return *store* as one that can go through its sessions.

    :raises StoreError: if it cannot.
    """
    if not isinstance(store, Browsable):
        raise StoreError(
            f"A {type(store).__name__} cannot go through its sessions. Use a SESSION_STORE that"
            " can: sqlite:///, postgresql://, mysql://, redis://, file:/// or memory://."
        )
    return store


def _fetch(store: Store, sid: bytes, record: Record) -> dict[str, bytes]:
    names = [name for name in record.beside if label(name) is not None]
    return store.fetch(sid, names) if names else {}


def _entry(shown: str, name: str, data: bytes | None, record: Record, with_values: bool) -> Entry:
    size = record.beside.get(name, len(data or b""))
    if data is None:
        return Entry(shown, NOT_READ, size)
    if not with_values:
        return Entry(shown, type_name(data), size)
    try:
        return Entry(shown, type_name(data), size, _codec.decode(data))
    except UndecodableValue:
        return Entry(shown, UNDECODABLE, size)


def _size(record: Record) -> int:
    names = sum(map(len, (*record.values, *record.beside)))
    return names + sum(map(len, record.values.values())) + sum(record.beside.values())
