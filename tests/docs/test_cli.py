"""cli: what the page says of commands, options, codes and JSON is what there is."""

from __future__ import annotations

import ast
import json
import re

import click
import pytest

from flask_sessionplus import Parameter
from tests.cli.commands import as_json, run, sign_in
from tests.doctor.patients import loose
from tests.support.processes import ROOT
from tests.support.source import modules
from tests.web import conftest
from tests.web.visiting import Site

PAGE = (ROOT / "docs" / "cli.md").read_text()
SECTIONS = {text.partition("\n")[0]: text for text in re.split(r"^## ", PAGE, flags=re.M)[1:]}

make_site = conftest.make_site


@pytest.fixture
def site(tmp_path, make_site):
    """Return an app with some sessions."""
    site = make_site(
        f"sqlite:///{tmp_path}/s.sqlite3",
        SESSION_STATISTICS=True,
        SESSION_HISTORY=3,
        SESSION_PARAMETERS={"theme": Parameter(str, "light", choices=["light", "dark"])},
        SESSION_ENCRYPTION_KEYS="k" * 40,
    )
    sign_in(site, "ada", theme="dark")
    return site


def options_of(command: click.Command) -> set[str]:
    """Return the options of a command, and of those in it."""
    if isinstance(command, click.Group):
        return set().union(*map(options_of, command.commands.values()))
    names = {name for each in command.params for name in each.opts if name.startswith("--")}
    return names - {"--help"}


def test_every_command_has_its_section(site):
    """There is a section for each command, and for nothing else."""
    assert sorted(SECTIONS) == sorted(site.app.cli.commands["session"].commands)


def test_every_option_is_named(site):
    """The section of a command names its options, and no others."""
    for name, command in site.app.cli.commands["session"].commands.items():
        mine = "\n".join(
            line
            for line in SECTIONS[name].splitlines()
            if "| jq" not in line and "psql" not in line
        )
        named = set(re.findall(r"--[a-z][a-z-]+", mine))

        assert named == options_of(command), name


def codes() -> set[str]:
    """Return the codes of all findings that are anywhere in the package."""
    return {
        argument.value
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding"
        for argument in node.args[1:2]
        if isinstance(argument, ast.Constant)
    }


def test_every_finding_is_explained():
    """The table of `check` has each code that there is, and no other."""
    rows = re.findall(r"^\| (`.*?) \|", SECTIONS["check"], re.M)
    named = {code for row in rows for code in re.findall(r"`([a-z][a-z-]+)`", row)}

    # Its name depends on the library.
    assert named == codes() | {"hiredis-missing", "libvalkey-missing"}
    assert len(named) > 40


def names(command: str, marker: str) -> list[str]:
    """Return the names of the JSON object that the page writes down, behind *marker*."""
    _, found, rest = SECTIONS[command].partition(marker)
    assert found, marker
    return re.findall(r'"([a-z_]+)"', rest.partition("}`")[0])


def test_the_json_is_as_described(site):
    """`--json` of each command has the names that the page writes down, in that order."""
    (row,) = as_json(site, "list")["sessions"]
    shown = as_json(site, "show", row["handle"], "--values")
    (entry,) = shown["entries"]
    stats = as_json(site, "stats")

    assert list(row) == names("list", "A session in JSON: ")
    assert list(shown)[len(row) :] == names("show", "| `--json` |")
    assert list(entry) == [*names("show", "An entry in JSON: "), "value"]
    assert list(shown["history"][0]) == names("show", "An event: ")
    assert [*stats, *stats["stores"][0], *stats["last_day"]] == unordered(
        names("stats", "`--json`: "), ["stores", "last_day"]
    )
    assert list(as_json(site, "parameters")[0]) == names("parameters", "`--json`: ")
    assert list(as_json(site, "purge")) == names("purge", "| `--json` |")
    assert list(as_json(site, "keys", "rotate")) == names("keys", "`--json`: ")
    assert list(as_json(site, "revoke", row["handle"])) == names("revoke", "| `--json` |")


def unordered(found: list[str], first: list[str]) -> list[str]:
    """Return the names with the outer ones first."""
    return first + [name for name in found if name not in first]


def test_the_json_of_the_doctor(tmp_path):
    """So has that of `check`."""
    app = loose(tmp_path, SESSION_COOKIE_HTTPONLY=False)
    found = json.loads(run(Site(app), "check", "--json").stdout)

    assert [*list(found)[:1], *found["findings"][0], *list(found)[1:]] == names(
        "check", "| `--json` |"
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("list", ["list"]),
        ("stats", ["stats"]),
        ("parameters", ["parameters"]),
        ("show", ["show", "HANDLE"]),
    ],
)
def test_the_examples_look_like_the_output(site, name, words):
    """The heads of tables, and the names of facts, are those that the commands print."""
    (row,) = as_json(site, "list")["sessions"]
    words = [row["handle"] if word == "HANDLE" else word for word in words]
    lines = run(site, *words).stdout.splitlines()
    facts = {line.partition("  ")[0] for line in lines if line} - {row["handle"]}
    example = SECTIONS[name].partition("```console\n")[2].partition("```")[0]

    for fact in facts - {"SQLStore", "theme"}:
        assert re.search(rf"^{re.escape(fact)}(  |$)", example, re.M), fact
