"""A PostgreSQL that hangs, crashes and comes back, under load."""

from __future__ import annotations

import time
from contextlib import closing
from functools import partial
from threading import Event

import pytest
from sqlalchemy import text

from flask_sessionplus.errors import StoreConflict, StoreError, StoreUnavailable
from flask_sessionplus.record import Changes, Record
from flask_sessionplus.stores import sqlengine
from flask_sessionplus.stores.base import Outcome
from flask_sessionplus.stores.sql import SQLStore
from flask_sessionplus.testing.contract.threads import together
from tests.stores.privatepostgresql import private_postgresql
from tests.stores.records import load, put, save
from tests.support.missing import missing
from tests.support.private_servers import NotInstalled
from tests.support.probe import execute
from tests.support.timing import assert_in_time

pytestmark = [pytest.mark.slow, pytest.mark.e2e]


@pytest.fixture(scope="module")
def server():
    """Start a PostgreSQL for these tests alone."""
    try:
        with private_postgresql() as server:
            yield server
    except NotInstalled as programs:
        missing(f"PostgreSQL: not installed: {programs}")


@pytest.fixture
def store(server):
    """Return a store that is ready."""
    with closing(SQLStore(server.url)) as store:
        store.prepare()
        yield store


def timed(use, *arguments):
    """Return how many seconds it takes, and the error if there is one."""
    began = time.monotonic()
    try:
        use(*arguments)
    except StoreUnavailable as error:
        return time.monotonic() - began, error
    return time.monotonic() - began, None


def seconds_until(use):
    """Call *use* until it succeeds; return how long that took."""
    began = time.monotonic()
    while timed(use)[1] is not None:
        assert time.monotonic() - began < 30
        Event().wait(0.05)
    return time.monotonic() - began


@pytest.mark.timed
def test_a_hung_server_holds_nobody_for_long(server, monkeypatch):
    """Whoever waits for an answer gives up in time; the rest are refused at once."""
    monkeypatch.setattr(sqlengine, "_STATEMENT_SECONDS", 1)
    with closing(SQLStore(server.url)) as store:
        store.prepare()
        sid = put(store, {"a": b"1"})
        together(*[partial(store.load, sid)] * 5)
        with server.hung():
            answers = together(*[partial(timed, store.load, sid)] * 8)
            assert all(error is not None for _, error in answers)
            # The statement's own limit, and what we give it beyond that.
            assert_in_time(max(seconds for seconds, _ in answers), 1 + 1 + 2)
            refused = [timed(store.load, sid) for _ in range(20)]
            assert all(error is not None for _, error in refused)
            assert_in_time(sorted(seconds for seconds, _ in refused)[-2], 0.1)
            # Who probes meanwhile does not wait for long either.
            Event().wait(1.0)
            assert_in_time(timed(store.load, sid)[0], 3)

        assert_in_time(seconds_until(partial(load, store, sid)), 2.5)
        save(store, sid, load(store, sid), Changes({"a": b"2"}))


@pytest.mark.parametrize("crashes", [1, pytest.param(10, marks=pytest.mark.torture)])
def test_a_crash_loses_nothing(server, store, crashes):
    """What was acknowledged is there after a crash, and no one was told that he has no session."""
    sids = [put(store, {"n": b"0"}) for _ in range(4)]
    done, acknowledged, strange = Event(), dict.fromkeys(sids, 0), []

    def work(sid):
        while not done.is_set():
            try:
                found = store.load(sid)
                if not isinstance(found, Record):
                    strange.append(found)
                    return
                number = acknowledged[sid] + 1
                outcome, _ = store.apply(sid, found, Changes({"n": b"%d" % number}))
                if outcome is not Outcome.SAVED:
                    strange.append(outcome)
                acknowledged[sid] = number
            except StoreError:
                Event().wait(0.01)

    def ill_treat():
        try:
            for _ in range(crashes):
                Event().wait(0.5)
                command = server.crash()
                Event().wait(0.5)
                server.close()
                server.start(command)
                before = dict(acknowledged)
                began = time.monotonic()
                while any(acknowledged[sid] == before[sid] for sid in sids):
                    assert time.monotonic() - began < 20, "no recovery"
                    Event().wait(0.01)
        finally:
            done.set()

    together(ill_treat, *[partial(work, sid) for sid in sids])

    assert strange == []
    for sid, number in acknowledged.items():
        assert int(load(store, sid).values["n"]) >= number > 0


@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.torture)])
def test_nobody_notices_terminated_connections(server, store, seconds):
    """While an administrator ends connections all the time, counters stay exact."""
    sids = [put(store, {"n": b"0"}) for _ in range(4)]
    done, counted, faults, kills = Event(), dict.fromkeys(sids, 0), [], []

    def count(sid):
        while not done.is_set():
            seen = load(store, sid)
            number = int(seen.values["n"])
            changes = Changes({"n": b"%d" % (number + 1)}, expects={"n": b"%d" % number})
            try:
                outcome, _ = store.apply(sid, seen, changes)
                assert outcome is Outcome.SAVED
                counted[sid] += 1
            except StoreConflict:
                raise
            except StoreUnavailable as error:
                faults.append(error)
                # Nobody knows: but it was saved once or not at all.
                after = int(load(store, sid).values["n"])
                assert after in (number, number + 1)
                counted[sid] = after

    def terminate():
        try:
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                Event().wait(0.1)
                execute(
                    server.url,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE query LIKE '%flask_sessions%' AND pid <> pg_backend_pid()",
                )
                kills.append(1)
        finally:
            done.set()

    together(terminate, *[partial(count, sid) for sid in sids])

    assert len(kills) > 5
    assert len(faults) <= len(kills) * len(sids)
    for sid, number in counted.items():
        assert load(store, sid).values["n"] == b"%d" % number
        assert number > 0


def test_large_columns_are_not_compressed(store):
    """A table made by us keeps large values as they are: compressing takes longer than all else."""
    with store.engine.connect() as connection:
        how = connection.execute(
            text(
                "SELECT attrelid::regclass::text, attstorage FROM pg_attribute"
                " WHERE attname = 'data' AND attrelid IN"
                " ('flask_sessions'::regclass, 'flask_sessions_values'::regclass)"
            )
        ).all()

    assert {storage for _, storage in how} == {"e"}
    assert len(how) == 2
