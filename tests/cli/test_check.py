"""`flask session check`: what the doctor says, and how."""

from __future__ import annotations

import json
import secrets

import pytest

from examples.shop.app import create_app
from flask_sessionplus.stores.sql import SQLStore
from tests.cli.commands import as_json, output, run
from tests.doctor.patients import healthy, loose
from tests.web.visiting import Site


@pytest.fixture
def ill(tmp_path):
    """Return an app with an error, a warning and a note."""
    return Site(
        loose(
            tmp_path,
            SESSION_COOKIE_NAME="session",
            SESSION_COOKIE_HTTPONLY=False,
            SESSION_COOKIE_SAMESITE=None,
        )
    )


def test_a_healthy_app(tmp_path):
    """Where nothing is found the exit code is 0, and it is said."""
    site = Site(healthy(tmp_path))

    assert output(site, "check") == "Nothing found.\n"
    assert as_json(site, "check") == {"findings": [], "errors": 0, "warnings": 0, "notes": 0}


def test_findings(ill):
    """Each finding is told with why it matters and what to do, the worst first; exit code 1."""
    result = run(ill, "check")
    lines = result.stdout.splitlines()

    assert result.exit_code == 1
    assert lines[0] == "error SESSION_COOKIE_HTTPONLY is False. [cookie-not-httponly]"
    assert lines[1].startswith("  Why: A script ")
    assert lines[2].startswith("  Do:  Leave SESSION_COOKIE_HTTPONLY out")
    assert [line.split()[0] for line in lines[::4]] == ["error", "warning", "note", "1"]
    assert lines[-1] == "1 error, 1 warning, 1 note."


def test_json(ill):
    """Programs get the same, and the numbers."""
    result = run(ill, "check", "--json")
    found = json.loads(result.stdout)

    assert result.exit_code == 1
    assert (found["errors"], found["warnings"], found["notes"]) == (1, 1, 1)
    assert [list(finding) for finding in found["findings"]] == [
        ["severity", "code", "found", "why", "remedy"]
    ] * 3


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 1),
        (["--ignore", "cookie-not-httponly"], 1),
        (["--ignore", "cookie-not-httponly", "--fail-level", "error"], 0),
        (["--ignore", "cookie-not-httponly", "--ignore", "cookie-samesite-missing"], 0),
        (
            [
                *("--ignore", "cookie-not-httponly", "--ignore", "cookie-samesite-missing"),
                *("--fail-level", "note"),
            ],
            1,
        ),
        (["--fail-level", "never"], 2),
    ],
)
def test_what_is_a_failure(ill, arguments, code):
    """Errors and warnings are, unless they are ignored or something else is asked for."""
    assert run(ill, "check", *arguments).exit_code == code


def test_it_shows_no_secret(tmp_path):
    """No key, no password of a URL is in what it prints."""
    key = "changeme" * 5
    site = Site(
        loose(
            tmp_path,
            SECRET_KEY=key,
            SESSION_ENCRYPTION_KEYS=[key],
            SESSION_STORE="postgresql+psycopg://ada:hunter2@127.0.0.1:1/x",
        )
    )
    result = run(site, "check")

    assert "store-unavailable" in result.stdout
    assert "hunter2" not in result.stdout
    assert "changeme" not in result.stdout


@pytest.mark.e2e
def test_the_shop(postgresql_url, fresh_name):
    """In the shop with the strict profile, on PostgreSQL, nothing is found."""
    store = SQLStore(postgresql_url, table=fresh_name)
    store.prepare()
    try:
        app = create_app(
            {
                "SECRET_KEY": secrets.token_hex(),
                "SESSION_PROFILE": "strict",
                "SESSION_STORE": store,
            }
        )
        assert output(Site(app), "check") == "Nothing found.\n"
    finally:
        for table in (store.table, store.values):
            table.drop(store.engine)
        store.close()
