"""`flask session list`, `show` and `stats`: what there is."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from flask import session

from tests.cli.commands import HOSTILE, as_json, output, run, sign_in

FIELDS = [
    *("handle", "kind", "user", "created_at", "last_seen_at", "expires_at", "signed_in_at"),
    *("address", "user_agent", "browser"),
]


def test_sessions_are_rows(make_site):
    """Each session is a line, with its handle first and who has it, in columns."""
    site = make_site()
    _, handle = sign_in(site, "ada")
    sign_in(site, 7)

    lines = output(site, "list").splitlines()

    assert lines[0].split() == ["HANDLE", "KIND", "USER", "BROWSER", "ADDRESS", "LAST", "SEEN"]
    (line,) = [line for line in lines if line.startswith(handle)]
    assert "  ada   Firefox 128 on Linux  127.0.0.1  " in line
    assert line.endswith(" s ago")
    assert len(lines) == 3


def test_no_sessions(make_site):
    """An empty store is told in words, and as an empty list."""
    site = make_site()

    assert output(site, "list") == "No sessions.\n"
    assert as_json(site, "list") == {"sessions": [], "after": None, "more": False, "sealed": 0}


def test_the_json_of_a_session(clock, make_site):
    """Programs get names that stay the same, times in UTC, and null for what is not known."""
    site = make_site()
    now = datetime.fromtimestamp(clock.now() / 1000, timezone.utc)
    _, handle = sign_in(site, "ada", agent="thing 1")
    site.visitor()(lambda: session.update(a=1))

    rows = as_json(site, "list")["sessions"]

    assert [list(row) for row in rows] == [FIELDS, FIELDS]
    (ada,) = [row for row in rows if row["handle"] == handle]
    stamp = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert ada["created_at"] == ada["last_seen_at"] == ada["signed_in_at"] == stamp
    assert (ada["kind"], ada["user"], ada["address"]) == ("browser", "ada", "127.0.0.1")
    assert ada["user_agent"] == ada["browser"] == "thing 1"
    (nobody,) = [row for row in rows if row["handle"] != handle]
    assert [nobody[name] for name in ("user", "signed_in_at", "address", "browser")] == [None] * 4


def test_pages(make_site):
    """A list that is not whole says on stderr how it goes on, and all of it is met once."""
    site = make_site()
    handles = {sign_in(site, number)[1] for number in range(5)}
    found, again = [], []
    while True:
        result = run(site, "list", "--limit", "2", *again, "--json")
        page = json.loads(result.stdout)
        found += [row["handle"] for row in page["sessions"]]
        if page["after"] is None:
            break
        again = [f"--after={page['after']}"]
    result = run(site, "list", "--limit", "2")

    assert len(found) == 5
    assert set(found) == handles
    assert "run it again with --limit 2 --after=" in result.stderr
    assert "--after" not in result.stdout


def test_of_one_user(make_site):
    """`--user` lists that user's, whatever way the id is spelled."""
    site = make_site()
    _, handle = sign_in(site, 7)
    sign_in(site, 8)

    assert [row["handle"] for row in as_json(site, "list", "--user", "7")["sessions"]] == [handle]
    assert output(site, "list", "--user", "9") == "No sessions.\n"


def test_more_of_one_user(make_site):
    """A list of one user's that is cut off says so, to people and to programs."""
    site = make_site()
    for _ in range(3):
        sign_in(site, 7)

    cut = as_json(site, "list", "--user", "7", "--limit", "2")
    assert (len(cut["sessions"]), cut["after"], cut["more"]) == (2, None, True)
    assert "There are 1 more" in run(site, "list", "--user", "7", "--limit", "2").stderr
    assert as_json(site, "list", "--user", "7", "--limit", "3")["more"] is False


def test_sessions_that_do_not_open(tmp_path, make_site):
    """What was sealed with a key that is not there any more is told of, and how much it is."""
    url, keys = f"sqlite:///{tmp_path}/s.sqlite3", ["k" * 40, "l" * 40]
    sign_in(make_site(url, SESSION_ENCRYPTION_KEYS=keys[:1]), 1)
    site = make_site(url, SESSION_ENCRYPTION_KEYS=keys[1:])
    result = run(site, "list")

    assert result.stdout == "No sessions.\n"
    assert "1 record left out: sealed with a key that is not in" in result.stderr
    assert as_json(site, "list")["sealed"] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["list", "--user", "7", "--after", "x"],
        ["list", "--user", ""],
        ["list", "--after", "!"],
        ["list", "--limit", "0"],
        ["show"],
        ["show", "--value", "x"],
        ["stats", "x"],
    ],
)
def test_wrong_usage(make_site, arguments):
    """What makes no sense is exit code 2, and one line that says why."""
    result = run(make_site(), *arguments)

    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert result.stdout == ""


def test_one_session(make_site):
    """`show` tells whose a session is, since when, its keys with types and sizes; no values."""
    site = make_site()
    _, handle = sign_in(site, "ada", cart=["secret tea"], visits=3)
    shown = output(site, "show", handle)
    found = as_json(site, "show", handle)

    assert "User        ada\n" in shown
    assert [line.split() for line in shown.splitlines()[-3:]] == [
        ["KEY", "TYPE", "BYTES"],
        ["cart", "list", "12"],
        ["visits", "int", "1"],
    ]
    assert list(found) == [*FIELDS, "bytes", "messages", "entries", "history"]
    assert found["entries"][1] == {"name": "visits", "type": "int", "bytes": 1}
    assert "secret tea" not in shown + json.dumps(found)


def test_values(make_site):
    """`--values` shows values as well; JSON has what it can have, and Python's words for more."""
    site = make_site()
    data = {"a": [1, {"b": None}], "c": {1, 2}, "d": {(1, 2): 3}, "e": float("inf")}
    _, handle = sign_in(site, "ada", **data)
    shown = output(site, "show", handle, "--values")
    entries = as_json(site, "show", handle, "--values")["entries"]

    assert "[1, {'b': None}]" in shown
    assert {entry["name"]: entry["value"] for entry in entries} == {
        "a": [1, {"b": None}],
        "c": "{1, 2}",
        "d": "{(1, 2): 3}",
        "e": "inf",
    }


def test_a_long_value_is_cut(make_site):
    """A long value does not flood the terminal; programs get all of it."""
    site = make_site()
    _, handle = sign_in(site, "ada", text="x" * 50_000)

    assert len(output(site, "show", handle, "--values")) < 2_000
    assert as_json(site, "show", handle, "--values")["entries"][0]["value"] == "x" * 50_000


@pytest.mark.parametrize("handle", ["nonsense", "A" * 22, "-" + "A" * 21, "--" + "A" * 20])
def test_no_such_session(make_site, handle):
    """A handle of nothing is exit code 1 and one line; one that begins with a hyphen as well."""
    for command in ("show", "revoke"):
        result = run(make_site(), command, handle)

        assert result.exit_code == 1
        assert result.stdout == ""
        assert "such session" in result.stderr or "no session" in result.stderr
        assert result.stderr.count("\n") == 1


def test_what_visitors_send_is_shown_and_not_obeyed(make_site):
    """Escape sequences, markup and marks of direction from visitors are spelled out (CWE-150)."""
    site = make_site()
    _, handle = sign_in(site, f"u{HOSTILE}", agent="[red]agent[/red]", **{f"k{HOSTILE}": HOSTILE})
    everything = [
        output(site, *words)
        for extra in ([], ["--json"])
        for words in (["list", *extra], ["show", handle, "--values", *extra])
    ]

    text = "".join(everything)
    assert all(char.isprintable() or char == "\n" for char in text)
    assert r"u\x1b]0;owned\x07[red]x[/red]\u202e\x9b31m" in everything[0]
    assert "[red]agent[/red]" in everything[0]
    assert json.loads(everything[2])["sessions"][0]["user"] == f"u{HOSTILE}"


def test_output_that_is_no_unicode(make_site):
    """Where the terminal has no such letters, they are spelled out."""
    site = make_site()
    sign_in(site, "Zoë")
    runner = site.app.test_cli_runner(charset="ascii")
    result = runner.invoke(args=["session", "list"])

    assert result.exit_code == 0, result.output
    assert rb"Zo\xeb" in result.stdout_bytes


def test_a_number_that_is_too_long_to_be_shown(make_site):
    """An int that Python does not write in decimals is told of, also inside of a list."""
    site = make_site()
    _, handle = sign_in(site, "ada", a=10**5_000, b=[10**5_000])
    found = as_json(site, "show", handle, "--values")["entries"]

    assert "number of too many digits" in output(site, "show", handle, "--values")
    assert [each["value"] for each in found] == [
        "<int with a number of too many digits>",
        "<list with a number of too many digits>",
    ]


@pytest.mark.parametrize(("words", "shown"), [(["stats"], "0      0"), (["list"], "No sessions.")])
@pytest.mark.parametrize("statistics", [False, True])
def test_looking_makes_nothing(tmp_path, make_site, words, shown, statistics):
    """Where there is no database yet none is made: it might be root's, and of no use to the app."""
    site = make_site(f"sqlite:///{tmp_path}/no/s.sqlite3", SESSION_STATISTICS=statistics)

    assert shown in output(site, *words)
    assert output(site, "purge") == "0 expired sessions removed.\n"
    assert not (tmp_path / "no").exists()


def test_what_cannot_be_counted(tmp_path, make_site):
    """Sessions in cookies have no number; that of the notes on them is not taken for it."""
    notes = f"sqlite:///{tmp_path}/notes.sqlite3"
    site = make_site("cookie://", SECRET_KEY="k" * 40, SESSION_COOKIE_REVOCATIONS=notes)
    visitor, _ = sign_in(site, 1)
    visitor(lambda: session.logout())

    assert as_json(site, "stats")["stores"] == [
        {"store": "CookieStore", "alive": None, "expired": None},
        {"store": "SQLStore", "alive": None, "expired": 0},
    ]


def test_how_many(tmp_path, clock, make_site):
    """`stats` tells by store how many are alive, and how many expired ones wait."""
    site = make_site(f"sqlite:///{tmp_path}/s.sqlite3", SESSION_IDLE_LIFETIME=60)
    sign_in(site, 1)
    clock.advance(timedelta(seconds=61))
    sign_in(site, 2)
    sign_in(site, 3)

    assert output(site, "stats") == (
        "STORE     ALIVE  EXPIRED, NOT PURGED\n"
        "SQLStore  2      1\n"
        "\n"
        "Set SESSION_STATISTICS = True to know what has happened in the last 24 hours.\n"
    )
    assert as_json(site, "stats") == {
        "stores": [{"store": "SQLStore", "alive": 2, "expired": 1}],
        "last_day": None,
    }


def test_the_last_day(tmp_path, make_site):
    """With SESSION_STATISTICS, `stats` tells what has happened in the last 24 hours."""
    site = make_site(f"sqlite:///{tmp_path}/s.sqlite3", SESSION_STATISTICS=True)
    visitor, _ = sign_in(site, 1)
    sign_in(site, 2)
    visitor(lambda: session.logout())
    found = as_json(site, "stats")

    assert found["last_day"]["created"] == 2
    assert found["last_day"]["ended"] == 1
    assert (found["last_day"]["lost"], found["last_day"]["failed"]) == (0, 0)
    assert "created                     2\n" in output(site, "stats")


@pytest.mark.parametrize("command", [["list"], ["show", "A" * 22], ["stats"], ["revoke", "A" * 22]])
def test_a_store_that_does_not_answer(make_site, command):
    """A database that is not there is one line on stderr, with what to do."""
    result = run(make_site("postgresql+psycopg://127.0.0.1:1/x"), *command)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: The session database does not answer")
    assert result.stderr.count("\n") == 1
