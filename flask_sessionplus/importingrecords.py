"""A session of another session interface, as a record of ours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import clock
from .codec import Codec
from .errors import UnsupportedType
from .lifetimes import PERMANENT
from .names import FLASHES, FLASK_MESSAGE, RESERVED, message_name
from .owners import USER, owner_key
from .record import Record

#: Adds to the values of a new record what else belongs in.
Complete = Callable[[dict[str, bytes]], dict[str, bytes]]

# What session interfaces keep among the data.
_PERMANENT = "_permanent"

# Where Flask-Login says who is signed in.
_USER_ID = "_user_id"


class UnreadableSession(ValueError):
    """A former session cannot be taken in. Says why, and nothing of what is in it."""


@dataclass
class Found:
    """A former session.

    :param values: what the app had in it.
    :param used_at: when it was used last, or None if nobody knows.
    :param expires_at: when it would have ended, or None if nobody knows.
    """

    values: dict[str, Any] = field(repr=False)
    used_at: int | None = None
    expires_at: int | None = None


@dataclass(frozen=True)
class Rules:
    """What the app says of sessions that come in.

    :param idle_lifetime: returns how long one lives without being used, in milliseconds.
    """

    codec: Codec
    idle_lifetime: Callable[[], int]
    absolute_lifetime: int | None
    max_bytes: int


def record_of(found: Found, rules: Rules, complete: Complete) -> Record:
    """Return *found* as a record of ours.

    :raises UnreadableSession: if there is something in it that no session of ours can have.
    """
    values = complete(_encode(found.values, rules.codec))
    if sum(len(name) + len(data) for name, data in values.items()) > rules.max_bytes:
        raise UnreadableSession("it is larger than SESSION_MAX_BYTES")
    now = clock.now()
    used_at = now if found.used_at is None else min(found.used_at, now)
    expires_at = found.expires_at
    if expires_at is None:
        expires_at = used_at + rules.idle_lifetime()
    if rules.absolute_lifetime is not None:
        expires_at = min(expires_at, used_at + rules.absolute_lifetime)
    return Record(used_at, used_at, expires_at, values, owner=owner_of(found.values))


def _encode(values: dict[str, Any], codec: Codec) -> dict[str, bytes]:
    encoded: dict[str, bytes] = {}
    try:
        for key, value in values.items():
            # Who could choose a key must not become somebody else by it.
            if key[:1] in RESERVED:
                raise UnreadableSession("it has a key that no session of ours can have")
            if key == FLASHES:
                encoded.update(_messages(value, codec))
            elif key != _PERMANENT:
                encoded[key] = codec.encode(value, "a value")
        if values.get(_PERMANENT):
            encoded[PERMANENT] = codec.encode(True)
        if owner_of(values):
            encoded[USER] = codec.encode(values[_USER_ID])
    except UnsupportedType as error:
        raise UnreadableSession(str(error).partition(", which")[0]) from error
    return encoded


def _messages(messages: Any, codec: Codec) -> dict[str, bytes]:
    """Return Flask's list of messages as we keep them: each with a name of its own."""
    if not isinstance(messages, list):
        raise UnreadableSession("its flash messages are no list")
    # Where tuples came back as lists they are what they were again.
    pairs = [tuple(each) if isinstance(each, list) else each for each in messages]
    return {message_name(FLASK_MESSAGE): codec.encode(pair, "a message") for pair in pairs}


def owner_of(values: dict[str, Any]) -> str:
    """Return whose session it is, if Flask-Login knows; "" for nobody."""
    user_id = values.get(_USER_ID)
    try:
        return "" if user_id is None else owner_key(user_id)
    except (TypeError, ValueError):
        return ""
