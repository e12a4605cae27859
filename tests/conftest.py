"""Fixtures for all tests, and the list of what a run had to leave out."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterator

import pytest
from flask import has_app_context, has_request_context
from flask.globals import app_ctx, request_ctx
from hypothesis import settings

from tests.support import servers
from tests.support.timing import TooSlow

# A busy machine is not a bug: no deadline per example.
settings.register_profile("sessionplus", deadline=None, print_blob=True)
settings.register_profile("torture", settings.get_profile("sessionplus"), max_examples=5000)
settings.load_profile("sessionplus")


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Return the URL of a PostgreSQL database; tables in it need a `fresh_name`."""
    with servers.server(servers.POSTGRESQL) as url:
        yield url


@pytest.fixture(scope="session")
def mariadb_url() -> Iterator[str]:
    """Return the URL of a MariaDB database; tables in it need a `fresh_name`."""
    with servers.server(servers.MARIADB) as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Return the URL of a Redis database; keys in it need a `fresh_name` in front."""
    with servers.server(servers.REDIS) as url:
        yield url


@pytest.fixture
def fresh_name() -> str:
    """Return a short identifier that no other test has: for a table, a schema, a prefix."""
    return f"t{secrets.token_hex(6)}"


@pytest.fixture(autouse=True)
def _no_context_leaks() -> Iterator[None]:
    """Fail a test that leaves a Flask context behind, and keep it away from the next one."""
    yield
    leaked = 0
    while has_request_context() or has_app_context():
        context = request_ctx if has_request_context() else app_ctx
        context._get_current_object().pop()
        leaked += 1
    assert leaked == 0, "the test left a Flask context pushed"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let `timed` tests be tried again on a busy machine: for being too slow, and nothing else.

    A lost update that shows once in a hundred runs is a bug, and must not be hidden.
    """
    # The second names every error that is not TooSlow itself, but came while handling it.
    again = pytest.mark.flaky(
        reruns=2, reruns_delay=5, only_rerun=TooSlow.__name__, rerun_except=_NOT_TOO_SLOW
    )
    for item in items:
        if item.get_closest_marker("timed"):
            item.add_marker(again)


_NOT_TOO_SLOW = rf"^(?!{TooSlow.__name__}: )"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name everything that was skipped or tried again: neither must pass for a success."""
    _name_skipped(terminalreporter)
    _name_reruns(terminalreporter)


def _name_reruns(terminalreporter: pytest.TerminalReporter) -> None:
    reports = terminalreporter.stats.get("rerun", [])
    if reports:
        terminalreporter.section("too slow, and tried again")
    for report in reports:
        crash = getattr(report.longrepr, "reprcrash", None)
        terminalreporter.line(f"{report.nodeid}: {crash.message if crash else report.longrepr}")


def _name_skipped(terminalreporter: pytest.TerminalReporter) -> None:
    by_reason: dict[str, list[str]] = defaultdict(list)
    for report in terminalreporter.stats.get("skipped", []):
        longrepr = report.longrepr
        reason = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
        by_reason[reason.removeprefix("Skipped: ")].append(report.nodeid)
    if by_reason:
        terminalreporter.section("skipped, and why")
    for reason, tests in sorted(by_reason.items()):
        terminalreporter.line(f"{reason}:")
        for test in tests:
            terminalreporter.line(f"    {test}")
