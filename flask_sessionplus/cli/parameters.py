"""``flask session parameters``."""

from __future__ import annotations

from dataclasses import asdict

import click
from flask.cli import with_appcontext

from ..describing import describe
from ..parameters import Schema
from .group import json_option, ours
from .output import say, say_json, show_table

_HEADS = ("NAME", "TYPE", "DEFAULT", "SCOPE", "DOC")


@click.command("parameters")
@json_option
@with_appcontext
def parameters(as_json: bool) -> None:
    """Show the typed parameters of this app's sessions.

    \b
    Examples:
      flask session parameters
      flask session parameters --json | jq '.[].name'
    """  # noqa: D301
    settings = ours().settings
    rows = describe(Schema(settings.parameters, settings.unknown_parameters))
    if as_json:
        say_json([asdict(row) for row in rows])
    elif not rows:
        say("This app has no parameters: see SESSION_PARAMETERS.")
    else:
        show_table(_HEADS, [(r.name, r.type, _default(r.default), r.scope, r.doc) for r in rows])


def _default(value: object) -> str:
    return "-" if value is None else str(value)
