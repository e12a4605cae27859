"""Flask-Session's records in MongoDB: one document each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timezone
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from ..errors import StoreUnavailable
from .former import FormerPlace, Kept, Listed


class MongoPlace(FormerPlace, Listed):
    """Asks the client that Flask-Session was given; None: localhost, as it does."""

    def __init__(self, client: Any, database: str, collection: str) -> None:
        client = MongoClient() if client is None else client
        self._records = client[database][collection]

    def get(self, key: str) -> Kept | None:
        with _told():
            found = self._records.find_one({"id": key})
        if found is None or not isinstance(found.get("val"), bytes):
            return None
        return Kept(bytes(found["val"]), _milliseconds(found.get("expiration")))

    def delete(self, key: str) -> None:
        with _told():
            # There is no unique index: parallel requests may have made two.
            self._records.delete_many({"id": key})

    def keys(self, prefix: str) -> Iterator[str]:
        wanted = {"id": {"$regex": f"^{re.escape(prefix)}"}}
        with _told():
            for found in self._records.find(wanted, {"id": True}):
                yield found["id"]

    def count(self, prefix: str) -> int:
        with _told():
            return int(self._records.estimated_document_count())


def _milliseconds(moment: Any) -> int | None:
    if moment is None:
        return None
    # In UTC, with or without saying so.
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=timezone.utc)
    return int(aware.timestamp() * 1000)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except PyMongoError as error:
        raise StoreUnavailable(
            "The MongoDB that Flask-Session has kept its sessions in does not answer. Look at the"
            " server, and at SESSION_MONGODB."
        ) from error
