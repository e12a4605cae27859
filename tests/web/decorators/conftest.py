"""An app with one view of any kind under a decorator, and a page that does what a test says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from flask_sessionplus.stores.memory import MemoryStore
from tests.web.conftest import MakeSite
from tests.web.decorators.targets import KINDS, Decorate, Do
from tests.web.visiting import Visitor, WatchedStore

PutUp = Callable[..., Visitor]


@pytest.fixture(params=KINDS)
def target(request: pytest.FixtureRequest) -> str:
    """Name everything in turn that can be decorated."""
    name: str = request.param
    return name


@pytest.fixture
def make_visitor(make_site: MakeSite) -> PutUp:
    """Return a function that puts a view under a decorator at /view, and returns a visitor.

    What the visitor is called with is done by an undecorated view at ``/``.
    """

    def put_up(
        decorate: Decorate,
        do: Do = lambda **kwargs: "seen",
        kind: str = "function",
        rule: str = "/view",
        prepare: Callable[[Flask], Any] = lambda app: None,
        **config: Any,
    ) -> Visitor:
        site = make_site(**config)
        prepare(site.app)
        KINDS[kind](site.app, decorate, do, rule)
        return site.visitor()

    return put_up


@pytest.fixture
def put_up(make_visitor: PutUp, target: str) -> PutUp:
    """Return the same, for each kind of target in turn."""
    return lambda *args, **kwargs: make_visitor(*args, kind=target, **kwargs)


@pytest.fixture
def watched() -> WatchedStore:
    """Return a store in memory that notes what it is asked."""
    return WatchedStore(MemoryStore())
