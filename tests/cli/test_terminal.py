"""How commands look at a terminal, and where there is none."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.cli.commands import HOSTILE, at_terminal, sign_in
from tests.support.processes import ROOT

APP = """
from flask import Flask
from flask_sessionplus import SessionPlus

app = Flask("site", instance_path={folder!r})
SessionPlus(app, store="sqlite:///s.sqlite3")
"""


@pytest.fixture
def app(tmp_path, make_site):
    """Return the path of an app that has a session of somebody who means ill."""
    path = tmp_path / "shopapp.py"
    path.write_text(APP.format(folder=str(tmp_path)))
    site = make_site(f"sqlite:///{tmp_path}/s.sqlite3")
    sign_in(site, HOSTILE, agent="[bold red]x[/] [link=http://e.org]")
    return str(path)


@pytest.mark.slow
def test_a_wide_terminal(app):
    """A table by rich: bold heads, and markup of visitors is text like any other."""
    code, shown = at_terminal("--app", app, "session", "list", columns=150)

    assert code == 0
    assert shown.startswith("\x1b[1mHANDLE")
    assert "[bold red]x[/] [link=http://e.org]" in shown
    assert r"\x1b]0;owned\x07[red]x[/red]\u202e\x9b31m" in shown
    assert "\x1b[1;31m" not in shown
    assert "\x1b]" not in shown


@pytest.mark.slow
def test_a_narrow_terminal(app):
    """Where a table does not fit, each row is a block, and no line is cut."""
    code, shown = at_terminal("--app", app, "session", "list", columns=40)

    assert code == 0
    assert [line.split()[0] for line in shown.splitlines()] == [
        *("HANDLE", "KIND", "USER", "BROWSER", "ADDRESS", "LAST"),
    ]


@pytest.mark.slow
def test_findings_are_wrapped_and_without_color_if_asked(app):
    """The doctor's lines fit; with NO_COLOR there is no color, else the severity has one."""
    _, colored = at_terminal("--app", app, "session", "check", columns=60)
    code, shown = at_terminal("--app", app, "session", "check", columns=60, env={"NO_COLOR": "1"})

    assert code == 1
    assert "\x1b[33m\x1b[1mwarning\x1b[0m " in colored
    assert "\x1b" not in shown
    assert max(map(len, shown.splitlines())) <= 60


@pytest.mark.slow
def test_a_bar_while_it_takes_long(app):
    """At a terminal there is a bar, and what comes after it stands on a line of its own."""
    code, shown = at_terminal("--app", app, "session", "purge")

    assert code == 0
    assert "Purging" in shown
    assert shown.endswith("\n0 expired sessions removed.\n")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["list", "check"])
def test_no_terminal(app, command):
    """Where there is none: no color, no bar; and who stops reading is no error to tell."""
    words = [sys.executable, "-m", "flask", "--app", app, "session", command]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    process = subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.close()
    complaints = process.stderr.read()
    process.stderr.close()

    assert "\x1b" not in done.stdout
    assert done.stderr == complaints == ""
    assert process.wait(30) in (0, 1)


@pytest.mark.slow
def test_without_rich(app, tmp_path):
    """Without the package rich there is a plain table."""
    (tmp_path / "none/rich").mkdir(parents=True)
    (tmp_path / "none/rich/__init__.py").write_text("raise ImportError('no rich here')\n")
    env = {"PYTHONPATH": f"{tmp_path}/none:{ROOT}"}
    code, shown = at_terminal("--app", app, "session", "list", columns=150, env=env)

    assert code == 0
    assert shown.startswith("HANDLE                  KIND     USER ")
    assert "\x1b" not in shown


def test_every_command_has_examples(make_site):
    """`--help` of every command shows how it is used, each example on a line of its own."""
    site = make_site()
    group = site.app.cli.commands["session"]
    commands = {name: words for name in group.commands if name != "keys" for words in [[name]]} | {
        f"keys {name}": ["keys", name] for name in group.commands["keys"].commands
    }

    assert len(commands) >= 10
    for name, words in commands.items():
        shown = site.app.test_cli_runner().invoke(args=["session", *words, "--help"]).stdout
        assert re.search(rf"^ +flask session {name}", shown, re.MULTILINE), name
