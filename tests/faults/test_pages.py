"""Going through very many sessions page by page takes no longer than through few."""

from __future__ import annotations

import time

import pytest

from flask_sessionplus.stores.base import Browsable, having
from tests.faults.filling import fill
from tests.faults.test_millions import assert_by_index, filled, statements_of
from tests.support.timing import assert_in_time

MANY = [10_000, pytest.param(1_000_000, marks=pytest.mark.torture)]

# Seconds, for one page; sessions on it.
PAGE = 0.100
LIMIT = 50


@pytest.mark.timed
@pytest.mark.parametrize("many", MANY)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb", "redis"])
def test_each_page_comes_in_time(kind, many):
    """A page of fifty takes less than 100 ms, wherever it is and however many there are."""
    with filled(kind, many) as (_, store, sids):
        [browsable] = having(store, Browsable)
        found, taken = go_through(browsable, many)
        # For whoever wants to know, with `pytest -s`.
        print(f"{kind}, {many}: pages take {describe(taken)}")  # noqa: T201

        assert found <= set(sids)
        assert len(found) >= many // 100
        assert_in_time(sorted(taken)[len(taken) * 99 // 100], PAGE)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_a_page_is_found_by_the_primary_key(kind):
    """The database goes along an index, from where the last page ended."""
    with filled(kind, 10_000) as (_, store, _sids):
        after = store.page(None, LIMIT).after
        [(statement, parameters)] = statements_of(store, lambda: store.page(after, LIMIT))

        assert "sid >" in statement
        assert_by_index(store, statement, parameters)


@pytest.mark.timed
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_what_has_expired_is_passed_quickly(kind):
    """Where nobody purges, and most of what is there has expired, a page comes in time, too."""
    with filled(kind, 100) as (made, store, sids):
        fill(store, made.config, 20_000, expired=True)
        began = time.perf_counter()
        page = store.page(None, LIMIT)
        taken = time.perf_counter() - began

        assert [sid for sid, _ in page.found] == sorted(sids)[:LIMIT]
        assert_in_time(taken, PAGE)


def go_through(browsable, many):
    """Return what is on pages all over the store, and how long each one took, in seconds."""
    found, taken, after = set(), [], None
    while True:
        began = time.perf_counter()
        page = browsable.page(after, LIMIT)
        taken.append(time.perf_counter() - began)
        assert len(page.found) <= LIMIT
        found |= {sid for sid, _ in page.found}
        after = page.after
        if after is None or len(taken) > many // 100:
            return found, taken


def describe(taken):
    """Say in milliseconds how long pages took."""
    ordered = sorted(taken)
    picked = {"median": len(ordered) // 2, "99%": len(ordered) * 99 // 100, "most": -1}
    figures = ", ".join(f"{name} {ordered[at] * 1000:.1f} ms" for name, at in picked.items())
    return f"{figures}, of {len(ordered)} pages"
