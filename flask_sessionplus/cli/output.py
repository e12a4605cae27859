"""What commands print: for people, aligned and safe to look at; for programs, JSON."""

from __future__ import annotations

import json
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click

from .. import clock

Row = Sequence[str]

#: A terminal that is narrower shows rows as blocks.
NARROW = 80

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def printable(text: str) -> str:
    r"""Return *text* with all that a terminal would obey, or hide, spelled out, such as ``\x1b``.

    Names, values and user agents come from visitors: CWE-150.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def say(text: str, is_error: bool = False, color: bool | None = None) -> None:
    """Print a line, whatever the terminal's encoding is."""
    stream = sys.stderr if is_error else sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), stream, color=color)


def say_json(data: Any) -> None:
    """Print *data* for programs: in ASCII, so that nothing in it reaches a terminal."""
    click.echo(json.dumps(data, indent=2, allow_nan=False))


def show_table(heads: Row, rows: Sequence[Row]) -> None:
    """Print a table: as rich does on a terminal, if that is installed, else aligned."""
    cells = [[printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        if width() < NARROW:
            _show_blocks(heads, cells)
            return
        try:
            from .richtable import show
        except ImportError:
            pass
        else:
            show(heads, cells)
            return
    for line in aligned([heads, *cells]):
        say(line)


def aligned(rows: Sequence[Row]) -> list[str]:
    """Return *rows* as lines, in columns."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell + " " * (size - _width(cell)) for cell, size in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def width() -> int:
    """Return how many characters a line of the terminal has."""
    return shutil.get_terminal_size().columns


def iso(moment: datetime | None) -> str | None:
    """Return an aware UTC datetime as ISO 8601, such as ``2026-11-21T09:30:00.000Z``."""
    if moment is None:
        return None
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def absolute(moment: datetime | None) -> str:
    """Return an aware UTC datetime for people, such as ``2026-11-21 09:30:00 UTC``."""
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def relative(moment: datetime | None) -> str:
    """Return how far off *moment* is, such as ``3 min ago`` or ``in 30 d``."""
    if moment is None:
        return "-"
    seconds = int((moment - clock.to_datetime(clock.now())).total_seconds())
    amount = abs(seconds)
    size, unit = next((each for each in _UNITS if amount >= each[0]), (1, "s"))
    text = f"{amount // size} {unit}"
    return f"in {text}" if seconds > 0 else f"{text} ago"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as ``1 session`` or ``1,000 sessions``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _show_blocks(heads: Row, rows: Sequence[Row]) -> None:
    size = max(map(len, heads))
    for number, row in enumerate(rows):
        if number:
            say("")
        for head, cell in zip(heads, row, strict=True):
            say(f"{head.ljust(size)}  {cell}")


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(map(_cells, text))


def _cells(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
