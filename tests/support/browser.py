"""The browser that tests drive, and how it is started."""

from __future__ import annotations

import os
from importlib.util import find_spec

from tests.support.missing import missing

_PACKAGES = ("playwright", "axe_playwright_python")

CHROMIUM = "/usr/bin/chromium"
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def need_browser() -> None:
    """End the test if there is no browser, or nothing to drive it."""
    if any(find_spec(name) is None for name in _PACKAGES):
        missing("the Python package playwright or axe-playwright-python is not installed")
    if not os.access(CHROMIUM, os.X_OK):
        missing(f"Chromium: {CHROMIUM} is not installed")
