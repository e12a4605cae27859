"""The time: one source, which tests can replace."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest

from flask_sessionplus import clock
from flask_sessionplus.testing import FakeClock


def test_the_time_is_the_systems():
    """Without any test around, the time is that of the system, in milliseconds."""
    before = time.time()
    now = clock.now()

    assert isinstance(now, int)
    assert before - 0.001 <= now / 1000 <= time.time()


def test_to_datetime_is_utc():
    """A time becomes an aware datetime in UTC, to the millisecond."""
    expected = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=timezone.utc)

    assert clock.to_datetime(1_767_323_045_678) == expected
    assert clock.to_datetime(0).utcoffset() == timedelta(0)


def test_a_fake_clock_stands_still():
    """Inside the block the time is what it was at the beginning, until it is moved."""
    with FakeClock() as fake:
        assert clock.now() == clock.now() == fake.now()


def test_a_fake_clock_begins_now():
    """Without a start, no time passes between the real clock and the false one."""
    before = clock.now()
    with FakeClock() as fake:
        assert before <= fake.now() <= before + 5000


def test_a_fake_clock_begins_where_it_is_told():
    """A start is an aware datetime, in any zone."""
    start = datetime(2030, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    with FakeClock(start) as fake:
        assert clock.now() == fake.now() == 1_893_456_000_000


def test_a_fake_clock_needs_a_zone():
    """A naive datetime would mean another moment on each machine."""
    with pytest.raises(ValueError, match="zone"):
        FakeClock(datetime(2030, 1, 1))


@pytest.mark.parametrize(
    ("by", "milliseconds"),
    [
        (1, 1000),
        (0.001, 1),
        (0.333, 333),
        (1.001, 1001),
        (0, 0),
        (timedelta(hours=2), 7_200_000),
        (timedelta(milliseconds=7), 7),
        (timedelta(days=36_525), 3_155_760_000_000),
    ],
)
def test_a_fake_clock_is_moved_exactly(by, milliseconds):
    """The time moves by seconds or a timedelta, to the millisecond, however often."""
    with FakeClock(datetime(2026, 11, 5, 17, 3, 21, 987_000, tzinfo=timezone.utc)) as fake:
        before = clock.now()
        for step in range(1, 20):
            fake.advance(by)
            assert clock.now() == fake.now() == before + step * milliseconds


@pytest.mark.parametrize("by", [-1, -0.001, timedelta(seconds=-1), float("nan"), float("inf")])
def test_time_does_not_go_back(by):
    """A step that is negative, or no number, is refused."""
    with FakeClock() as fake:
        before = fake.now()
        with pytest.raises(ValueError, match="forward"):
            fake.advance(by)

        assert clock.now() == before


def test_the_real_clock_comes_back():
    """After the block, and after an error in it, the time is the system's again."""
    with pytest.raises(ZeroDivisionError), FakeClock(datetime(2000, 1, 1, tzinfo=timezone.utc)):
        raise ZeroDivisionError

    assert abs(clock.now() / 1000 - time.time()) < 5


def test_fake_clocks_may_be_nested():
    """An inner clock goes by itself, and gives way to the outer one."""
    with FakeClock() as outer:
        outer.advance(100)
        with FakeClock() as inner:
            assert inner.now() == outer.now()
            inner.advance(5)
            assert clock.now() == outer.now() + 5000
        assert clock.now() == outer.now()


def test_a_fake_clock_runs_once_at_a_time():
    """One clock cannot be entered twice, or the real one would be lost."""
    fake = FakeClock()
    with fake, pytest.raises(RuntimeError, match="already"):
        fake.__enter__()

    assert abs(clock.now() / 1000 - time.time()) < 5


def test_a_fake_clock_may_run_again():
    """Another block with the same clock begins at its start again."""
    fake = FakeClock(datetime(2030, 1, 1, tzinfo=timezone.utc))
    for _ in range(2):
        with fake:
            assert clock.now() == 1_893_456_000_000
            fake.advance(60)


def test_the_clock_needs_no_pytest():
    """An app may use FakeClock where neither pytest nor Hypothesis is installed."""
    import subprocess
    import sys

    program = (
        "import sys; from flask_sessionplus.testing import FakeClock;"
        "assert not {'pytest', 'hypothesis'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
