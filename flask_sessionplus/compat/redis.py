"""Flask-Session's records in Redis: one string each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis import Redis

from .. import clock
from ..errors import StoreUnavailable
from ..importingrecords import UnreadableSession
from ..stores.redislink import Faults
from .former import FormerPlace, Kept, Listed
from .records import read_pickle

# Keys that the server looks at before it answers others again.
_SCAN_COUNT = 500

_as_pattern = re.compile(r"([\\*?\[\]])").sub


class RedisPlace(FormerPlace, Listed):
    """Asks the client that Flask-Session was given; None: localhost, as it does."""

    is_for_all = True

    def __init__(self, client: Any) -> None:
        self._client = Redis() if client is None else client
        library = type(self._client).__module__.partition(".")[0]
        self._faults = Faults.of(library if library in ("redis", "valkey") else "redis")

    def get(self, key: str) -> Kept | None:
        with self._told():
            data = self._client.get(key)
            left = self._client.pttl(key) if data else -1
        if not data:
            return None
        # A client may decode what it gets: then the records are JSON.
        data = data.encode() if isinstance(data, str) else data
        return Kept(data, clock.now() + left if left > 0 else None)

    def delete(self, key: str) -> None:
        with self._told():
            self._client.delete(key)

    def keys(self, prefix: str) -> Iterator[str]:
        pattern = _as_pattern(r"\\\1", prefix) + "*"
        with self._told():
            for key in self._client.scan_iter(match=pattern, count=_SCAN_COUNT):
                yield key if isinstance(key, str) else key.decode("utf-8", "replace")

    def count(self, prefix: str) -> int:
        return sum(1 for _ in self.keys(prefix))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except self._faults.all as error:
            if isinstance(error, self._faults.refused) and str(error).startswith("WRONGTYPE"):
                raise UnreadableSession("its key holds something else than a text") from error
            raise StoreUnavailable(
                "The Redis that Flask-Session has kept its sessions in does not answer. Look at the"
                " server, and at SESSION_REDIS."
            ) from error


class RedisCachePlace(RedisPlace):
    """The same, written by cachelib's ``RedisCache``: pickles with a mark in front."""

    @staticmethod
    def read(data: bytes) -> dict[str, Any]:
        """Return what is in a record."""
        return read_pickle(data.removeprefix(b"!"))
