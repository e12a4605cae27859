"""Handles as arguments: they may begin with a hyphen, as options do."""

from __future__ import annotations

import re

import click

_is_handle = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII).fullmatch

#: For commands that take a handle: what is no option of theirs may be one.
TAKES_HANDLE = {"ignore_unknown_options": True}


def check_handle(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    """Return *value*, what was given as a handle; refuse an option that there is not."""
    if value is not None and value.startswith("-") and not _is_handle(value):
        raise click.NoSuchOption(value, ctx=context)
    return value
