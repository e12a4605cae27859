"""F-23: a store with very many sessions reads, lists and purges as one with few."""

from __future__ import annotations

import gc
import random
import time
from contextlib import ExitStack, contextmanager

import pytest
from sqlalchemy import event, text

from flask_sessionplus.record import Record
from flask_sessionplus.stores.base import Browsable, OwnerIndex, having
from flask_sessionplus.testing.workers import Workers
from tests.faults.filling import fill, purge
from tests.faults.places import Place, place
from tests.support.timing import assert_in_time

FEW = 1_000
READS = 1_500
MANY = [10_000, pytest.param(1_000_000, marks=pytest.mark.torture)]
EXPIRED = [5_000, pytest.param(100_000, marks=pytest.mark.torture)]

# Kilobytes, seconds.
MEMORY = 64 * 1024
LISTING = 0.020


@pytest.fixture(params=["sqlite", "postgresql", "redis"])
def kind(request):
    """Name each kind that is meant to hold that many."""
    return request.param


@contextmanager
def filled(kind, count):
    """Yield a place with so many sessions, its store, and their sids."""
    with ExitStack() as stack:
        made = stack.enter_context(place(kind))
        store = made.open()
        sids = fill(store, made.config, count)
        if kind != "redis":
            with store.engine.connect() as connection:
                kinds = "TABLE " if connection.dialect.name in ("mysql", "mariadb") else ""
                connection.execute(text(f"ANALYZE {kinds}{store.table.name}"))
        yield made, store, sids


@pytest.fixture
def own_redis(redis_server):
    """Return a place on a Redis whose commands nobody else's are among."""
    redis_server.ask("CONFIG", "SET", "appendonly", "no")
    config = {"SESSION_STORE": redis_server.url, "SESSION_KEY_PREFIX": "sp:"}
    made = Place("redis", config)
    yield made
    made.close()


@pytest.mark.timed
@pytest.mark.parametrize("many", MANY)
def test_reading_takes_no_longer(kind, many, request):
    """The slowest of a hundred reads takes at most 1.5 times what it takes among a thousand."""
    if (kind, many) == ("sqlite", 1_000_000):
        # Each read is two pages that are not in its cache: 5 microseconds more, of 10.
        reason = "SQLite reads two pages from the disk's cache: a whole request takes 1.05 times"
        request.applymarker(pytest.mark.xfail(reason=reason, strict=False))
    with filled(kind, FEW) as (_, small, few), filled(kind, many) as (_, large, sids):
        # The machine has its moods: the best of some.
        assert any(ratio(large, sids, small, few) <= 1.5 for _ in range(6))


def ratio(large, sids, small, few):
    """Return the ratio of the 99th percentiles, of reads that take turns."""
    times = {large: [], small: []}
    gc.disable()
    try:
        for _ in range(READS):
            for store, known in ((large, sids), (small, few)):
                sid = random.choice(known)
                began = time.perf_counter()
                record = store.load(sid)
                times[store].append(time.perf_counter() - began)
                assert isinstance(record, Record)
    finally:
        gc.enable()
    percentiles = {store: sorted(taken)[READS * 99 // 100] for store, taken in times.items()}
    return percentiles[large] / percentiles[small]


@pytest.mark.parametrize("expired", EXPIRED)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_purging_takes_little_memory(kind, expired):
    """However many have expired, purging them needs little memory and spares the others."""
    workers = Workers(1)
    with filled(kind, FEW) as (made, store, sids):
        fill(store, made.config, expired, expired=True)
        try:
            [(removed, grown)] = workers.run(purge, made.config)
        finally:
            workers.close()

        assert (removed, store.count_expired()) == (expired, 0)
        assert grown <= MEMORY
        assert all(isinstance(store.load(sid), Record) for sid in sids[::50])


@pytest.mark.timed
@pytest.mark.parametrize("many", MANY)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
def test_a_database_lists_an_owners_sessions_by_its_index(kind, many):
    """Ten sessions of an owner are listed, and one is found, in time; no table is read through."""
    with filled(kind, many) as (_, store, sids):
        assert_listed(store, sids)
        statements = statements_of(store, lambda: store.owned("owner-7"))
        statements += statements_of(store, lambda: store.find(sids[7][:16]))

        assert len(statements) == 2
        for statement, parameters in statements:
            assert_by_index(store, statement, parameters)


def assert_listed(store, sids):
    """The sessions of one owner are found, in time."""
    [index] = having(store, OwnerIndex)
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        found = index.owned("owner-7")
        taken.append(time.perf_counter() - began)
        assert {sid for sid, _ in found} == set(sids[70:80])
    assert_in_time(min(taken), LISTING)


def statements_of(store, do):
    """Return what *do* asks the database, with the parameters."""
    found = []

    def note(connection, cursor, statement, parameters, context, executemany):
        found.append((statement, parameters))

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        do()
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
    return found


def assert_by_index(store, statement, parameters):
    """The database plans to use an index for it."""
    with store.engine.connect() as connection:
        name = connection.dialect.name
        explain = "EXPLAIN QUERY PLAN" if name == "sqlite" else "EXPLAIN"
        rows = connection.exec_driver_sql(f"{explain} {statement}", parameters).all()
    plan = "\n".join(str(tuple(row)) for row in rows)
    if name == "sqlite":
        assert "SCAN" not in plan
        assert "USING" in plan
    elif name == "postgresql":
        assert "Seq Scan" not in plan
    else:
        assert all(row.type in ("ref", "const", "range", "eq_ref") for row in rows), plan


@pytest.mark.timed
@pytest.mark.parametrize("many", MANY)
def test_redis_lists_an_owners_sessions_by_its_index(own_redis, redis_server, many):
    """The same holds for Redis, which is asked neither KEYS nor SCAN."""
    store = own_redis.open()
    sids = fill(store, own_redis.config, many)
    redis_server.ask("CONFIG", "RESETSTAT")
    assert_listed(store, sids)
    asked = set(redis_server.ask("INFO", "commandstats"))

    assert not {name for name in asked if "scan" in name or "keys" in name}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "redis"])
def test_what_was_filled_in_is_real(kind):
    """The sessions put there by hand are those that the store itself would have written."""
    with filled(kind, 20) as (_, store, sids):
        [browsable] = having(store, Browsable)

        assert browsable.count() == 20
        assert set(browsable.browse()) == set(sids)
