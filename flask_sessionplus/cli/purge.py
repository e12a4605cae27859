"""``flask session purge``."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from ..purging import BATCH, purge_expired
from ..stores.base import Purgeable, having
from .group import PlainErrors, json_option, our_store
from .output import counted, say, say_json
from .progress import progress


@click.command("purge")
@click.option(
    "--batch",
    default=BATCH,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="Sessions removed at a time; others get their turn in between.",
)
@click.option("--dry-run", is_flag=True, help="Only count them.")
@json_option
@with_appcontext
def purge(batch: int, dry_run: bool, as_json: bool) -> None:
    """Remove expired sessions. Safe while the app is in use.

    \b
    Examples:
      flask session purge
      flask session purge --dry-run
      17 * * * *  flask --app shop session purge      # in a crontab
    """  # noqa: D301
    stores = having(our_store(), Purgeable)
    with PlainErrors():
        expired = sum(store.count_expired() for store in stores)
        removed = 0 if dry_run else _purge(stores, expired, batch)
    if as_json:
        say_json({"expired": expired, "removed": removed})
    elif not stores:
        say("This store forgets expired sessions by itself.")
    elif dry_run:
        say(f"{counted(expired, 'expired session')} would be removed.")
    else:
        say(f"{counted(removed, 'expired session')} removed.")


def _purge(stores: list[Purgeable], expired: int, batch: int) -> int:
    removed = 0
    with progress("Purging", expired) as advance:
        for store in stores:
            for count in purge_expired(store, batch):
                removed += count
                advance(count)
    return removed
