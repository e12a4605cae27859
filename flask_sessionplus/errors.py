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
from werkzeug.http import HTTP_STATUS_CODES
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from .problems import PROBLEM, page, problem, wants_page


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
    """What was saved after the headers, or in an event of a socket, needs a cookie to be sent.

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
    for it. The answer tells nothing of the cause; ``str(error)`` does. For programs it is
    JSON problem details (RFC 9457), for people a page, or a redirect to ``location``.

    :param message: what is missing, and what to do, for the log.
    :param location: where a person is sent instead, with a local ``next``.
    :param challenge: what ``WWW-Authenticate`` asks for (RFC 9110, 11.6.1).
    """

    public = "This is not allowed."
    _challenge: str | None = None
    _has_page = True

    def __init__(
        self, message: str, location: str | None = None, challenge: str | None = None
    ) -> None:
        HTTPException.__init__(self, description=self.public)
        self.args = (message,)
        self.location = location
        self.challenge = self._challenge if challenge is None else challenge

    def __str__(self) -> str:
        return str(self.args[0])

    def get_response(self, environ: Any = None, scope: Any = None) -> Response:
        """Return the answer."""
        if isinstance(self.response, Response):
            return self.response
        environ = _environ(environ)
        if self.location is None:
            body = self.get_body(environ)
            return Response(body, self.code, self.get_headers(environ))
        # See Other turns what follows into a GET, whatever this was (RFC 9110, 15.4.4).
        is_plain = environ.get("REQUEST_METHOD", "GET") in ("GET", "HEAD")
        response = redirect(self.location, 302 if is_plain else 303, Response)
        response.headers.extend(self._private())
        return response

    def get_body(self, environ: Any = None, scope: Any = None) -> str:
        """Return the answer's text."""
        code = self.code or 500
        title, detail = HTTP_STATUS_CODES[code], self.description or self.public
        if self._has_page and wants_page(_environ(environ)):
            return page(title, detail)
        return problem(code, title, detail)

    def get_headers(self, environ: Any = None, scope: Any = None) -> list[tuple[str, str]]:
        """Return the answer's headers."""
        is_page = self._has_page and wants_page(_environ(environ))
        headers = [("Content-Type", "text/html; charset=utf-8" if is_page else PROBLEM)]
        if self.challenge and self.code == 401:
            headers.append(("WWW-Authenticate", self.challenge))
        return [*headers, *self._private()]

    def _private(self) -> list[tuple[str, str]]:
        vary = "Accept, Authorization, Cookie" if self._has_page else "Authorization"
        return [("Cache-Control", "no-store"), ("Vary", vary)]


class LoginRequired(AuthError, Unauthorized):
    """Nobody is signed in."""

    public = "Please sign in."
    # RFC 9110 asks for a challenge with each 401, and no registered one is a form on a page.
    _challenge = "Session"


class InvalidToken(AuthError, Unauthorized):
    """No bearer token, or none that is good. Why is in the signal ``token_rejected`` only."""

    public = "A valid bearer token is needed."
    _challenge = 'Bearer error="invalid_token"'
    # One body for all, whoever asks: it must not tell one bad token from another.
    _has_page = False


class NotFresh(AuthError, Unauthorized):
    """The password, or what stands for it, was given too long ago."""

    public = "Please confirm that it is you."
    _challenge = "Session"


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


def _environ(given: Any) -> Any:
    """Return the WSGI environment: older callers give a request that has it."""
    return {} if given is None else getattr(given, "environ", given)
