"""``flask session keys``: the keys that seal what is stored."""

from __future__ import annotations

import secrets

import click
from flask.cli import with_appcontext

from ..migrating import browsable_part
from ..rotating import rotate, sealed_stores
from ..steps import Step
from ..stores.sealed import SealedStore
from .group import PlainErrors, json_option, our_store
from .output import counted, say, say_json
from .progress import progress

# In bytes: AES-256's own, with which SESSION_ENCRYPTION_KEYS is content.
_SIZE = 32


@click.group("keys")
def keys() -> None:
    """Make and change the keys of SESSION_ENCRYPTION_KEYS."""


@keys.command("new")
def new() -> None:
    """Print a new key, and keep nothing of it.

    Put it behind the others in SESSION_ENCRYPTION_KEYS and restart all processes: now all can
    open what it seals. Then put it in front, restart again, and run `flask session keys rotate`;
    after that the older ones can be taken out. Put in front at first, it would sign out
    visitors whom a process meets that does not have it yet.

    \b
    Examples:
      flask session keys new
    """  # noqa: D301
    say(secrets.token_urlsafe(_SIZE))


@keys.command("rotate", short_help="Seal all that is stored with the newest key.")
@click.option("--dry-run", is_flag=True, help="Only count what older keys have sealed.")
@json_option
@with_appcontext
def rotate_(dry_run: bool, as_json: bool) -> None:
    """Seal all that is stored with the newest key of SESSION_ENCRYPTION_KEYS.

    Safe while the app serves, if all its processes have that key in front already. It may be
    stopped and run again. When it has ended well, the older keys can be taken out.

    \b
    Examples:
      flask session keys rotate --dry-run
      flask session keys rotate
    """  # noqa: D301
    with PlainErrors():
        stores = sealed_stores(our_store())
        total = _rotate(stores, dry_run)
    if as_json:
        say_json(
            {
                "seen": total.seen,
                "older": total.done,
                "resealed": 0 if dry_run else total.done,
                "damaged": total.damaged,
            }
        )
    elif dry_run:
        say(f"{counted(total.done, 'record')} of {total.seen:,} sealed with an older key.")
    else:
        say(f"{counted(total.done, 'record')} of {total.seen:,} sealed anew with the newest key.")
    if total.damaged:
        say(
            f"{counted(total.damaged, 'record')} cannot be opened, and stay as they are: another"
            " key has sealed them, or they are damaged. Put that key back, or let them expire.",
            is_error=True,
        )
        raise click.exceptions.Exit(1)


def _rotate(stores: list[SealedStore], dry_run: bool) -> Step:
    expected = sum(browsable_part(store).count() for store in stores)
    total = Step()
    with progress("Counting" if dry_run else "Sealing", expected) as advance:
        for store in stores:
            for step in rotate(store, dry_run):
                total = total.plus(step)
                advance(step.seen)
    return total
