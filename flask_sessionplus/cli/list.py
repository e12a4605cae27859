"""``flask session list``."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import click
from flask.cli import with_appcontext

from ..directory import sessions_of
from ..overview import SessionPage, page_of_sessions
from .group import PlainErrors, json_option, this_app
from .output import counted, printable, say, say_json, show_table
from .views import HEADS, as_dict, row

_LIMIT = 50


@click.command("list", short_help="List the stored sessions.")
@click.option("--user", metavar="ID", help="Only what this user has, the one used last first.")
@click.option(
    "--limit",
    default=_LIMIT,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="How many at most.",
)
@click.option("--after", metavar="CURSOR", help="Where the last list has ended: it says so itself.")
@json_option
@with_appcontext
def list_(user: str | None, limit: int, after: str | None, as_json: bool) -> None:
    """List the stored sessions, in the store's own order.

    \b
    Examples:
      flask session list
      flask session list --user 42
      flask session list --limit 1000 --json | jq -r '.sessions[].handle'
    """  # noqa: D301
    if user is not None and after is not None:
        raise click.UsageError("--after goes on with the list of all sessions: leave --user out.")
    page, left = _page(user, limit, after)
    if as_json:
        say_json(
            {
                "sessions": list(map(as_dict, page.sessions)),
                "after": page.after,
                "more": bool(left) or page.after is not None,
                "sealed": page.sealed,
            }
        )
        return
    if page.sessions:
        show_table(HEADS, list(map(row, page.sessions)))
    elif page.after is None:
        say("No sessions.")
    for line in _remarks(page, left, limit):
        # On stderr: it is no session.
        say(line, is_error=True)


def _remarks(page: SessionPage, left: int, limit: int) -> Iterator[str]:
    if page.sealed:
        yield (
            f"{counted(page.sealed, 'record')} left out: sealed with a key that is not in"
            " SESSION_ENCRYPTION_KEYS. See `flask session check`."
        )
    if page.after is not None:
        # With "=", for it may begin as an option does.
        again = f"--limit {limit} --after={shlex.quote(page.after)}"
        yield f"There are more: run it again with {printable(again)}"
    elif left:
        yield f"There are {left:,} more: raise --limit."


def _page(user: str | None, limit: int, after: str | None) -> tuple[SessionPage, int]:
    """Return what is to be listed, and how many of the user's are not."""
    app = this_app()
    with PlainErrors():
        try:
            if user is None:
                return page_of_sessions(app, after, limit), 0
            found = sessions_of(app, user)
            return SessionPage(found[:limit], None), len(found[limit:])
        except ValueError as error:
            raise click.UsageError(printable(str(error))) from error
