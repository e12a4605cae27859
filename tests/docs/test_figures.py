"""The figures of the README are those of docs/performance.md."""

from __future__ import annotations

import re

import pytest

from tests.support.processes import ROOT

README = (ROOT / "README.md").read_text()
PERFORMANCE = (ROOT / "docs" / "performance.md").read_text()

#: What each row of the README is called there.
NAMES = {
    "Flask, no session": "bare",
    "Flask's signed cookie": "flask:cookie",
    "SQLite": "sessionplus:sqlite",
    "Redis": "sessionplus:redis",
    "Flask-Session, Redis": "flask-session:redis",
    "PostgreSQL": "sessionplus:postgresql",
    "Flask-Session, PostgreSQL": "flask-session:postgresql",
}


def _row(text: str, name: str) -> list[str]:
    """Return the cells behind a name, without what makes them bold."""
    found = re.search(rf"^\| (?:\*\*)?{re.escape(name)}(?:\*\*)? \|(.*)\|$", text, re.M)
    assert found is not None, name
    return [cell.strip(" *") for cell in found[1].split("|")]


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_has_the_same_figures(name: str) -> None:
    """Microseconds, and what was lost."""
    times, lost = PERFORMANCE.split("**Lost of 400 requests")
    *found, losses = _row(README, name)

    assert found == _row(times, NAMES[name])
    assert not losses or losses == _row(lost, NAMES[name])[0]
