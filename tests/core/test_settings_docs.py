"""The settings' page: its tables are made of the comments above the defaults in the code."""

from __future__ import annotations

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType

import pytest

from flask_sessionplus.bearer.keys import DEFAULT_ALGORITHMS
from flask_sessionplus.config import DEFAULTS, STRICT
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "settings.md").read_text()


def _load() -> ModuleType:
    """Return what the documentation reads the code with."""
    spec = spec_from_file_location("explained", ROOT / "docs" / "_ext" / "explained.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules["explained"] = module  # dataclasses look for it there
    spec.loader.exec_module(module)
    return module


reading = _load()


@pytest.mark.parametrize("name", DEFAULTS)
def test_every_setting_says_what_it_is(name: str) -> None:
    """Above a default stands what may be given, and what it does."""
    found = reading.explained().get(name)

    assert found is not None, (
        f"Write above the default of {name}, in flask_sessionplus/config*.py:"
        " `#: what may be given: what it does.`"
    )
    assert found.allowed, f"The comment of {name} has to begin with what may be given and a colon"
    assert found.text.endswith("."), f"The comment of {name} has to end with a full stop"


def test_every_setting_is_in_a_table() -> None:
    """The page names each setting once, and none that is not."""
    tables = re.findall(r"^\.\. settings::\n\n((?:   \w+\n)+)", PAGE, re.M)
    named = "".join(tables).split()

    missing, unknown = set(DEFAULTS) - set(named), set(named) - set(DEFAULTS)
    assert not missing, f"Add a line to one of the tables of docs/settings.md: {missing}"
    assert not unknown, f"Take it out of docs/settings.md: {unknown}"
    assert len(named) == len(set(named))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SESSION_STORE", "``None``"),
        ("SESSION_NO_STORE", "``False``"),
        ("SESSION_TABLE", '``"flask_sessions"``'),
        ("SESSION_TOUCH_INTERVAL", "``60``"),
        ("SESSION_PROVISIONAL_LIFETIME", "``3600`` (1 hour)"),
        ("SESSION_FRESH_LIFETIME", "``900`` (15 minutes)"),
        ("SESSION_JWT_REFRESH_LIFETIME", "``2_592_000`` (30 days)"),
        ("SESSION_MAX_BYTES", "``16_000_000``"),
        ("SESSION_JWT_TYPES", '``("at+jwt",)``'),
        ("SESSION_IDENTIFIER_GENERATOR", "built in"),
    ],
)
def test_defaults_are_written_as_people_write_them(name: str, words: str) -> None:
    """What the page shows can be pasted, and large numbers can be read."""
    assert reading.in_words(reading.explained()[name]) == words


def test_the_algorithms_allowed_by_default_are_named() -> None:
    """`SESSION_JWT_ALGORITHMS = None` means those that its comment says."""
    text = reading.explained()["SESSION_JWT_ALGORITHMS"].text

    assert re.findall(r"``(\w+)``", text) == [*DEFAULT_ALGORITHMS]


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
