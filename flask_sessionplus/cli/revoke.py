"""``flask session revoke``."""

from __future__ import annotations

import click
from flask import Flask
from flask.cli import with_appcontext

from .. import directory
from ..overview import count_sessions
from .group import PlainErrors, json_option, this_app
from .handles import TAKES_HANDLE, check_handle
from .output import counted, printable, say, say_json


@click.command(
    "revoke", short_help="End one session, a user's, or all.", context_settings=TAKES_HANDLE
)
@click.argument("handle", callback=check_handle, required=False)
@click.option("--user", metavar="ID", help="All that this user has, tokens and global data too.")
@click.option("--all", "everybody", is_flag=True, help="All sessions, those of visitors too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@with_appcontext
def revoke(handle: str | None, user: str | None, everybody: bool, yes: bool, as_json: bool) -> None:
    """End sessions: they are dead with the next request.

    Exit code 1 if there was none to end.

    \b
    Examples:
      flask session revoke 2wXkTVsGBCzG9oXL5kIYfA
      flask session revoke --user 42
      flask session revoke --all --yes
    """  # noqa: D301
    if [handle is not None, user is not None, everybody].count(True) != 1:
        raise click.UsageError("Name one HANDLE, or --user ID, or --all.")
    with PlainErrors():
        if handle is not None:
            count = int(directory.revoke(this_app(), handle))
        elif user is not None:
            count = _revoke_user(user, yes)
        else:
            count = _revoke_all(yes)
    if as_json:
        say_json({"revoked": count})
    elif count:
        say(f"{counted(count, 'session')} revoked.")
    else:
        say("There was no such session. See `flask session list`.", is_error=True)
    if not count:
        raise click.exceptions.Exit(1)


def _revoke_user(user: str, yes: bool) -> int:
    app = this_app()
    try:
        number = 0 if yes else len(directory.sessions_of(app, user))
        if number:
            _ask(f"End {counted(number, 'session')} of the user {printable(user)}?")
        return directory.revoke_user(app, user, except_current=False)
    except ValueError as error:
        raise click.UsageError(printable(str(error))) from error


def _revoke_all(yes: bool) -> int:
    app = this_app()
    if not yes:
        _ask(f"End all sessions, about {_count(app)}? Everybody is signed out.")
    try:
        return directory.revoke_all(app)
    except KeyboardInterrupt:
        say(f"Stopped; about {_count(app)} left. Run it again to end these.", is_error=True)
        raise


def _count(app: Flask) -> str:
    return counted(sum(count_sessions(app).values()), "session")


def _ask(question: str) -> None:
    # On stderr: what is on stdout may go to a program.
    click.confirm(question, abort=True, err=True)
