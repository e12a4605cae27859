"""``flask session init``."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from ..stores.base import Preparable, having
from .group import PlainErrors, our_store
from .output import say


@click.command("init")
@click.option("--sql", is_flag=True, help="Only print the statements, and do nothing.")
@with_appcontext
def init(sql: bool) -> None:
    """Make the place for the sessions, such as a table. Harmless if it is there.

    \b
    Examples:
      flask session init
      flask session init --sql | psql shop
    """  # noqa: D301
    stores = having(our_store(), Preparable)
    with PlainErrors():
        if sql:
            _print_scripts(stores)
            return
        for store in stores:
            store.prepare()
    say("The store is ready." if stores else "This store needs no preparation.")


def _print_scripts(stores: list[Preparable]) -> None:
    scripts = [script for store in stores if (script := store.script())]
    if not scripts:
        # What is on stdout goes to a database.
        say("This store has no tables.", is_error=True)
        raise click.exceptions.Exit(1)
    say("\n".join(scripts).rstrip())
