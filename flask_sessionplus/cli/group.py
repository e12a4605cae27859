"""The group of commands, and what they all need."""

from __future__ import annotations

from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from ..errors import SessionPlusError
from ..stores.base import Store
from .output import printable

session_commands = AppGroup(
    "session",
    help="Look after the stored sessions.\n\n"
    "Exit codes: 0 all is well; 1 something was found, or there was nothing to do;"
    " 2 wrong usage.",
)

#: For commands whose output programs read.
json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")


def this_app() -> Flask:
    """Return the app that the command is run for."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    return app


def ours() -> Any:
    """Return what the app's ``extensions`` hold of ours."""
    return this_app().extensions["sessionplus"]


def our_store() -> Store:
    """Return the store of the app."""
    store: Store = ours().store
    return store


class PlainErrors:
    """Shows our errors as a line on stderr, not as a traceback: exit code 1."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, SessionPlusError):
            raise click.ClickException(printable(" ".join(str(error).split()))) from error
