"""Counts of an hour, and how they are added."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_sessionplus.codec import Codec
from flask_sessionplus.counting import OTHER, Call, Tally, harmless
from flask_sessionplus.tokens import digest, handle, new_token

COUNTS = st.integers(0, 10**6)
CALLS = st.builds(
    Call, st.integers(0, 10**13), st.just("S"), st.just("load"), st.floats(0, 100), st.text()
)


@st.composite
def tallies(draw):
    """Make up an hour."""
    tally = Tally(*[draw(COUNTS) for _ in range(3)])
    for name in draw(st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), max_size=60)):
        tally.add_browser(name)
    for call in draw(st.lists(CALLS, max_size=30)):
        tally.add_call(call, has_failed=bool(call.message))
    return tally


@given(tallies(), tallies())
def test_sums_are_exact(one, two):
    """Whatever is added, the numbers are those of both."""
    total = one.plus(two)

    for name in ("created", "ended", "lost", "failed", "calls"):
        assert getattr(total, name) == getattr(one, name) + getattr(two, name)
    assert total.seconds == one.seconds + two.seconds
    assert sum(total.browsers.values()) == sum([*one.browsers.values(), *two.browsers.values()])


@given(tallies(), tallies())
def test_the_slowest_and_the_last_are_kept(one, two):
    """Of the calls of both the ten slowest, and of the failures the twenty last."""
    total = one.plus(two)
    slow = sorted([call.seconds for call in [*one.slowest, *two.slowest]], reverse=True)
    late = sorted([call.at for call in [*one.failures, *two.failures]], reverse=True)

    assert [call.seconds for call in total.slowest] == slow[:10]
    assert [call.at for call in total.failures] == late[:20]


@given(tallies())
def test_it_comes_back_from_a_store(tally):
    """Stored and read again, it is the same."""
    codec = Codec()

    assert Tally.from_plain(codec.decode(codec.encode(tally.to_plain()))) == tally


def test_one_is_not_changed_by_adding():
    """The sum is another object: what is kept for later is not added to behind its back."""
    one, two = Tally(browsers={"a": 1}), Tally(browsers={"a": 2})
    one.plus(two).add_browser("a")

    assert (one.browsers, two.browsers) == ({"a": 1}, {"a": 2})


def test_browsers_are_bounded():
    """However many names visitors make up, the frequent ones are told apart, others are one."""
    tally = Tally()
    for number in range(5_000):
        tally.add_browser(f"made up {number}")
        tally.add_browser("Firefox")
    total = Tally(browsers={"Safari": 50}).plus(tally)

    assert len(tally.browsers) <= 201
    assert len(total.browsers) == 21
    assert sum(total.browsers.values()) == 10_050
    assert (total.browsers["Firefox"], total.browsers["Safari"]) == (5_000, 50)
    assert total.browsers[OTHER] > 4_900


def test_an_hour_has_a_size():
    """However much happens, the record of an hour stays small."""
    tally = Tally()
    for number in range(2_000):
        tally.add_browser(f"{'x' * 30} {number}")
        tally.add_call(Call(number, "SQLStore", "load", number, harmless("word " * 500)), True)

    assert len(Codec().encode(Tally().plus(tally).to_plain())) < 12_000


@pytest.mark.parametrize(
    "make",
    [
        lambda token: token,
        lambda token: digest(token).hex(),
        lambda token: handle(digest(token)),
        lambda token: f"/var/sessions/ab/cd/{digest(token).hex()}",
        lambda token: f"sp:{{{handle(digest(token))}}}:v",
    ],
)
def test_a_message_names_no_session(make):
    """Not even in the way in which a driver or the system spells it."""
    for _ in range(50):
        name = make(new_token())
        message = harmless(f"No space left on device ({name}). Look at the disk.")

        assert message.startswith("No space left on device (")
        assert message.endswith("…). Look at the disk.") or "…}" in message
        assert name[-20:] not in message
        assert name[-40:-20] not in message or len(name) < 60


def test_a_message_stays_what_it_is():
    """Words, addresses, ports and names of classes are left alone, and the length has an end."""
    message = (
        "The Redis server does not answer: ConnectionError: Error 111 connecting to"
        " redis-1.internal.example.com:6379. psycopg.errors.InsufficientPrivilege, line 12."
    )

    assert harmless(message) == message
    assert len(harmless("word " * 1_000)) == 300
