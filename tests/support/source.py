"""The source of the package as data: its modules, and what each of them imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import ROOT

PACKAGE = "flask_sessionplus"


@dataclass(frozen=True)
class Import:
    """One imported thing: `module` is all we can tell it by, `name` what is taken from it."""

    module: str
    name: str | None
    line: int
    for_types_only: bool


@dataclass(frozen=True)
class Module:
    """One file of the package; `name` is dotted and starts after `flask_sessionplus.`."""

    name: str
    path: Path

    @property
    def tree(self) -> ast.Module:
        """Return what the file says."""
        return ast.parse(self.path.read_text(), self.path.name)

    def imports(self) -> list[Import]:
        """Return what the file imports, wherever in it, with relative names made absolute."""
        return list(_imports(self.tree, self._package(), for_types_only=False))

    def _package(self) -> list[str]:
        dotted = [PACKAGE, *self.name.split(".")] if self.name else [PACKAGE]
        return dotted if self.path.name == "__init__.py" else dotted[:-1]


def modules() -> list[Module]:
    """Return every module of the package; the package itself is called ""."""
    found = []
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT / PACKAGE).with_suffix("").parts
        found.append(Module(".".join(part for part in parts if part != "__init__"), path))
    return found


def _imports(node: ast.AST, package: list[str], *, for_types_only: bool) -> Iterator[Import]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield Import(alias.name, None, node.lineno, for_types_only)
    elif isinstance(node, ast.ImportFrom):
        base = package[: len(package) + 1 - node.level] if node.level else []
        module = ".".join([*base, *([node.module] if node.module else [])])
        for alias in node.names:
            yield Import(module, alias.name, node.lineno, for_types_only)
    else:
        guarded = node.body if isinstance(node, ast.If) and _is_for_types(node.test) else []
        for child in ast.iter_child_nodes(node):
            yield from _imports(child, package, for_types_only=for_types_only or child in guarded)


def _is_for_types(condition: ast.expr) -> bool:
    return ast.unparse(condition) in {"TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING"}
