"""Every exception this package raises on purpose.

::

    SessionPlusError
    ├── ConfigError            a setting is wrong; raised in ``init_app`` (also a ValueError)
    ├── UnsupportedType        a value the codec cannot keep (also a TypeError)
    ├── UndecodableValue       a stored value this process cannot read
    ├── SessionTooLarge        a record over ``SESSION_MAX_BYTES``
    ├── LateSession            a new session after the answer has gone out
    └── StoreError             a fault of a store, never a miss
        ├── DamagedRecord      bytes that are no record
        └── StoreUnavailable   no answer: 503 with Retry-After
            ├── StoreConflict  gave up after too many tries
            ├── SessionReadOnly  a write while the store does not answer
            └── StoreNotReady  the place for the records was never made

A miss (no such session, an expired one) is a value, not an exception: see
:class:`flask_sessionplus.stores.base.Miss`.
"""

from __future__ import annotations

from werkzeug.exceptions import ServiceUnavailable


class SessionPlusError(Exception):
    """The root of all errors of this package."""


class ConfigError(SessionPlusError, ValueError):
    """A setting has a value that is not allowed.

    The message names the key, what was given and what is allowed.
    """

    @classmethod
    def of(cls, key: str, given: object, allowed: str) -> ConfigError:
        """Make the error for setting *key*, which was *given* but must be *allowed*."""
        return cls(f"{key} is {given!r}, but must be {allowed}.")


class UnsupportedType(SessionPlusError, TypeError):
    """A value of a type that cannot be stored; the message names the path to it."""


class UndecodableValue(SessionPlusError):
    """A stored value whose type is not registered in this process.

    The stored bytes stay as they are, and the other keys can be read.
    """


class SessionTooLarge(SessionPlusError):
    """The record would be larger than ``SESSION_MAX_BYTES``; the old one is intact."""


class LateSession(SessionPlusError):
    """What was saved after the headers needs a cookie, which can no longer be sent.

    That is a new session, a new token, or a record that is kept in the browser.
    """


class StoreError(SessionPlusError):
    """A store failed."""


class DamagedRecord(StoreError):
    """Stored bytes that are no record of ours. They are left alone until they expire."""


class StoreUnavailable(StoreError, ServiceUnavailable):
    """The store does not answer.

    It is an HTTP exception: Flask answers 503 with ``Retry-After``, or calls the
    app's error handler for it. The visitor's page tells nothing of the cause;
    ``str(error)`` does.

    :param message: what happened and what to do, for the log.
    :param retry_after: seconds after which the client may try again.
    """

    def __init__(self, message: str = "The session store does not answer.", retry_after: int = 5):
        ServiceUnavailable.__init__(
            self,
            description="The service is busy for a moment. Please try again shortly.",
            retry_after=retry_after,
        )
        self.args = (message,)

    def __str__(self) -> str:
        return str(self.args[0])


class StoreConflict(StoreUnavailable):
    """An operation lost against others so often that it was given up; nothing was written."""


class SessionReadOnly(StoreUnavailable):
    """A write to a session that is empty because its store does not answer.

    See ``SESSION_ON_STORE_ERROR = "anonymous"``.
    """


class StoreNotReady(StoreUnavailable):
    """The store's table does not exist yet; the message tells how to make it."""
