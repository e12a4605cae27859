"""Somebody at a shell, and sessions for him to look at."""

from __future__ import annotations

import json
import os
import pty
import select
import struct
import subprocess
import sys
from collections.abc import Mapping
from fcntl import ioctl
from termios import TIOCSWINSZ
from typing import Any

from flask import session

from tests.support.processes import ROOT

#: What a terminal would obey, rich would obey, and nobody would see.
HOSTILE = "\x1b]0;owned\x07[red]x[/red]\u202e\x9b31m"


def run(site, *arguments, **options):
    """Run `flask session ...`; output and errors stay apart."""
    return site.app.test_cli_runner().invoke(args=["session", *arguments], **options)


def output(site, *arguments, **options) -> str:
    """Return what a command prints that goes well."""
    result = run(site, *arguments, **options)
    assert result.exit_code == 0, result.output
    return result.stdout


def as_json(site, *arguments) -> Any:
    """Return what a command tells programs."""
    return json.loads(output(site, *arguments, "--json"))


def sign_in(site, user, agent="Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0", **data):
    """Let a user sign in; return the browser, and the handle of what it has."""

    def do():
        session.login(user)
        session.update(data)

    visitor = site.visitor()
    assert visitor(do, headers={"User-Agent": agent}).status == 200
    return visitor, visitor.value(lambda: session.identifier)


def at_terminal(
    *words: str, columns: int = 100, env: Mapping[str, str] | None = None, typed: bytes = b""
) -> tuple[int, str]:
    """Run a command at a terminal that is so wide; return its exit code and all that it shows."""
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", *words],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color", "PYTHONUTF8": "1", **(env or {})},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, typed)
    shown = b""
    try:
        while select.select([ours], [], [], 30)[0]:
            part = os.read(ours, 65_536)
            if not part:
                break
            shown += part
    except OSError:
        # Linux says so when the other end is closed.
        pass
    finally:
        os.close(ours)
        code = process.wait(30)
    return code, shown.decode().replace("\r\n", "\n")
