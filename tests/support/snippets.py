"""The Python in the documentation, to be run as it is written."""

from __future__ import annotations

import re
from pathlib import Path
from types import CodeType

from tests.support.processes import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_find_blocks = re.compile(r"^```python\n(.*?)^```$", re.M | re.S).finditer


def snippets() -> dict[str, str]:
    """Return all blocks of Python, each by its page and number there, such as "tokens 1"."""
    found: dict[str, str] = {}
    for page in PAGES:
        for number, block in enumerate(_find_blocks(page.read_text()), 1):
            found[f"{_name(page)} {number}"] = block[1]
    return found


def compiled(name: str) -> CodeType:
    """Return a block, compiled: a traceback shows its name."""
    # Not with this module's own `from __future__`.
    return compile(snippets()[name], f"<{name}>", "exec", dont_inherit=True)


def _name(page: Path) -> str:
    folder = ROOT / "docs" if page.name != "README.md" else ROOT
    return str(page.relative_to(folder).with_suffix(""))
