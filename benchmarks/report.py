"""The tables on a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from .figures import Results
from .tables import Table, all_tables

_COLOURS = {"reached": "green", "missed": "red"}


def show(results: Results, machine: dict[str, str], console: Console) -> None:
    """Print everything that was found, and what it means."""
    console.print(" · ".join(f"{name} {value}" for name, value in machine.items()), style="dim")
    tables = all_tables(results)
    for table in tables:
        console.print(_rich(table))
    for name, reason in results.skipped.items():
        console.print(f"not measured: {name}: {reason}", style="yellow")


def _rich(table: Table) -> RichTable:
    rich = RichTable(title=table.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    rich.add_column(table.heads[0], no_wrap=True)
    for head in table.heads[1:]:
        rich.add_column(head, justify="right", no_wrap=len(table.heads) < 8)
    for name, *cells in table.rows:
        style = "bold" if name.startswith("sessionplus") else ""
        rich.add_row(name, *map(_coloured, cells), style=style)
    return rich


def _coloured(cell: str) -> str:
    colour = _COLOURS.get(cell.partition(" ")[0].rstrip(","))
    return f"[{colour}]{cell}[/]" if colour else cell
