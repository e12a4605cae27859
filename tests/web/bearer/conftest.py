"""Apps that take bearer tokens, on stores of every kind that can keep what belongs to users."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.testing import FakeClock
from tests.web.bearer.bearing import CONFIG, App
from tests.web.signin.conftest import WatchedIndex, any_store
from tests.web.visiting import Site

__all__ = ["any_store"]


@pytest.fixture
def store() -> WatchedIndex:
    """Return a store in memory, watched."""
    return WatchedIndex(MemoryStore())


@pytest.fixture
def make_api(clock: FakeClock, make_site: Callable[..., Site]) -> Callable[..., App]:
    """Return a function that makes an app that takes bearer tokens, with the settings given."""

    def make(store: Any = "memory://", **config: Any) -> App:
        return App(make_site(store, **{**CONFIG, **config}))

    return make


@pytest.fixture
def api(make_api: Callable[..., App], store: WatchedIndex) -> App:
    """Return an app that takes bearer tokens, at a time that stands still."""
    return make_api(store)


@pytest.fixture
def any_api(make_api: Callable[..., App], any_store: WatchedIndex) -> Iterator[App]:
    """Return one on every kind of store that knows owners."""
    return make_api(any_store)
