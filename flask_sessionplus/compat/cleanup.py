"""``SESSION_CLEANUP_N_REQUESTS`` and ``flask session_cleanup``, as Flask-Session has them."""

from __future__ import annotations

import logging
from itertools import count
from typing import TYPE_CHECKING

import click

from ..errors import StoreError
from ..purging import BATCH, purge_expired
from ..stores.base import Purgeable, Store, having

if TYPE_CHECKING:
    from flask import Flask

_log = logging.getLogger("flask_sessionplus")


def clean_up(app: Flask, store: Store, every: int | None) -> None:
    """Let *app* remove expired sessions: after *every* so many requests, and by a command."""
    stores = having(store, Purgeable)
    if every is not None and stores:
        numbers = count(1)

        @app.before_request
        def remove_some() -> None:
            if next(numbers) % every == 0:
                _remove_some(stores)

    @app.cli.command("session_cleanup")
    def session_cleanup() -> None:
        """Remove expired sessions: `flask session purge`."""
        removed = sum(sum(purge_expired(each)) for each in stores)
        click.echo(f"{removed} expired sessions removed.")


def _remove_some(stores: list[Purgeable]) -> None:
    # Not all at once: somebody waits for this.
    try:
        for store in stores:
            store.purge(BATCH)
    except StoreError as error:
        # The visitor's own session is another matter.
        _log.warning("Expired sessions were not removed: %s", error)
