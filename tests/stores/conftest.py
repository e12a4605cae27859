"""Which claims of the contract take their time."""

from __future__ import annotations

from pathlib import Path

import pytest

_HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the claims that start processes: the public suite knows no marks of ours."""
    for item in items:
        if item.path.parent == _HERE and item.name.startswith("test_processes_"):
            item.add_marker(pytest.mark.slow)
