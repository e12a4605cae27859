"""What has happened to a session, as far as it remembers: ``SESSION_HISTORY``.

It costs no write of its own: what there is to remember happens in a write anyway.
"""

from __future__ import annotations

from . import clock
from .binding import bound
from .codec import Codec
from .errors import UndecodableValue
from .lifecycle import Lifecycle
from .lifetimes import PERMANENT
from .record import BOOKKEEPING, Record

_HISTORY = f"{BOOKKEEPING}history"

#: What may happen, by the number that is stored.
EVENTS = ("created", "signed in", "new token")

_CREATED, _SIGNED_IN, _NEW_TOKEN = range(len(EVENTS))


def first_values(life: Lifecycle, sets: dict[str, bytes]) -> dict[str, bytes]:
    """Return *sets*, with which a session begins, and what we have to remember of it."""
    sets = bound(life.services, life.request, sets)
    if life.is_permanent:
        sets = {**sets, PERMANENT: life.services.codec.encode(True)}
    return _with_events(life, sets, b"", [_CREATED, *_sign_in(life)])


def changed_values(life: Lifecycle) -> tuple[dict[str, bytes], set[str]]:
    """Return what has to be set and removed of a stored session."""
    sets, removals = life.data.changes()
    # Who signs in gets a new token in any case.
    events = _sign_in(life) or [_NEW_TOKEN] * bool(life.next_token)
    if events:
        sets = _with_events(life, sets, life.data.get_hidden(_HISTORY) or b"", events)
    return sets, removals


def history_of(record: Record, codec: Codec) -> list[tuple[int, str]]:
    """Return when what has happened to the session, in milliseconds, the newest last."""
    found = _decode(codec, record.values.get(_HISTORY, b""))
    return [(at, EVENTS[number]) for at, number in found if 0 <= number < len(EVENTS)]


def _sign_in(life: Lifecycle) -> list[int]:
    return [_SIGNED_IN] if life.signed_in and life.next_owner else []


def _with_events(
    life: Lifecycle, sets: dict[str, bytes], former: bytes, events: list[int]
) -> dict[str, bytes]:
    length = life.services.settings.history
    if not length:
        return sets
    codec, now = life.services.codec, clock.now()
    all_events = [*_decode(codec, former), *([now, event] for event in events)]
    return {**sets, _HISTORY: codec.encode(all_events[-length:])}


def _decode(codec: Codec, data: bytes) -> list[list[int]]:
    try:
        found: list[list[int]] = codec.decode(data) if data else []
    except UndecodableValue:
        # Of a later version.
        return []
    return found
