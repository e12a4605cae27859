"""Flask-Session's records in DynamoDB: one item each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

from botocore.exceptions import (  # type: ignore[import-not-found,unused-ignore]
    BotoCoreError,
    ClientError,
)

from ..errors import StoreUnavailable
from .former import FormerPlace, Kept, Listed


class DynamoPlace(FormerPlace, Listed):
    """Asks the resource of boto3 that Flask-Session was given."""

    def __init__(self, resource: Any, table: str) -> None:
        self._table = resource.Table(table)

    def get(self, key: str) -> Kept | None:
        with _told():
            found = self._table.get_item(Key={"id": key}).get("Item")
        data = None if found is None else found.get("val")
        if found is None or data is None:
            return None
        return Kept(bytes(getattr(data, "value", data)), _milliseconds(found.get("expiration")))

    def delete(self, key: str) -> None:
        with _told():
            self._table.delete_item(Key={"id": key})

    def keys(self, prefix: str) -> Iterator[str]:
        further: dict[str, Any] = {}
        while True:
            with _told():
                page = self._table.scan(ProjectionExpression="id", **further)
            yield from (item["id"] for item in page["Items"] if item["id"].startswith(prefix))
            if "LastEvaluatedKey" not in page:
                return
            further = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def count(self, prefix: str) -> int:
        with _told():
            return int(self._table.item_count)


def _milliseconds(written: Any) -> int | None:
    """Return when a record ends.

    Flask-Session takes the time in UTC for local time, so the number is wrong by the offset of the
    machine's zone. Taken back in the same way it is right again.
    """
    if written is None:
        return None
    local = datetime.fromtimestamp(float(written))  # noqa: DTZ006
    return int(local.replace(tzinfo=timezone.utc).timestamp() * 1000)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise StoreUnavailable(
            "The DynamoDB that Flask-Session has kept its sessions in does not answer. Look at the"
            " service, and at SESSION_DYNAMODB."
        ) from error
