"""``flask session ...``: what an operator does by hand."""

from __future__ import annotations

from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from .errors import SessionPlusError
from .purging import BATCH, purge_expired
from .stores.base import Preparable, Purgeable, Store

session_commands = AppGroup("session", help="Look after the stored sessions.")


def _store() -> Store:
    store: Store = current_app.extensions["sessionplus"].store
    return store


@session_commands.command("init")
def init() -> None:
    """Make the place for the sessions, such as a table. Harmless if it is there."""
    store = _store()
    if not isinstance(store, Preparable):
        click.echo("This store needs no preparation.")
        return
    with _PlainErrors():
        store.prepare()
    click.echo("The store is ready.")


@session_commands.command("purge")
@click.option(
    "--batch",
    default=BATCH,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Sessions removed at a time; others get their turn in between.",
)
@click.option("--dry-run", is_flag=True, help="Only count them.")
def purge(batch: int, dry_run: bool) -> None:
    """Remove expired sessions. Safe while the app is in use."""
    store = _store()
    if not isinstance(store, Purgeable):
        click.echo("This store forgets expired sessions by itself.")
        return
    with _PlainErrors():
        total = store.count_expired()
        if dry_run:
            click.echo(f"{total} expired sessions would be removed.")
            return
        removed = 0
        with click.progressbar(length=total, label="Purging") as bar:
            for count in purge_expired(store, batch):
                removed += count
                bar.update(count)
    click.echo(f"{removed} expired sessions removed.")


class _PlainErrors:
    """Show our errors as a line, not as a traceback."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, SessionPlusError):
            raise click.ClickException(str(error)) from error
