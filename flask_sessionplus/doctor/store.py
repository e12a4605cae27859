"""Whether the store answers, and what it says of itself."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask

from ..errors import StoreError
from ..findings import Finding
from ..stores.base import Diagnosable, Store, having


def has_findings(app: Flask) -> Iterator[Finding]:
    """Find what the stores find."""
    for part in having(_store(app), Diagnosable):
        try:
            yield from part.diagnose()
        except StoreError as error:
            yield _is_silent(error)


def _is_silent(error: StoreError) -> Finding:
    return Finding(
        "error",
        "store-unavailable",
        str(error),
        "Requests that use the session answer 503.",
        "Look at the server and SESSION_STORE, then run this again.",
    )


def _store(app: Flask) -> Store:
    found: Store = app.extensions["sessionplus"].store
    return found


CHECKS = (has_findings,)
