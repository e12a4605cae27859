"""Rules of CONTRIBUTING.md that no linter knows."""

from __future__ import annotations

import ast

import pytest

from tests.support.source import PACKAGE, Module, modules

each_module = pytest.mark.parametrize("module", modules(), ids=lambda m: m.name or PACKAGE)


@each_module
def test_nothing_unsafe_is_imported(module: Module) -> None:
    """No pickle in any dress, and no randomness or ids that can be guessed."""
    imported = {each.module for each in module.imports()}
    names = {each.name for each in module.imports()}
    used = {node.attr for node in ast.walk(module.tree) if isinstance(node, ast.Attribute)}

    assert imported.isdisjoint({"pickle", "marshal", "shelve", "random"})
    assert "uuid1" not in names | used


@each_module
def test_files_stay_short(module: Module) -> None:
    """One idea per file, and 350 lines are enough for an idea."""
    lines = module.path.read_text().count("\n")

    assert lines <= 350


@each_module
def test_nothing_catches_everything(module: Module) -> None:
    """`except Exception` hides bugs: a handler names what it expects, or raises it again."""
    handlers = [node for node in ast.walk(module.tree) if isinstance(node, ast.ExceptHandler)]
    blind = [
        f"{module.path.name}:{handler.lineno}"
        for handler in handlers
        if handler.type is None or _names(handler.type) & {"Exception", "BaseException"}
        if ast.unparse(handler.body[-1]) != "raise"
    ]

    assert blind == []


def _names(node: ast.expr) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
