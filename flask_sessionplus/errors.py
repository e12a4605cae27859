"""Every exception this package raises on purpose.

::

    SessionPlusError
    ├── ConfigError            a setting is wrong; raised in ``init_app`` (also a ValueError)
    ├── UnsupportedType        a value the codec cannot keep (also a TypeError)
    ├── UndecodableValue       a stored value this process cannot read
    ├── SessionTooLarge        a record over ``SESSION_MAX_BYTES``
    ├── LateSession            a new session after the answer has gone out
    ├── ParameterError         a value that a typed parameter does not take (also a ValueError)
    ├── WriteRefused           a change of the session in a view that is ``read_only``
    ├── AuthError              who asks may not; an HTTP exception
    │   ├── LoginRequired      401: nobody is signed in
    │   ├── InvalidToken       401: no bearer token, or none that is good
    │   ├── NotFresh           401: the password was given too long ago
    │   ├── RoleRequired       403: somebody else may
    │   └── TooManySessions    429: ``SESSION_MAX_PER_USER``
    └── StoreError             a fault of a store, never a miss
        ├── DamagedRecord      bytes that are no record
        └── StoreUnavailable   no answer: 503 with Retry-After
            ├── StoreConflict  gave up after too many tries
            ├── SessionReadOnly  a write while the store does not answer
            ├── SessionBusy    another request of the session goes on for too long
            └── StoreNotReady  the place for the records was never made

A miss (no such session, an expired one) is a value, not an exception: see
:class:`flask_sessionplus.stores.base.Miss`.
"""

from __future__ import annotations

from typing import Any

from werkzeug.exceptions import (
    Forbidden,
    HTTPException,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
)


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


class ParameterError(SessionPlusError, ValueError):
    """A value that a typed parameter does not take, or a name that is no parameter.

    :param name: the parameter's, with the path to what is wrong inside, such as ``items[2]``.
    :param expected: what it takes, in words.
    :param given: what it was given. It is not in the message, which may be logged.
    """

    def __init__(self, name: str, expected: str, given: Any = None) -> None:
        super().__init__(f"The session parameter {name!r} must be {expected}.")
        self.name = name
        self.expected = expected
        self.given = given


class WriteRefused(SessionPlusError):
    """A change of the session in a view that is ``read_only``; nothing of it was saved."""


class AuthError(SessionPlusError, HTTPException):
    """Who asks may not, or not yet.

    It is an HTTP exception: Flask answers with its code, or calls the app's error handler
    for it. The page tells nothing of the cause; ``str(error)`` does.

    :param message: what is missing, and what to do, for the log.
    """

    public = "This is not allowed."

    def __init__(self, message: str) -> None:
        HTTPException.__init__(self, description=self.public)
        self.args = (message,)

    def __str__(self) -> str:
        return str(self.args[0])


class LoginRequired(AuthError, Unauthorized):
    """Nobody is signed in."""

    public = "Please sign in."


class InvalidToken(AuthError, Unauthorized):
    """No bearer token, or none that is good. Why is in the signal ``token_rejected`` only."""

    public = "A valid bearer token is needed."


class NotFresh(AuthError, Unauthorized):
    """The password, or what stands for it, was given too long ago."""

    public = "Please confirm that it is you."


class RoleRequired(AuthError, Forbidden):
    """Who is signed in has not the role that is needed."""

    public = "You may not do this."


class TooManySessions(AuthError, TooManyRequests):
    """The user has ``SESSION_MAX_PER_USER`` sessions; this one was not begun."""

    public = "You are signed in on too many devices. Please sign out on one of them."


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


class SessionBusy(StoreUnavailable):
    """Another request of the same session goes on for longer than this one may wait."""


class StoreNotReady(StoreUnavailable):
    """The store's table does not exist yet; the message tells how to make it."""
