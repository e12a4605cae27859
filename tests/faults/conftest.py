"""Stores of every kind, and gunicorn servers on them that all tests share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.places import Place, place
from tests.faults.serving import Crew, crew
from tests.support import private_redis
from tests.support.missing import missing
from tests.support.private_servers import NotInstalled

_HERE = Path(__file__).parent

SHARED = [
    *("file", "sqlite", "postgresql", "mariadb", "redis", "cluster"),
    *("memcached", "sealed", "layered"),
]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here: it starts processes, or talks to real servers."""
    for item in items:
        if item.path.parent == _HERE:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session", params=["memory", *SHARED])
def anywhere(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Return a place of each kind."""
    with place(request.param) as made:
        yield made


@pytest.fixture(scope="session", params=SHARED)
def shared(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Return a place of each kind that several processes can share."""
    with place(request.param) as made:
        yield made


@pytest.fixture(scope="session")
def served(shared: Place) -> Iterator[Crew]:
    """Return a server with two processes of eight threads each, forked from one warmed up."""
    with crew(shared, workers=2, threads=8, preload=True) as made:
        yield made


@pytest.fixture
def own_folder() -> Iterator[Path]:
    """Return a folder for a server of our own: it is not root, which pytest's folders are for."""
    with tempfile.TemporaryDirectory(
        prefix="sessionplus-faults-", ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)


@pytest.fixture
def redis_server(own_folder: Path) -> Iterator[private_redis.Server]:
    """Return a Redis of our own that keeps every acknowledged write."""
    options = ("--appendonly", "yes", "--appendfsync", "always")
    try:
        with private_redis.server(own_folder, *options) as server:
            yield server
    except NotInstalled as programs:
        missing(f"Redis is not installed: {programs}")
