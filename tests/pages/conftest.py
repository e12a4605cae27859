"""Fixtures of the tests that look at our pages."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["sqlite", "redis", "postgresql"])
def store(request, tmp_path, fresh_name):
    """The settings of a store that several processes share."""
    if request.param == "sqlite":
        return {"SESSION_STORE": f"sqlite:///{tmp_path / 'sessions.sqlite'}"}
    url = request.getfixturevalue(f"{request.param}_url")
    return {
        "SESSION_STORE": url,
        "SESSION_KEY_PREFIX": f"{fresh_name}:",
        "SESSION_TABLE": fresh_name,
    }
