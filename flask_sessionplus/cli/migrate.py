"""``flask session migrate``."""

from __future__ import annotations

from collections.abc import Iterator

import click
from flask.cli import with_appcontext

from ..importing import Intake
from ..migrating import browsable_part, check_source, countable_parts, fetch_all
from ..migrating import migrate as migrate_sessions
from ..places import place_of
from ..steps import Step
from ..stores.base import Preparable, Store, having
from ..stores.moving import MovingStore
from ..stores.opening import open_one
from .group import PlainErrors, json_option, our_store, ours, this_app
from .output import counted, say, say_json
from .progress import progress

_FLASK_SESSION = "flask-session"


@click.command("migrate")
@click.argument("former", metavar="[FROM", required=False)
@click.argument("new", metavar="TO]", required=False)
@click.option(
    "--from",
    "interface",
    type=click.Choice([_FLASK_SESSION]),
    help="Take in what is left in the place of Flask-Session, from which its settings still tell.",
)
@json_option
@with_appcontext
def migrate(former: str | None, new: str | None, interface: str | None, as_json: bool) -> None:
    """Carry all sessions from one store to another. Nobody is signed out.

    FROM and TO are URLs as in SESSION_STORE; without them it is from SESSION_STORE_FROM to
    SESSION_STORE: passwords in URLs can be seen by others on this machine. It may be stopped and
    run again, and the app may serve meanwhile, if it has those two settings.

    With --from flask-session those of Flask-Session are carried into the app's store. The app
    uses flask_sessionplus.compat then, and may serve meanwhile.

    \b
    Examples:
      flask session migrate
      flask session migrate sqlite:///sessions.sqlite3 redis://127.0.0.1/0
      flask session migrate --from flask-session
    """  # noqa: D301
    if interface is not None:
        if former is not None:
            raise click.UsageError("Give FROM and TO, or --from: not both.")
        total = _fetch()
    elif former is None:
        total = _move_as_set()
    elif new is None:
        raise click.UsageError("Give FROM and TO, or neither, or --from flask-session.")
    else:
        total = _move_named(former, new)
    if as_json:
        say_json({"seen": total.seen, "carried": total.done, "damaged": total.damaged})
    else:
        say(f"{counted(total.done, 'session')} carried over.")
    if total.damaged:
        say(
            f"{counted(total.damaged, 'session')} left in place, for they cannot be read.",
            is_error=True,
        )


def _fetch() -> Step:
    intake: Intake | None = ours().intake
    if intake is None:
        raise click.ClickException(
            "This app does not say where Flask-Session has kept its sessions. Use"
            " `from flask_sessionplus.compat import Session` with the settings of Flask-Session."
        )
    with PlainErrors():
        total = sum(part.count() for part in countable_parts(intake))
        _prepare(our_store())
        return _follow(fetch_all(intake), total)


def _move_as_set() -> Step:
    store = our_store()
    if not isinstance(store, MovingStore):
        raise click.UsageError(
            "Give FROM and TO, or set SESSION_STORE_FROM, or say --from flask-session."
        )
    with PlainErrors():
        old, new = store.parts
        return _move(old, new, "SESSION_STORE_FROM")


def _move_named(former: str, new: str) -> Step:
    app = this_app()
    settings, place = ours().settings, place_of(app, app.config)
    with PlainErrors():
        source = open_one("FROM", former, settings, place)
        target = open_one("TO", new, settings, place)
        total = _move(source, target, "FROM")
        source.close()
        target.close()
    return total


def _move(source: Store, target: Store, name: str) -> Step:
    """Carry all from *source*, given as *name*, to *target*."""
    # First of all: of a slip of the pen nothing is made anywhere.
    check_source(source, name)
    _prepare(target)
    return _follow(migrate_sessions(source, target), browsable_part(source).count())


def _prepare(store: Store) -> None:
    for part in having(store, Preparable):
        part.prepare()


def _follow(steps: Iterator[Step], expected: int) -> Step:
    total = Step()
    with progress("Carrying over", expected) as tell:
        for step in steps:
            total = total.plus(step)
            tell(step.seen)
    return total
