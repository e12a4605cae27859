"""The keys of an issuer, from its pinned https address (RFC 7517 section 5).

One address, given by the app; never one that a token names (ASVS 9.1.3). No redirects, no
proxy, 64 KB and two seconds at most, whatever the other side does. What was fetched is fresh
for 5 minutes, and serves for an hour while the address does not answer.
"""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from .. import clock
from ..errors import ConfigError
from .gate import Refused, read_object

K = TypeVar("K")

# Milliseconds.
_FRESH = 5 * 60_000
_USABLE = 60 * 60_000
_COOLDOWN = 30_000

_SECONDS = 2.0
_MAX_BYTES = 64 * 1024
_TYPES = {"application/json", "application/jwk-set+json"}

_log = logging.getLogger("flask_sessionplus")


class Jwks(Generic[K]):
    """Fetches keys when they are needed. It may be used from any thread.

    :param url: an https URL without user, password and fragment.
    :param read: makes the keys, by their kid, of a JWK Set; raises `Refused` if it is none.
    :param context: for an issuer whose certificate is not signed by a public authority.
    :raises ConfigError: if the URL is another one.
    """

    def __init__(
        self,
        url: str,
        read: Callable[[dict[str, Any]], Mapping[str, K]],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._address = _Address(url)
        self._read = read
        self._context = context
        self._lock = threading.Lock()
        self._keys: Mapping[str, K] = {}
        self._fetched_at: int | None = None
        self._tried_at: int | None = None
        self._fetch: _Fetch | None = None

    def keys(self, kid: str | None) -> Mapping[str, K]:
        """Return the keys, fetched if they are old or *kid* is not among them.

        It fetches once in 30 seconds at most, and returns after 2 seconds at the latest.
        """
        with self._lock:
            fetch = self._needed_fetch(kid)
        if fetch is not None:
            fetch.wait()
        with self._lock:
            return self._keys if self._is_younger(_USABLE) else {}

    def _needed_fetch(self, kid: str | None) -> _Fetch | None:
        if self._is_younger(_FRESH) and (kid is None or kid in self._keys):
            return None
        # One that is stuck, in a name server say, is waited for no longer, but not doubled.
        if self._fetch is not None and not self._fetch.is_over():
            return self._fetch
        now = clock.now()
        if self._tried_at is not None and abs(now - self._tried_at) < _COOLDOWN:
            return None
        self._tried_at = now
        self._fetch = _Fetch(self._address, self._context, self._take)
        return self._fetch

    def _take(self, body: bytes) -> None:
        keys = self._read(read_object(body))
        if not keys:
            raise Refused("key")
        with self._lock:
            self._keys, self._fetched_at = keys, clock.now()

    def _is_younger(self, age: int) -> bool:
        return self._fetched_at is not None and abs(clock.now() - self._fetched_at) < age


class _Address:
    """Where to fetch from."""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            self.port = parts.port or 443
        except ValueError:
            parts, self.port = urlsplit(""), 0
        self.host = parts.hostname or ""
        self.path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        is_plain = url.isascii() and url.isprintable() and " " not in url
        is_bare = "@" not in parts.netloc and "#" not in url
        if parts.scheme != "https" or not (self.host and is_plain and is_bare):
            raise ConfigError(
                "SESSION_JWT_KEY is a URL, but keys are fetched only from an https URL"
                " without user, password, spaces and fragment."
            )


class _Fetch:
    """One try, in a thread of its own: so that nothing makes a request wait longer."""

    def __init__(
        self,
        address: _Address,
        context: ssl.SSLContext | None,
        take: Callable[[bytes], None],
    ) -> None:
        self._address = address
        self._context = context
        self._take = take
        self._end = time.monotonic() + _SECONDS
        self._done = threading.Event()
        self._wire: socket.socket | None = None
        try:
            threading.Thread(target=self._run, name="session-jwks", daemon=True).start()
        except RuntimeError as error:
            self._fail(error)
            self._done.set()

    def is_over(self) -> bool:
        """Tell whether it has come to an end, good or bad."""
        return self._done.is_set()

    def wait(self) -> None:
        """Wait until it is over, or its time is; then cut the line."""
        if not self._done.wait(max(0.0, self._end - time.monotonic())):
            self._cut()

    def _run(self) -> None:
        try:
            self._take(self._get())
        # ValueError and AttributeError: what http.client and ssl make of a line that is cut.
        except (OSError, HTTPException, Refused, ValueError, AttributeError) as error:
            self._fail(error)
        finally:
            self._done.set()

    def _get(self) -> bytes:
        host, port = self._address.host, self._address.port
        raw = socket.create_connection((host, port), timeout=_SECONDS)
        # The same line once more, for ssl takes the first one apart.
        self._wire = raw.dup()
        try:
            if time.monotonic() > self._end:
                raise TimeoutError
            context = self._context or ssl.create_default_context()
            with context.wrap_socket(raw, server_hostname=host) as line:
                return self._ask(line)
        finally:
            raw.close()
            self._wire.close()

    def _ask(self, line: ssl.SSLSocket) -> bytes:
        connection = HTTPConnection(self._address.host, self._address.port)
        connection.sock = line
        connection.request("GET", self._address.path, headers={"Accept": ", ".join(sorted(_TYPES))})
        with connection.getresponse() as response:
            kind = response.headers.get_content_type()
            encoding = response.headers.get("Content-Encoding", "identity")
            if response.status != 200 or kind not in _TYPES or encoding != "identity":
                raise HTTPException(f"{response.status} {kind}")
            body = response.read(_MAX_BYTES + 1)
        if len(body) > _MAX_BYTES or time.monotonic() > self._end:
            raise HTTPException("too much or too late")
        return body

    def _cut(self) -> None:
        try:
            if self._wire is not None:
                self._wire.shutdown(socket.SHUT_RDWR)
        except OSError:
            # It is closed already: the other thread was faster.
            pass

    def _fail(self, error: Exception) -> None:
        _log.warning(
            "The keys for bearer tokens were not fetched from %s (%s). Known keys serve for an"
            " hour; see that the address answers.",
            self._address.host,
            type(error).__name__,
        )
