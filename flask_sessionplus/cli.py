"""``flask session ...``: what an operator does by hand."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from .describing import Row, describe
from .errors import SessionPlusError
from .migrating import browsable_part
from .migrating import migrate as migrate_sessions
from .parameters import Schema
from .places import place_of
from .purging import BATCH, purge_expired
from .stores.base import Preparable, Purgeable, Store, having
from .stores.opening import open_one

session_commands = AppGroup("session", help="Look after the stored sessions.")


def _store() -> Store:
    store: Store = current_app.extensions["sessionplus"].store
    return store


@session_commands.command("init")
def init() -> None:
    """Make the place for the sessions, such as a table. Harmless if it is there."""
    stores = having(_store(), Preparable)
    if not stores:
        click.echo("This store needs no preparation.")
        return
    with _PlainErrors():
        for store in stores:
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
    stores = having(_store(), Purgeable)
    if not stores:
        click.echo("This store forgets expired sessions by itself.")
        return
    with _PlainErrors():
        total = sum(store.count_expired() for store in stores)
        if dry_run:
            click.echo(f"{total} expired sessions would be removed.")
            return
        removed = 0
        with click.progressbar(length=total, label="Purging") as bar:
            for store in stores:
                for count in purge_expired(store, batch):
                    removed += count
                    bar.update(count)
    click.echo(f"{removed} expired sessions removed.")


@session_commands.command("migrate")
@click.argument("former", metavar="FROM")
@click.argument("new", metavar="TO")
def migrate(former: str, new: str) -> None:
    r"""Carry all sessions from one store to another. Nobody is signed out.

    FROM and TO are URLs as in SESSION_STORE. It may be stopped and run again, and the
    app may serve meanwhile, with SESSION_STORE set to TO and SESSION_STORE_FROM to FROM.

    \b
    flask session migrate sqlite:///sessions.sqlite3 redis://127.0.0.1/0
    """
    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    settings, place = app.extensions["sessionplus"].settings, place_of(app, app.config)
    with _PlainErrors():
        source = open_one("FROM", former, settings, place)
        target = open_one("TO", new, settings, place)
        for store in having(target, Preparable):
            store.prepare()
        carried = damaged = 0
        with click.progressbar(length=browsable_part(source).count(), label="Carrying over") as bar:
            for step in migrate_sessions(source, target):
                carried += step.carried
                damaged += step.damaged
                bar.update(step.seen)
        source.close()
        target.close()
    click.echo(f"{carried} sessions carried over.")
    if damaged:
        click.echo(f"{damaged} cannot be read, and were left where they are.", err=True)


@session_commands.command("parameters")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def parameters(as_json: bool) -> None:
    """Show the typed parameters of this app's sessions."""
    settings = current_app.extensions["sessionplus"].settings
    rows = describe(Schema(settings.parameters, settings.unknown_parameters))
    if as_json:
        click.echo(json.dumps([asdict(row) for row in rows], indent=2))
    elif not rows:
        click.echo("This app has no parameters: see SESSION_PARAMETERS.")
    else:
        for line in _aligned(rows):
            click.echo(line)


def _aligned(rows: list[Row]) -> list[str]:
    heads = ("NAME", "TYPE", "DEFAULT", "SCOPE", "DOC")
    lines = [heads] + [
        (row.name, row.type, "-" if row.default is None else str(row.default), row.scope, row.doc)
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]


class _PlainErrors:
    """Show our errors as a line, not as a traceback."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, SessionPlusError):
            raise click.ClickException(str(error)) from error
