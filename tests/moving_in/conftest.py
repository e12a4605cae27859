"""The places that sessions come from."""

from __future__ import annotations

from collections.abc import Iterator

import flask_session.mongodb.mongodb
import mongomock
import pytest

from flask_sessionplus.testing import FakeClock
from tests.moving_in.apps import (
    Place,
    cache_place,
    close_all,
    file_place,
    mongo_place,
    redis_place,
    sql_place,
)

KINDS = ("redis", "cachelib-redis", "sqlite", "postgresql", "files", "mongodb")


@pytest.fixture
def clock():
    """Stop the time of our sessions."""
    with FakeClock() as clock:
        yield clock


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture(params=KINDS)
def place(request, tmp_path, fresh_name, monkeypatch) -> Iterator[Place]:
    """Return each place that sessions come from."""
    kind = request.param
    if kind == "redis":
        manager = redis_place(request.getfixturevalue("redis_url"), fresh_name)
    elif kind == "cachelib-redis":
        manager = cache_place(request.getfixturevalue("redis_url"), fresh_name)
    elif kind == "sqlite":
        manager = sql_place(f"sqlite:///{tmp_path / 'app.sqlite'}", fresh_name)
    elif kind == "postgresql":
        manager = sql_place(request.getfixturevalue("postgresql_url"), fresh_name)
    elif kind == "files":
        manager = file_place(tmp_path / "flask_session")
    else:
        # It takes no client but of this class.
        monkeypatch.setattr(flask_session.mongodb.mongodb, "MongoClient", mongomock.MongoClient)
        manager = mongo_place(f"sqlite:///{tmp_path / 'ours.sqlite'}")
    with manager as found:
        yield found


@pytest.fixture
def files(tmp_path) -> Iterator[Place]:
    """Return a place of files, which needs no server."""
    with file_place(tmp_path / "flask_session") as found:
        yield found


@pytest.fixture
def table(tmp_path, fresh_name) -> Iterator[Place]:
    """Return a place in SQLite, which needs no server and can be listed."""
    with sql_place(f"sqlite:///{tmp_path / 'app.sqlite'}", fresh_name) as found:
        yield found
