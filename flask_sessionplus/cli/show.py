"""``flask session show``."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from ..overview import SessionDetails, details_of
from .group import PlainErrors, json_option, this_app
from .handles import TAKES_HANDLE, check_handle
from .output import aligned, say, say_json, show_table
from .views import details_as_dict, facts, shown


@click.command("show", short_help="Show one session.", context_settings=TAKES_HANDLE)
@click.argument("handle", callback=check_handle)
@click.option("--values", is_flag=True, help="Show the values too: they may be private.")
@json_option
@with_appcontext
def show(handle: str, values: bool, as_json: bool) -> None:
    """Show one session: whose it is, since when, its keys with their types and sizes.

    HANDLE is its public name, as `flask session list` prints it.

    \b
    Examples:
      flask session show 2wXkTVsGBCzG9oXL5kIYfA
      flask session show 2wXkTVsGBCzG9oXL5kIYfA --values --json
    """  # noqa: D301
    with PlainErrors():
        details = details_of(this_app(), handle, with_values=values)
    if details is None:
        raise click.ClickException(f"There is no session {handle!a}. See `flask session list`.")
    if as_json:
        say_json(details_as_dict(details, values))
        return
    for line in aligned(facts(details)):
        say(line)
    say("")
    _show_entries(details, values)


def _show_entries(details: SessionDetails, values: bool) -> None:
    if not details.entries:
        say("It has no keys.")
        return
    heads = ("KEY", "TYPE", "BYTES", *(["VALUE"] if values else []))
    rows = [
        (each.name, each.type, f"{each.size:,}", *([shown(each.value)] if values else []))
        for each in details.entries
    ]
    show_table(heads, rows)
