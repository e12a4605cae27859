"""How long a refusal takes says nothing of how near the guess was (F-31)."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable

import pytest

from flask_sessionplus.record import Record
from flask_sessionplus.stores.base import Miss, Store
from flask_sessionplus.stores.memory import MemoryStore
from flask_sessionplus.stores.sql import SQLStore
from flask_sessionplus.tokens import digest, new_token

SAMPLES = 20_000
_LIMIT = 4.5
_FAR = 2**52


@pytest.fixture(params=["memory", "sqlite"])
def store(request, tmp_path):
    """Return a store with a thousand sessions."""
    if request.param == "memory":
        yield MemoryStore()
        return
    store = SQLStore(f"sqlite:///{tmp_path / 'sessions.sqlite'}")
    yield store
    store.close()


def seconds(do: Callable[[], object]) -> float:
    """Return how long *do* takes."""
    began = time.perf_counter()
    do()
    return time.perf_counter() - began


def welch(one: list[float], other: list[float]) -> float:
    """Return Welch's t of the faster nine tenths of both: the rest is the machine's."""
    ones, others = (sorted(times)[: len(times) * 9 // 10] for times in (one, other))
    spread = statistics.variance(ones) / len(ones) + statistics.variance(others) / len(others)
    return (statistics.fmean(ones) - statistics.fmean(others)) / spread**0.5


@pytest.mark.torture
def test_a_guess_that_is_nearly_right_takes_as_long(store: Store) -> None:
    """A token that differs from a good one in its last character only is as far off as any."""
    tokens = [new_token() for _ in range(1000)]
    for token in tokens:
        assert store.create(digest(token), Record(0, 0, _FAR, {"a": b"1"}))
    times: dict[str, list[float]] = {"near": [], "far": []}
    gc.disable()
    try:
        for number in range(SAMPLES):
            known = tokens[number % len(tokens)]
            guesses = {"near": known[:-1] + ("A" if known[-1] != "A" else "B"), "far": new_token()}
            # In turn, so that whatever the machine does at the time meets both.
            for kind in sorted(guesses, reverse=bool(number % 2)):
                sid = digest(guesses[kind])
                times[kind].append(seconds(lambda sid=sid: store.load(sid)))  # type: ignore[misc]
                assert isinstance(store.load(sid), Miss)
    finally:
        gc.enable()

    assert abs(welch(times["near"], times["far"])) < _LIMIT


def test_no_part_of_a_token_is_looked_up() -> None:
    """What stores compare is a digest: two tokens that begin alike have nothing in common."""
    token = new_token()
    other = token[:-1] + ("A" if token[-1] != "A" else "B")
    common = sum(a == b for a, b in zip(digest(token), digest(other), strict=True))

    assert common < 8
