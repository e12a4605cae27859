"""The tables in Markdown, for the README and the documentation."""

from __future__ import annotations

from .figures import Results
from .tables import Table, all_tables

_HEAD = (
    "Made by `make bench`. Everybody is measured in turns in one run; a ratio is the median of the"
    " ratios of its rounds, in brackets their middle half. *Floor*: the same views with the least"
    " store work, by hand, with the raw driver."
)


def text(results: Results, machine: dict[str, str]) -> str:
    """Everything that was found, with the machine named."""
    facts = " · ".join(f"{name} {value}" for name, value in machine.items())
    parts = [_HEAD, f"Measured on: {facts}.", *map(_section, all_tables(results))]
    parts += [f"Not measured: {name}: {reason}" for name, reason in results.skipped.items()]
    return "\n\n".join(parts) + "\n"


def _section(table: Table) -> str:
    lines = [
        f"**{table.title}**",
        "",
        _row(table.heads),
        "|---|" + "---:|" * (len(table.heads) - 1),
        *(_row(_marked(row)) for row in table.rows),
    ]
    return "\n".join(lines)


def _marked(row: list[str]) -> list[str]:
    """Ours in bold."""
    name, *cells = row
    return [f"**{name}**", *cells] if name.startswith("sessionplus:") else row


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
