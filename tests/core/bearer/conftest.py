"""What the tests of bearer tokens share."""

from __future__ import annotations

import pytest

from flask_sessionplus.testing import FakeClock


@pytest.fixture
def clock():
    """Stop the time."""
    with FakeClock() as clock:
        yield clock
