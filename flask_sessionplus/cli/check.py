"""``flask session check``: the doctor."""

from __future__ import annotations

import os
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

import click
from flask.cli import with_appcontext

from ..findings import SEVERITIES, Finding, Severity
from .group import PlainErrors, json_option, this_app
from .output import counted, printable, say, say_json, width

_COLORS = {"error": "red", "warning": "yellow", "note": "cyan"}

# Wider lines are not read.
_WIDEST = 100


@click.command("check", short_help="Look for what is wrong, and say what to do.")
@click.option("--url", metavar="URL", help="Ask the running app, too, as visitors do.")
@click.option("--ignore", metavar="CODE", multiple=True, help="Leave this out. May be repeated.")
@click.option(
    "--fail-level",
    type=click.Choice(SEVERITIES),
    default="warning",
    show_default=True,
    help="What makes the exit code 1: this, and what is worse.",
)
@json_option
@with_appcontext
def check(url: str | None, ignore: Sequence[str], fail_level: Severity, as_json: bool) -> None:
    """Look for what is wrong: cookies, proxies, secrets, and the store.

    Run it where the app runs, with the same settings and variables. Exit code 1 if there is
    an error or a warning; notes are for your information.

    \b
    Examples:
      flask session check
      flask session check --url https://shop.example/sign-in
      flask session check --ignore cookie-samesite-none --fail-level error
    """  # noqa: D301
    from ..doctor import examine

    with PlainErrors():
        found = [each for each in examine(this_app(), url) if each.code not in ignore]
    counts = Counter(finding.severity for finding in found)
    if as_json:
        numbers = {f"{severity}s": counts[severity] for severity in SEVERITIES}
        say_json({"findings": list(map(asdict, found)), **numbers})
    else:
        for finding in found:
            _show(finding)
        say(_sum_up(counts))
    levels = SEVERITIES[: SEVERITIES.index(fail_level) + 1]
    if any(counts[level] for level in levels):
        raise click.exceptions.Exit(1)


def _show(finding: Finding) -> None:
    severity = finding.severity
    _say_wrapped(_painted(severity, severity), len(severity), f"{finding.found} [{finding.code}]")
    _say_wrapped("  Why:", 6, finding.why)
    _say_wrapped("  Do: ", 6, finding.remedy)
    say("")


def _say_wrapped(label: str, size: int, text: str) -> None:
    """Print *text* after *label*, which is *size* characters wide, in lines for people."""
    text = printable(text)
    if not sys.stdout.isatty():
        say(f"{label} {text}")
        return
    room = max(min(width(), _WIDEST) - size - 1, 20)
    first, *rest = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
    say(f"{label} {first}")
    for line in rest:
        say(" " * (size + 1) + line)


def _painted(text: str, severity: Severity) -> str:
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb":
        return text
    return click.style(text, fg=_COLORS[severity], bold=True)


def _sum_up(counts: Counter[Severity]) -> str:
    if not counts:
        return "Nothing found."
    return ", ".join(counted(counts[each], each) for each in SEVERITIES if counts[each]) + "."
