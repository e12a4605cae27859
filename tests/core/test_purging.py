"""Removing expired sessions in slices."""

from __future__ import annotations

import pytest

from flask_sessionplus import purging
from flask_sessionplus.stores.base import Purgeable


class Expired(Purgeable):
    """So many expired records."""

    def __init__(self, count):
        self.count = count
        self.calls = []

    def purge(self, limit):
        """Remove some."""
        self.calls.append(limit)
        removed = min(limit, self.count)
        self.count -= removed
        return removed

    def count_expired(self):
        """Count them."""
        return self.count


@pytest.fixture
def pauses(monkeypatch):
    """Do not sleep, but keep a list of how long it would have been."""
    pauses = []
    monkeypatch.setattr(purging.time, "sleep", pauses.append)
    return pauses


@pytest.mark.parametrize(
    ("count", "removed"), [(0, [0]), (5, [5]), (10, [10, 0]), (25, [10, 10, 5])]
)
def test_it_goes_on_until_nothing_is_left(pauses, count, removed):
    """Each slice is full but the last, which tells that this is all."""
    expired = Expired(count)

    assert list(purging.purge_expired(expired, batch=10)) == removed
    assert expired.count == 0
    assert set(expired.calls) == {10}


def test_others_get_their_turn_between_slices(pauses):
    """There is a pause after each full slice, and none after the last."""
    list(purging.purge_expired(Expired(25), batch=10, pause=0.5))

    assert pauses == [0.5, 0.5]


def test_there_is_a_pause_by_itself(pauses):
    """Whoever does not ask for a pause gets one."""
    list(purging.purge_expired(Expired(25), batch=10))

    assert len(pauses) == 2
    assert min(pauses) > 0


def test_it_can_be_stopped(pauses):
    """Whoever stops listening stops the purge: nothing is removed in advance."""
    expired = Expired(100)
    for _ in purging.purge_expired(expired, batch=10):
        break

    assert expired.count == 90
