"""Flask-Session's records in memcached: one item each, which cannot be listed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from pymemcache.client.base import PooledClient  # type: ignore[import-untyped]
from pymemcache.exceptions import MemcacheError  # type: ignore[import-untyped]

from ..errors import StoreUnavailable
from ..importingrecords import UnreadableSession
from .former import FormerPlace, Kept


class MemcachedPlace(FormerPlace):
    """Asks the client that Flask-Session was given; None: localhost, as it does."""

    is_for_all = True

    def __init__(self, client: Any) -> None:
        self._client = PooledClient(("127.0.0.1", 11211)) if client is None else client
        # Most clients have one connection, which is for one thread at a time.
        self._lock = Lock()

    def get(self, key: str) -> Kept | None:
        with self._told():
            data = self._client.get(key)
        if not data:
            return None
        if not isinstance(data, bytes):
            raise UnreadableSession("the client has made something else of it than bytes")
        return Kept(data, None)

    def delete(self, key: str) -> None:
        with self._told():
            self._client.delete(key)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except (MemcacheError, OSError) as error:
            raise StoreUnavailable(
                "The memcached that Flask-Session has kept its sessions in does not answer. Look"
                " at the server, and at SESSION_MEMCACHED."
            ) from error
