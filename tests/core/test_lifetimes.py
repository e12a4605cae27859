"""How long a session lives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_sessionplus.lifetimes import Lifetimes

MINUTE = 60_000
HOUR = 60 * MINUTE


def rules(idle=30 * MINUTE, absolute=8 * HOUR, provisional=10 * MINUTE, interval=MINUTE):
    """Return the rules of a strict app."""
    return Lifetimes(idle, absolute, provisional, interval)


def test_using_it_extends_it():
    """A session ends when it has not been used for the idle time."""
    assert rules().expiry(created_at=0, used_at=0) == 30 * MINUTE
    assert rules().expiry(created_at=0, used_at=HOUR) == HOUR + 30 * MINUTE


def test_nothing_extends_it_beyond_its_absolute_lifetime():
    """However much it is used, it ends at the absolute lifetime."""
    assert rules().expiry(created_at=0, used_at=8 * HOUR - 1) == 8 * HOUR
    assert rules().expiry(created_at=HOUR, used_at=8 * HOUR) == 8 * HOUR + 30 * MINUTE
    assert rules(absolute=None).expiry(created_at=0, used_at=100 * HOUR) == 100.5 * HOUR


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, 10 * MINUTE),
        ({"provisional": HOUR}, 30 * MINUTE),
        ({"provisional": HOUR, "idle": 2 * HOUR}, HOUR),
        ({"absolute": 5 * MINUTE}, 5 * MINUTE),
        ({"absolute": None}, 10 * MINUTE),
    ],
)
def test_a_new_session_is_provisional(changed, expected):
    """Until its cookie has come back, a session lives for the shortest of the three."""
    assert rules(**changed).first_expiry(1000) == 1000 + expected


def test_stricter_rules_hold_for_old_sessions():
    """A session is over by the rules of today, whatever its stored expiry is."""
    lifetimes = rules()

    assert not lifetimes.is_over(created_at=0, seen_at=0, now=31 * MINUTE - 1)
    assert lifetimes.is_over(created_at=0, seen_at=0, now=31 * MINUTE)
    assert not lifetimes.is_over(created_at=0, seen_at=8 * HOUR - 2, now=8 * HOUR - 1)
    assert lifetimes.is_over(created_at=0, seen_at=8 * HOUR - 1, now=8 * HOUR)
    assert not rules(absolute=None).is_over(created_at=0, seen_at=99 * HOUR, now=99 * HOUR)


@pytest.mark.parametrize("interval", [0, 1, MINUTE])
def test_the_stored_expiry_may_lag_behind(interval):
    """It is written again when it is the interval away, in either direction, not before."""
    lifetimes = rules(interval=interval)
    away = max(interval, 1)

    assert not lifetimes.is_stale(HOUR, HOUR)
    assert not lifetimes.is_stale(HOUR, HOUR + away - 1)
    assert lifetimes.is_stale(HOUR, HOUR + away)
    assert lifetimes.is_stale(HOUR, HOUR - away)


@given(
    created_at=st.integers(0, 10**13),
    used=st.integers(0, 10**11),
    idle=st.integers(1, 10**11),
    absolute=st.none() | st.integers(1, 10**11),
    interval=st.integers(0, 10**6),
)
def test_what_is_stored_is_not_over_before(created_at, used, idle, absolute, interval):
    """By the same rules, a session is not over before the expiry that was computed for it."""
    lifetimes = Lifetimes(idle, absolute, idle, interval)
    used_at = created_at + (used if absolute is None else used % absolute)
    expires_at = lifetimes.expiry(created_at, used_at)

    assert expires_at > used_at
    assert not lifetimes.is_over(created_at, used_at, expires_at - 1)
    assert lifetimes.is_over(created_at, used_at, expires_at + interval)
