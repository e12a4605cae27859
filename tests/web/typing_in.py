"""Somebody who types in what the documentation says, and what its pages leave to him."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask

from tests.support.snippets import compiled
from tests.web.visiting import Site, Visitor

T = TypeVar("T")

ADA = SimpleNamespace(id=7, name="ada", role="admin")
PROGRAM = {"Accept": "application/json"}

#: The blocks that a test here runs.
RUN: set[str] = set()

#: Those that none does, and why.
NOT_RUN = {"writing-a-store 3": "two lines of the middle of a method, which have no use alone"}


def runs(*names: str) -> Callable[[T], T]:
    """Note that a test runs these blocks."""

    def note(test: T) -> T:
        RUN.update(names)
        return test

    return note


class Desk:
    """Somebody who types in what the pages say, one block after the other."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.names: dict[str, Any] = {
            "__name__": "site",
            "app": app,
            "check_password": lambda name, password: ADA,
        }

    def type(self, name: str, **names: Any) -> dict[str, Any]:
        """Run a block; return all names there are then."""
        self.names.update(names)
        exec(compiled(name), self.names)
        return self.names

    def visitor(self) -> Visitor:
        """Return somebody who visits a view that does what he says."""
        return Site(self.app).visitor()


def make_key() -> None:
    """Make signing-key.pem as `openssl genpkey -algorithm ed25519` does."""
    key = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    Path("signing-key.pem").write_bytes(key)
