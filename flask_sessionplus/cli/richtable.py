"""Tables by rich, the extra ``cli``. Nothing else imports it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

# Such a column keeps its width; the others are folded if the terminal is too narrow.
_SHORT = 15


def show(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table on the terminal.

    :param rows: of printable text, which is shown as it is: rich's markup means nothing in it.
    """
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    encoding = console.encoding
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    shown = [
        [Text(cell.encode(encoding, "backslashreplace").decode(encoding)) for cell in row]
        for row in rows
    ]
    for number, head in enumerate(heads):
        # The first column is what is copied from here to the next command.
        is_short = all(row[number].cell_len <= _SHORT for row in shown)
        table.add_column(Text(head), no_wrap=is_short or not number, overflow="fold")
    for row in shown:
        table.add_row(*row)
    console.print(table)
