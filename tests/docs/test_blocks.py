"""What is not Python in the documentation, and that none of the Python is left out."""

from __future__ import annotations

import re
from configparser import ConfigParser
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from jinja2 import Environment

from flask_sessionplus.cli import session_commands
from tests.support.processes import ROOT
from tests.support.snippets import PAGES, snippets
from tests.web.typing_in import NOT_RUN, RUN

TEXTS = {str(page.relative_to(ROOT)): page.read_text() for page in PAGES}

_is_link = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)").findall
_is_picture = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)").findall
_is_tag = re.compile(r'<img src="([^"]+)" alt="([^"]*)"').findall


def _blocks(language: str) -> list[Any]:
    find = re.compile(rf"^```{language}\n(.*?)^```$", re.M | re.S).findall
    return [
        pytest.param(block, id=f"{page} {number}")
        for page, text in TEXTS.items()
        for number, block in enumerate(find(text), 1)
    ]


def _commands() -> list[Any]:
    """Return what follows `flask session` wherever the pages say that, up to the code's end."""
    find = re.compile(r"\bflask (?:--app \S+ )?session ([a-z][^`\n]*)").findall
    found = {(page, words) for page, text in TEXTS.items() for words in find(text)}
    return [pytest.param(words, id=f"{page}: {words}") for page, words in sorted(found)]


def test_every_block_is_run() -> None:
    """No block is left out silently: each is run by a test in this folder, or says why not."""
    for file in Path(__file__).parent.glob("test_*.py"):
        import_module(f"tests.docs.{file.stem}")  # `runs` notes the blocks

    assert sorted(snippets()) == sorted({*RUN, *NOT_RUN})


@pytest.mark.parametrize("block", _blocks("jinja"))
def test_templates(block: str) -> None:
    """Each template is one that Jinja can read."""
    Environment(autoescape=True).parse(block)


@pytest.mark.parametrize("block", _blocks("ini"))
def test_ini_files(block: str) -> None:
    """Each unit and each setup.cfg is one: sections, and in them names and values."""
    parser = ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(block)

    assert parser.sections()
    if "Service" in parser:
        assert parser["Service"]["ExecStart"].startswith("/")


@pytest.mark.parametrize("words", _commands())
def test_commands(words: str) -> None:
    """Each `flask session ...` is a command, and has the options it is given."""
    command: click.Command = session_commands
    names = words.split()
    while isinstance(command, click.Group) and names:
        assert names[0] in command.commands, f"there is no flask session {words}"
        command = command.commands[names.pop(0)]

    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    assert set(re.findall(r"--[a-z-]+", " ".join(names))) <= known


def _pictures(page: str) -> list[tuple[str, str]]:
    """Return each picture of a page, its text first."""
    return [*_is_picture(TEXTS[page]), *((alt, path) for path, alt in _is_tag(TEXTS[page]))]


@pytest.mark.parametrize("page", TEXTS)
def test_links_to_files(page: str) -> None:
    """Each link to a file of ours leads to one; {doc} and {class} are Sphinx's to check."""
    text = re.sub(r"^```.*?^```$", "", TEXTS[page], flags=re.M | re.S)
    folder = (ROOT / page).parent
    paths = [*_is_link(text), *(path for _, path in _pictures(page))]
    ours = [path.split("#")[0] for path in paths if "://" not in path and not path.startswith("#")]

    assert [path for path in ours if path and not (folder / path).exists()] == []


@pytest.mark.parametrize("page", TEXTS)
def test_pictures_say_what_they_show(page: str) -> None:
    """No picture is without a text for who does not see it."""
    assert [path for alt, path in _pictures(page) if len(alt) < 10] == []
