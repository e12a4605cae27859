"""What all sessions of one app share, and the words for where one of them stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .codec import Codec
from .config import Settings
from .importing import Intake
from .parameters import Schema
from .stores.base import Store


class State(Enum):
    """Where a session stands."""

    NEW = "new"
    ALIVE = "stored"
    #: It has ended or moved elsewhere: nothing is written, the cookie is left alone.
    DETACHED = "ended elsewhere"
    #: The store did not answer, and the request fails.
    FAILED = "not available"
    #: The store did not answer, and the request goes on without a session.
    OFFLINE = "offline"
    #: The view has none: whatever is put in is thrown away.
    UNUSED = "not used"


class Cookie(Enum):
    """What is to become of the browser's cookie."""

    LEAVE = "leave"
    SET = "set"
    DELETE = "delete"


class Policy(Enum):
    """What a view wants of the session."""

    READ_WRITE = "read and write"
    #: It changes nothing.
    READ_ONLY = "read only"
    #: It has none: no load, no save, no cookie.
    NO_SESSION = "no session"


@dataclass(frozen=True)
class Services:
    """What all sessions of one app share.

    :param find_app: returns the app, the sender of signals. It is held weakly: the app
        has these services, and would otherwise never be freed.
    :param read_token: takes the request; returns the token in its cookie, or None, and
        why the cookie was refused, or None.
    :param find_store: takes the request; returns where its session is kept.
    :param only_peeks: tells whether a request takes no messages, such as HEAD.
    :param default_lifetime: returns the idle time, in milliseconds, where no setting does.
    :param refreshes: tells whether reading extends a session.
    :param find_policy: takes the request; returns what its view wants of the session.
    :param schema: the typed parameters of these sessions.
    :param local_schema: those of the local session.
    :param intake: takes in sessions that another session interface has left, if any does.
    """

    find_app: Callable[[], Any]
    find_store: Callable[[Any], Store]
    codec: Codec
    settings: Settings
    read_token: Callable[[Any], tuple[str | None, str | None]]
    only_peeks: Callable[[Any], bool]
    default_lifetime: Callable[[], int]
    refreshes: Callable[[], bool]
    find_policy: Callable[[Any], Policy]
    schema: Schema | None
    local_schema: Schema | None
    intake: Intake | None = None
