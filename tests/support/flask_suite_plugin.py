"""A pytest plugin for Flask's own tests: puts our sessions into every app, reports each outcome.

`flask_suite.py` loads it into a process of its own, and says in `SESSIONPLUS_SUITE` which store
to use (null runs the suite as Flask ships it) and where to write the report.
"""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import Any

import pytest
from _pytest import compat, monkeypatch
from flask import Flask

# Tests of the signed cookie itself, not of what an app sees: each with the reason.
ABOUT_THE_SIGNED_COOKIE = {
    "test_basic.py::test_missing_session": (
        "says that there are no sessions without a SECRET_KEY; ours sign nothing and need none"
    ),
    "test_basic.py::test_session_secret_key_fallbacks": (
        "says which keys a signature may be made with; our cookie has no signature"
    ),
    "test_testing.py::test_session_transactions_no_null_sessions": (
        "says that there are no sessions without a SECRET_KEY; ours sign nothing and need none"
    ),
    "test_basic.py::test_session_refresh_vary": (
        "wants a permanent session's cookie set again by requests that never look at the session;"
        " what is in the cookie is known for nothing, but ours would have to be loaded"
    ),
}


def pytest_configure(config: pytest.Config) -> None:
    """Prepare one run of the suite."""
    options = json.loads(os.environ["SESSIONPLUS_SUITE"])
    config.pluginmanager.register(_Report(Path(options["report"])))
    if options["store"] is not None:
        config.pluginmanager.register(_LeaveOut())
        _put_into_every_app(options["store"])
    # Flask up to 3.1.3 imports this sentinel, which pytest 9.2 keeps somewhere else.
    if not hasattr(monkeypatch, "notset"):
        monkeypatch.notset = compat.NOTSET  # type: ignore[attr-defined]


def _put_into_every_app(store: str) -> None:
    # Not at the top: the bare run must not even import us.
    from flask_sessionplus import SessionPlus

    construct = Flask.__init__
    default = Flask.session_interface

    @functools.wraps(construct)
    def construct_with_sessions(self: Flask, *args: Any, **kwargs: Any) -> None:
        construct(self, *args, **kwargs)
        # An app class that brings an interface of its own is testing that one.
        if self.session_interface is default:
            SessionPlus(self, store=store)

    Flask.__init__ = construct_with_sessions  # type: ignore[method-assign]


class _LeaveOut:
    """Deselects what is about the implementation that we replace."""

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        left_out = [item for item in items if _name(item) in ABOUT_THE_SIGNED_COOKIE]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


class _Report:
    """Writes the outcome of each test as JSON."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # Set-up and tear-down count only when they go wrong.
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[_name(report)] = report.outcome

    def pytest_sessionfinish(self) -> None:
        self.path.write_text(json.dumps(self.outcomes))


def _name(test: pytest.Item | pytest.TestReport) -> str:
    return test.nodeid.removeprefix("tests/")
