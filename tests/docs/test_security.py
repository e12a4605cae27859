"""security: each promise names a test, and the test is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text()


def _named() -> Iterator[tuple[str, str]]:
    """Yield each test that the page names: after its file's name stands its own."""
    file = ""
    for word in re.findall(r"`([\w/]+\.py|test_\w+)`", PAGE):
        if word.endswith(".py"):
            file = word
        else:
            yield file, word


NAMED = sorted(set(_named()))

#: The requirements of chapter 7 of ASVS 5.0, and the level from which each counts.
CHAPTER_7 = {
    **{"7.1.1": "L2", "7.1.2": "L2", "7.1.3": "L2"},
    **{"7.2.1": "L1", "7.2.2": "L1", "7.2.3": "L1", "7.2.4": "L1"},
    **{"7.3.1": "L2", "7.3.2": "L2"},
    **{"7.4.1": "L1", "7.4.2": "L1", "7.4.3": "L2", "7.4.4": "L2", "7.4.5": "L2"},
    **{"7.5.1": "L2", "7.5.2": "L2", "7.5.3": "L3"},
    **{"7.6.1": "L2", "7.6.2": "L2"},
}


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_each_test_that_is_named_exists(file: str, test: str) -> None:
    """Who looks for the proof finds it."""
    tree = ast.parse((ROOT / "tests" / file).read_text())

    assert test in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_requirement_of_the_chapter_has_its_row() -> None:
    """All 19, in order, each with its level and at least one test."""
    rows = re.findall(r"^\| \*\*(7\.\d\.\d)\*\* \((L\d)\) .+ \| (.+) \| (.+) \|$", PAGE, re.M)

    assert [(number, level) for number, level, _, _ in rows] == list(CHAPTER_7.items())
    assert [number for number, _, _, shown in rows if "`test_" not in shown] == []


def test_each_threat_has_its_test() -> None:
    """No row of the table of threats only claims something."""
    [_, table] = PAGE.split("## Threats\n")
    rows = [line for line in table.split("\n## ")[0].splitlines() if line.startswith("| ")][1:]

    assert len(rows) >= 10
    assert [row for row in rows if "`test_" not in row] == []
