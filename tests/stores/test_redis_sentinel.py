"""The Redis store on a master that sentinels watch over."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from redis.sentinel import Sentinel

from flask_sessionplus.errors import StoreUnavailable
from flask_sessionplus.stores.redis import RedisStore
from flask_sessionplus.testing import StoreContract
from flask_sessionplus.testing.contract.keeping import KeepClaims
from flask_sessionplus.testing.contract.moving import MoveClaims
from tests.stores.records import load, new_sid, put
from tests.stores.redisclaims import RedisHooks
from tests.stores.redisload import Writer, wait_for_steps, writing
from tests.support import private_redis
from tests.support.missing import missing
from tests.support.processes import free_port
from tests.support.timing import within

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def watched():
    """Run a master, a replica and three sentinels for the tests of this file."""
    with tempfile.TemporaryDirectory(prefix="sessionplus-") as folder:
        os.chmod(folder, 0o755)
        try:
            with private_redis.sentinels(Path(folder)) as watched:
                yield watched
        except private_redis.NotInstalled as program:
            missing(f"Redis Sentinel: not installed: {program}")


class TestSentinel(RedisHooks, StoreContract):
    """Records in a Redis whose address sentinels know."""

    @pytest.fixture
    def opener(self, watched, fresh_name):
        """Open a store whose keys begin with a name of this test's own."""
        return partial(RedisStore, watched.url, f"{fresh_name}:")


def by_client(ports, prefix):
    """Open a store by a client of the app's own."""
    sentinels = Sentinel([("127.0.0.1", port) for port in ports])
    return RedisStore(sentinels.master_for("sessions"), prefix)


class TestSentinelClient(KeepClaims, MoveClaims):
    """The same by a ready client."""

    powers = RedisHooks.powers

    @pytest.fixture
    def opener(self, watched, fresh_name):
        """Open a store whose keys begin with a name of this test's own."""
        return partial(by_client, [each.port for each in watched.sentinels], f"{fresh_name}:")


@pytest.fixture
def writers(watched, fresh_name):
    """Return four writers, who take for saved what the replica has as well."""
    watched.wait_until_whole()
    stores = [RedisStore(watched.url, f"{fresh_name}:") for _ in range(4)]
    yield [Writer(store, wait_for=1, is_large=number == 3) for number, store in enumerate(stores)]
    for store in stores:
        store.close()


def fail_over(watched):
    """Let the sentinels make the replica the master, in good order, and wait until it is."""
    former = watched.master()
    watched.sentinels[0].ask("SENTINEL", "FAILOVER", "sessions")
    private_redis.wait_for(lambda: watched.master() is not former)
    watched.wait_until_whole()


def kill_master(watched, is_patient=True):
    """Kill the master, wait until the replica is the master, and start the dead one again.

    The sentinels tell it after ten seconds that it is a replica now, or we do at once.
    """
    former = watched.master()
    former.send(signal.SIGKILL)
    private_redis.wait_for(lambda: watched.master() is not former)
    time.sleep(0.2)
    former.start()
    if not is_patient:
        former.ask("REPLICAOF", "127.0.0.1", watched.master().port)
    watched.wait_until_whole()


def through(watched, writers, change):
    """Let *change* happen under load; nothing may be missing afterwards."""
    with writing(writers):
        wait_for_steps(writers, 10)
        change(watched)
        wait_for_steps(writers, 10)
    for writer in writers:
        writer.check()


@pytest.mark.torture
def test_a_failover_loses_nothing(watched, writers):
    """While the replica takes over, nobody is signed out, and nothing saved is missing."""
    through(watched, writers, fail_over)


def test_the_death_of_a_master_loses_nothing(watched, writers):
    """If the master is killed, nobody is signed out, and nothing is missing that was saved."""
    through(watched, writers, partial(kill_master, is_patient=False))

    assert sum(writer.faults for writer in writers) > 0


@pytest.mark.torture
def test_many_failovers_lose_nothing(watched, writers):
    """The same, ten times each."""
    for _ in range(10):
        through(watched, writers, fail_over)
        through(watched, writers, kill_master)


def test_a_replica_is_not_taken_for_the_master(watched, fresh_name, monkeypatch):
    """If the sentinels name a server that is no master, nobody is signed out by it."""
    watched.wait_until_whole()
    store = RedisStore(watched.url, fresh_name)
    sid = put(store, {"a": b"1"})
    store.close()
    master = watched.master()
    (replica,) = (each for each in watched.servers if each is not master)
    address = lambda *_: ("127.0.0.1", replica.port)  # noqa: E731
    monkeypatch.setattr(Sentinel, "discover_master", address)
    with pytest.raises(StoreUnavailable, match="no master"):
        store.load(sid)
    monkeypatch.undo()

    assert load(store, sid).values == {"a": b"1"}
    store.close()


@pytest.mark.timed
def test_sentinels_that_are_gone_are_a_fault():
    """Where no sentinel answers, it is a fault, and soon."""
    hosts = ",".join(f"127.0.0.1:{free_port()}" for _ in range(3))
    with (
        closing(RedisStore(f"redis+sentinel://{hosts}/sessions")) as store,
        within(1.5),
        pytest.raises(StoreUnavailable, match="sessions"),
    ):
        store.load(new_sid())


@pytest.mark.timed
def test_one_sentinel_is_enough(watched, fresh_name):
    """Sentinels that are gone, or hang, are passed over."""
    hosts = f"127.0.0.1:{free_port()},127.0.0.1:{watched.sentinels[1].port}"
    watched.sentinels[0].send(signal.SIGSTOP)
    try:
        with (
            closing(RedisStore(f"redis+sentinel://{hosts}/sessions", fresh_name)) as store,
            closing(RedisStore(watched.url, fresh_name)) as slow,
            within(1.5),
        ):
            sid = put(store, {"a": b"1"})
            assert load(slow, sid).values == {"a": b"1"}
    finally:
        watched.sentinels[0].send(signal.SIGCONT)
