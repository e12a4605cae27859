"""What docs/settings.md says of each setting's default."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

from flask_sessionplus.bearer.keys import DEFAULT_ALGORITHMS
from flask_sessionplus.config import DEFAULTS, STRICT
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "settings.md").read_text()

#: What the tables say in words.
WORDS = {
    "SQLite in the instance folder": DEFAULTS["SESSION_STORE"],
    "256 random bits": DEFAULTS["SESSION_IDENTIFIER_GENERATOR"],
    "30 days": 30 * 24 * 3_600,
}


def _rows() -> list[tuple[list[str], str]]:
    """Return the names of each row, and what stands under "default"."""
    rows = [line.split("|") for line in PAGE.splitlines() if line.startswith("| `SESSION_")]
    return [(re.findall(r"`(\w+)`", row[1]), row[2].strip()) for row in rows]


def _documented() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for names, cell in _rows():
        texts = re.findall(r"`([^`]+)`", cell) or [cell.replace(",", "")]
        for name, text in zip(names, texts, strict=False):
            assert name not in found, f"{name} is there twice"
            found[name] = WORDS[cell] if cell in WORDS else ast.literal_eval(text)
    return found


def test_every_setting_is_in_a_table() -> None:
    """The tables name each setting once, and none that is not."""
    assert sorted(_documented()) == sorted(DEFAULTS)


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_default_is_as_documented(name: str) -> None:
    """What a table says is what happens if the setting is left out."""
    assert _documented()[name] == DEFAULTS[name]


def test_the_algorithms_allowed_by_default_are_named() -> None:
    """`SESSION_JWT_ALGORITHMS = None` means those that its row says."""
    [cell] = [cell for names, cell in _rows() if "SESSION_JWT_ALGORITHMS" in names]

    assert re.findall(r"`(\w+)`", cell) == ["None", *DEFAULT_ALGORITHMS]


def test_the_strict_profile_is_as_documented() -> None:
    """The paragraph on the strict profile says all that it changes."""
    [_, section] = PAGE.split("## The strict profile")
    told = {
        "SESSION_IDLE_LIFETIME": ("30 minutes idle", 30 * 60),
        "SESSION_ABSOLUTE_LIFETIME": ("8 hours absolute", 8 * 3_600),
        "SESSION_PROVISIONAL_LIFETIME": ("30 minutes provisional", 30 * 60),
        "SESSION_MAX_BYTES": ("64 KB", 64 * 1_024),
        "SESSION_NO_STORE": ("no-store", True),
        "SESSION_MAX_PER_USER": ("50 sessions a user", 50),
    }

    text = " ".join(section.split("##")[0].split())
    assert {name: value for name, (_, value) in told.items()} == STRICT
    assert [words for words, _ in told.values() if words not in text] == []
