"""Server-side sessions for Flask that lose nothing."""

from .errors import (
    ConfigError,
    DamagedRecord,
    LateSession,
    SessionPlusError,
    SessionReadOnly,
    SessionTooLarge,
    StoreConflict,
    StoreError,
    StoreNotReady,
    StoreUnavailable,
    UndecodableValue,
    UnsupportedType,
)
from .extension import SessionPlus
from .proxies import session
from .session import Session
from .signals import (
    session_created,
    session_destroyed,
    session_expired,
    session_loaded,
    session_lost,
    session_regenerated,
    session_rejected,
    session_saved,
    store_failed,
)
from .stores.sqltable import sessions_table

__all__ = [
    "ConfigError",
    "DamagedRecord",
    "LateSession",
    "Session",
    "SessionPlus",
    "SessionPlusError",
    "SessionReadOnly",
    "SessionTooLarge",
    "StoreConflict",
    "StoreError",
    "StoreNotReady",
    "StoreUnavailable",
    "UndecodableValue",
    "UnsupportedType",
    "session",
    "session_created",
    "session_destroyed",
    "session_expired",
    "session_loaded",
    "session_lost",
    "session_regenerated",
    "session_rejected",
    "session_saved",
    "sessions_table",
    "store_failed",
]
