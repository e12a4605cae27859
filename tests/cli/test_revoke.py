"""`flask session revoke`: sessions are ended from a shell."""

from __future__ import annotations

import json

import pytest
from flask import session

from tests.cli.commands import HOSTILE, output, run, sign_in


def is_signed_in(visitor):
    """Tell whether a browser still has its session."""
    return visitor.value(lambda: session.user_id is not None)


def test_one(make_site):
    """A handle ends that session, with the next request, and no other; the second time is 1."""
    site = make_site()
    ada, handle = sign_in(site, "ada")
    grace, _ = sign_in(site, "grace")

    assert output(site, "revoke", handle) == "1 session revoked.\n"
    assert not is_signed_in(ada)
    assert is_signed_in(grace)
    again = run(site, "revoke", handle)
    assert (again.exit_code, again.stdout) == (1, "")


def test_all_of_a_user(make_site):
    """`--user` asks, with the number, and ends all that the user has."""
    site = make_site()
    browsers = [sign_in(site, "ada")[0] for _ in range(3)]
    grace, _ = sign_in(site, "grace")
    result = run(site, "revoke", "--user", "ada", input="y\n")

    assert result.exit_code == 0
    assert "End 3 sessions of the user ada?" in result.stderr
    assert result.stdout == "3 sessions revoked.\n"
    assert not any(map(is_signed_in, browsers))
    assert is_signed_in(grace)


def test_everybody(make_site):
    """`--all` asks, and ends those of visitors too."""
    site = make_site()
    ada, _ = sign_in(site, "ada")
    visitor = site.visitor()
    visitor(lambda: session.update(a=1))
    result = run(site, "revoke", "--all", input="y\n")

    assert "about 2 sessions" in result.stderr
    assert result.stdout == "2 sessions revoked.\n"
    assert not is_signed_in(ada)
    assert visitor.value(lambda: session.get("a")) is None


@pytest.mark.parametrize("arguments", [["--user", "ada"], ["--all"]])
@pytest.mark.parametrize("typed", ["n\n", "\n", ""])
def test_who_does_not_say_yes_ends_nothing(make_site, arguments, typed):
    """Without a yes nothing is ended, and the exit code is 1: a script is not taken for a yes."""
    site = make_site()
    ada, _ = sign_in(site, "ada")
    result = run(site, "revoke", *arguments, input=typed)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert is_signed_in(ada)


@pytest.mark.parametrize("arguments", [["--user", "ada"], ["--all"]])
def test_yes(make_site, arguments):
    """With `--yes` nobody is asked."""
    site = make_site()
    ada, _ = sign_in(site, "ada")

    assert json.loads(output(site, "revoke", *arguments, "--yes", "--json")) == {"revoked": 1}
    assert not is_signed_in(ada)


def test_nobody_is_asked_for_nothing(make_site):
    """Of a user without sessions nobody is asked whether to end none."""
    result = run(make_site(), "revoke", "--user", "nobody")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "?" not in result.stderr


def test_all_that_are_in_cookies(make_site):
    """Sessions in cookies are ended by what is said then: another key; nothing else would do."""
    settings = {"SESSION_COOKIE_REVOCATIONS": None, "SECRET_KEY": "a" * 40}
    site = make_site("cookie://", **settings)
    result = run(site, "revoke", "--all", "--yes")

    assert result.exit_code == 1
    assert "Change the key that seals them, SESSION_ENCRYPTION_KEYS" in result.stderr
    assert "SESSION_TABLE" not in result.stderr


def test_who_stops_it_is_told_how_far_it_came(make_site, monkeypatch):
    """Ctrl-C while all are ended says how many are left."""
    site = make_site()
    for number in range(2):
        sign_in(site, number)

    def stop():
        raise KeyboardInterrupt

    monkeypatch.setattr(site.app.extensions["sessionplus"].store, "delete_all", stop)
    result = run(site, "revoke", "--all", "--yes")

    assert result.exit_code == 1
    assert "Stopped; about 2 sessions left." in result.stderr


@pytest.mark.parametrize(
    "arguments", [["--user", "nobody", "--yes"], ["--all", "--yes"], ["A" * 22]]
)
def test_nothing_to_end(make_site, arguments):
    """Where there was nothing to end, the exit code is 1, and JSON says 0."""
    site = make_site()
    result = run(site, "revoke", *arguments, "--json")

    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"revoked": 0}
    assert run(site, "revoke", *arguments).stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--yes"],
        ["A" * 22, "--all"],
        ["A" * 22, "--user", "ada"],
        ["--user", "ada", "--all"],
        ["A" * 22, "B" * 22],
        ["--al"],
        ["--user", "", "--yes"],
    ],
)
def test_wrong_usage(make_site, arguments):
    """It is exit code 2 to say nothing, or two things; nothing is ended."""
    site = make_site()
    ada, _ = sign_in(site, "ada")
    result = run(site, "revoke", *arguments, input="y\n")

    assert result.exit_code == 2
    assert is_signed_in(ada)


def test_a_hostile_name_is_asked_about_in_plain_text(make_site):
    """A user's name with escape sequences in it does not reach the terminal as it is."""
    site = make_site()
    sign_in(site, HOSTILE)
    result = run(site, "revoke", "--user", HOSTILE, input="n\n")

    assert r"of the user \x1b]0;owned\x07[red]x[/red]" in result.stderr
    assert "\x1b" not in result.stderr
