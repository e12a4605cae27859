"""What `from flask_sessionplus import *` promises."""

from __future__ import annotations

import ast
import inspect
import re

import pytest

import flask_sessionplus
from tests.support.processes import ROOT
from tests.support.source import modules

NAMES = flask_sessionplus.__all__
SOURCES = [module.path.read_text() for module in modules()]
CHANGES = (ROOT / "CHANGES.md").read_text()
API = (ROOT / "docs" / "api.md").read_text()

# What nobody has to make, but annotates with.
CLASSES = ["GlobalSession", "LocalSession", "Tokens"]


def test_all_is_sorted() -> None:
    """`__all__` is in order and names nothing twice."""
    assert list(NAMES) == sorted(set(NAMES))


def test_all_is_true() -> None:
    """`__all__` names exactly what `__init__` imports or defines, and all of it exists."""
    (package,) = (module for module in modules() if module.name == "")
    imported = {each.name for each in package.imports() if each.module != "__future__"}
    defined = {
        target.id
        for node in package.tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }

    assert (imported | defined) - {"__all__"} == set(NAMES)
    assert all(hasattr(flask_sessionplus, name) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_a_docstring(name: str) -> None:
    """Everything public says what it is for, in words of its own."""
    thing = getattr(flask_sessionplus, name)

    if inspect.isclass(thing):
        # Not what it inherits: `__doc__` of the class itself.
        assert vars(thing).get("__doc__")
    elif inspect.isroutine(thing):
        assert thing.__doc__
    else:
        # A signal, a proxy, a constant: a comment that Sphinx reads, right above it.
        assert any(re.search(rf"^#: .+\n{name}\b.*=", source, re.M) for source in SOURCES)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_in_the_changelog(name: str) -> None:
    """A user finds every public name, in code type, in CHANGES.md."""
    assert re.search(rf"`[^`\n]*\b{re.escape(name)}\b[^`\n]*`", CHANGES)


@pytest.mark.parametrize("name", [*NAMES, *CLASSES])
def test_every_public_name_is_in_the_reference(name: str) -> None:
    """A user finds every public name, in code type, in docs/api.md."""
    assert re.search(rf"`{re.escape(name)}(\(\))?`", API)
