"""Whether the app around the sessions is as it should be."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator

from flask import Flask

from ..findings import Finding
from ..interface import SessionPlusInterface


def is_replaced(app: Flask) -> Iterator[Finding]:
    """Find that somebody has put other sessions in the place of ours."""
    found = app.session_interface
    if not isinstance(found, SessionPlusInterface):
        kind = f"{type(found).__module__}.{type(found).__qualname__}"
        yield Finding(
            "error",
            "interface-replaced",
            f"app.session_interface is a {kind}, not ours.",
            "flask.session is kept by that, and nothing that is set or listed here is true of it.",
            "Remove the other extension, or call SessionPlus.init_app() after it.",
        )


def is_debug(app: Flask) -> Iterator[Finding]:
    """Find the debugger, which runs what a visitor types."""
    if app.debug:
        yield Finding(
            "warning",
            "debug",
            "The app is in debug mode.",
            "Whoever sees an error page can run Python there.",
            "Start it without --debug and FLASK_DEBUG, wherever others can reach it.",
        )


def is_testing(app: Flask) -> Iterator[Finding]:
    """Find the mode in which errors are not handled."""
    if app.testing:
        yield Finding(
            "warning",
            "testing",
            "TESTING is True.",
            "Errors go to the server instead of the app's error pages, and extensions leave out"
            " what they check.",
            "Set TESTING in tests only.",
        )


def names_no_browsers(app: Flask) -> Iterator[Finding]:
    """Find that lists of devices show the User-Agent as it is."""
    if importlib.util.find_spec("ua_parser") is None:
        yield Finding(
            "note",
            "ua-parser-missing",
            "The package ua-parser is not installed.",
            "Lists of devices show the beginning of the User-Agent, not a browser's name.",
            "pip install 'Flask-SessionPlus[devices]'",
        )


CHECKS = (is_replaced, is_debug, is_testing, names_no_browsers)
