"""The Redis store on a Cluster of three masters and three replicas."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from redis.cluster import RedisCluster
from redis.crc import key_slot

from flask_sessionplus.errors import StoreUnavailable
from flask_sessionplus.record import Changes, Record
from flask_sessionplus.stores.base import Miss, Outcome
from flask_sessionplus.stores.redis import RedisStore
from flask_sessionplus.testing import StoreContract
from tests.stores.records import load, new_sid, put, save
from tests.stores.redisclaims import RedisClaims
from tests.stores.redisload import LARGE, Writer, wait_for_steps, writing
from tests.support import private_redis
from tests.support.missing import missing
from tests.support.timing import assert_in_time

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster():
    """Run a cluster for the tests of this file."""
    with tempfile.TemporaryDirectory(prefix="sessionplus-") as folder:
        os.chmod(folder, 0o755)
        try:
            with private_redis.cluster(Path(folder)) as cluster:
                yield cluster
        except private_redis.NotInstalled as program:
            missing(f"Redis Cluster: not installed: {program}")


class TestCluster(RedisClaims, StoreContract):
    """Records in a Redis Cluster that a URL names."""

    @pytest.fixture
    def opener(self, cluster, fresh_name):
        """Open a store whose keys begin with a name of this test's own."""
        return partial(RedisStore, cluster.url, f"{fresh_name}:")


@pytest.fixture
def store(cluster, fresh_name):
    """Return a store on the cluster."""
    store = RedisStore(cluster.url, f"{fresh_name}:")
    yield store
    store.close()


def test_a_ready_client_is_as_good(cluster, fresh_name):
    """A cluster's client of the app's own does the same."""
    host, port = "127.0.0.1", cluster.nodes[0].port
    with RedisCluster(host=host, port=port) as client:
        store = RedisStore(client, f"{fresh_name}:")
        sid, target = put(store, {"a": b"1", "large": LARGE}, owner="ada"), new_sid()
        save(store, sid, load(store, sid), Changes({"b": b"1"}, move_to=target))

        assert store.fetch(target, ["large"]) == {"large": LARGE}
        assert [sid for sid, _ in store.owned("ada")] == [target]
        assert list(store.browse()) == [target]
        assert store.delete(sid) is True


class Crash(BaseException):
    """The end of a process, in the middle of something."""


def crash_after(store, monkeypatch, count):
    """Let the process end when *count* scripts have been run."""
    run, done = store._link.run, []

    def run_or_crash(*args):
        if len(done) == count:
            raise Crash
        done.append(args)
        return run(*args)

    monkeypatch.setattr(store._link, "run", run_or_crash)
    monkeypatch.setattr(store._place, "_prolong", run_or_crash)


# A session that moves: enter, arrive, leave a tombstone; prolong, confirm.
@pytest.mark.parametrize("count", [1, 2])
def test_a_move_that_breaks_off_leaves_the_session(store, monkeypatch, count):
    """If the process ends before the old record is gone, it is as if nothing had been done."""
    sid, target = put(store, {"a": b"1", "large": LARGE}, owner="ada"), new_sid()
    seen = load(store, sid)
    crash_after(store, monkeypatch, count)
    with pytest.raises(Crash):
        store.apply(sid, seen, Changes({"b": b"1"}, move_to=target))
    monkeypatch.undo()

    assert load(store, sid) == seen
    assert store.fetch(sid, ["large"]) == {"large": LARGE}
    for key in (store._keys.record(target), store._keys.values(target)):
        # Nobody has the token of what is left there, and it is gone soon.
        assert store._link.ask("PTTL", key) <= 60_000
    save(store, sid, seen, Changes({"b": b"1"}, move_to=new_sid()))


def test_a_move_that_breaks_off_late_has_happened(store, monkeypatch):
    """If the process ends after it, the session has moved; nothing of it is there twice."""
    sid, target = put(store, {"a": b"1", "large": LARGE}, owner="ada"), new_sid()
    crash_after(store, monkeypatch, 3)
    with pytest.raises(Crash):
        store.apply(sid, load(store, sid), Changes({"b": b"1"}, move_to=target))
    monkeypatch.undo()

    assert store.load(sid) is Miss.MOVED
    assert load(store, target).values == {"a": b"1", "b": b"1"}
    assert store.fetch(target, ["large"]) == {"large": LARGE}
    assert [sid for sid, _ in store.owned("ada")] == [target]
    assert store.delete(sid) is True
    assert store.load(target) is Miss.UNKNOWN


def test_a_move_that_lost_the_race_leaves_nothing(store, monkeypatch):
    """If the session ends while it moves, no copy of it lives on under the new sid."""
    sid, target = put(store, {"large": LARGE}, owner="ada"), new_sid()
    seen = load(store, sid)
    write = store._place._write

    def write_then_delete(*args):
        answer = write(*args)
        store.delete(sid)
        return answer

    monkeypatch.setattr(store._place, "_write", write_then_delete)
    assert store.apply(sid, seen, Changes(move_to=target)).outcome is Outcome.GONE
    monkeypatch.undo()

    assert store.load(target) is Miss.UNKNOWN
    assert store._link.ask("EXISTS", store._keys.values(target)) == 0
    assert store.owned("ada") == []


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_sign_in_that_breaks_off_is_found(store, monkeypatch, count):
    """Wherever the process ends: a session that is the owner's is in the index, no other is."""
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    crash_after(store, monkeypatch, count)
    with pytest.raises(Crash):
        store.apply(sid, seen, Changes(owner="ada"))
    monkeypatch.undo()

    is_hers = load(store, sid).owner == "ada"
    assert is_hers == (count == 2)
    assert [sid for sid, _ in store.owned("ada")] == ([sid] if is_hers else [])
    assert store._link.ask("ZCARD", store._keys.index("ada")) == int(is_hers)


def test_an_entry_made_before_its_record_stays(store, monkeypatch):
    """Who lists an owner's sessions in the middle of a sign-in does not hide the new one."""
    sid = put(store, {"a": b"1"})
    write = store._place._write

    def look_then_write(*args):
        assert store.owned("ada") == []
        return write(*args)

    monkeypatch.setattr(store._place, "_write", look_then_write)
    save(store, sid, load(store, sid), Changes(owner="ada"))
    monkeypatch.undo()

    assert [sid for sid, _ in store.owned("ada")] == [sid]


def test_an_entry_read_before_its_record_stays(store, monkeypatch):
    """The same if he has read the index before, and repairs it after the sign-in."""
    sid = put(store, {"a": b"1"})
    write, members = store._place._write, []

    def read_then_write(*args):
        members.extend(store._place.members("ada"))
        return write(*args)

    monkeypatch.setattr(store._place, "_write", read_then_write)
    save(store, sid, load(store, sid), Changes(owner="ada"))
    monkeypatch.undo()
    assert [sid for sid, _ in members] == [sid]
    store._place.forget("ada", members)

    assert [sid for sid, _ in store.owned("ada")] == [sid]


def slots_of(writers):
    """Return the hash slots of all that *writers* write."""
    return [key_slot(writer.store._keys.record(writer.sid)) for writer in writers]


@contextmanager
def under_load(cluster, prefix, count=4):
    """Run writers for a block, and look for what they wrote after it."""
    stores = [RedisStore(cluster.url, prefix) for _ in range(count)]
    writers = [Writer(store, is_large=number == 0) for number, store in enumerate(stores)]
    try:
        with writing(writers):
            wait_for_steps(writers, 10)
            yield writers
            wait_for_steps(writers, 10)
        for writer in writers:
            writer.check()
    finally:
        for store in stores:
            store.close()


def reshard(cluster, slots, rounds):
    """Move *slots*, with what is in them, from master to master."""
    for _ in range(rounds):
        for slot in slots:
            masters = cluster.masters()
            owner = next(each for each in masters if has_slot(each, slot))
            cluster.move_slot(slot, owner, random.choice([m for m in masters if m is not owner]))


def has_slot(node, slot):
    """Tell whether *node* serves *slot*."""
    own = next(line for line in node.ask("CLUSTER", "SHARDS") if has_node(line, node))
    numbers = own[own.index("slots") + 1]
    return any(
        first <= slot <= last for first, last in zip(numbers[::2], numbers[1::2], strict=True)
    )


def has_node(shard, node):
    """Tell whether *node* is one of *shard*."""
    nodes = shard[shard.index("nodes") + 1]
    return any(each[each.index("port") + 1] == node.port for each in nodes)


def test_resharding_loses_nothing(cluster, fresh_name):
    """While slots move under their sessions, nobody is signed out, nothing is lost or doubled."""
    with under_load(cluster, f"{fresh_name}:") as writers:
        reshard(cluster, slots_of(writers), rounds=3)


def test_a_server_that_has_just_joined_is_found(cluster, store):
    """A session on its way to a server that nobody has heard of yet is neither lost nor a fault."""
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    slot = key_slot(store._keys.record(sid))
    owner = next(each for each in cluster.masters() if has_slot(each, slot))
    with tempfile.TemporaryDirectory(prefix="sessionplus-") as folder:
        os.chmod(folder, 0o755)
        with cluster.newcomer(Path(folder, "newcomer")) as newcomer:
            cluster.begin_to_move_slot(slot, owner, newcomer)
            assert load(store, sid) == seen
            seen = save(store, sid, seen, Changes({"b": b"1"}))
            cluster.end_to_move_slot(slot, owner, newcomer)
            assert load(store, sid) == seen
            cluster.move_slot(slot, newcomer, owner)

    assert load(store, sid) == seen


@pytest.mark.torture
def test_much_resharding_loses_nothing(cluster, fresh_name):
    """The same, a hundred times."""
    with under_load(cluster, f"{fresh_name}:") as writers:
        reshard(cluster, slots_of(writers), rounds=100)


def fail_over(cluster):
    """Let each master's replica take over in good order, one after the other."""
    for node in [node for node in cluster.nodes if node not in cluster.masters()]:
        node.ask("CLUSTER", "FAILOVER")
        private_redis.wait_for(lambda node=node: node.ask("ROLE")[0] == "master")


def test_a_failover_loses_nothing(cluster, fresh_name):
    """While replicas take over, nobody is signed out, and nothing saved is missing."""
    with under_load(cluster, f"{fresh_name}:"):
        fail_over(cluster)
    cluster.wait_until_whole()


@pytest.mark.timed
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_the_death_of_a_master_signs_nobody_out(cluster, fresh_name, number):
    """If a master is killed, or hangs, its sessions are a fault for a moment, and there again."""
    cluster.wait_until_whole()
    store = RedisStore(cluster.url, f"{fresh_name}:")
    sids = [put(store, {"a": b"%d" % number}) for number in range(60)]
    master = cluster.masters()[0]
    # What the replica does not have yet is lost with any master.
    private_redis.wait_for(lambda: master.ask("WAIT", 1, 500) >= 1)
    time.sleep(0.2)
    master.send(number)
    try:
        waiting, deadline = list(sids), time.monotonic() + 20
        while waiting:
            assert time.monotonic() < deadline
            waiting = [sid for sid in waiting if not is_there(store, sid)]
    finally:
        master.send(signal.SIGCONT) if number == signal.SIGSTOP else master.start()
    cluster.wait_until_whole()
    store.close()


def is_there(store, sid):
    """Load a record, within the time limit; return False if the store does not answer."""
    began = time.monotonic()
    try:
        found = store.load(sid)
    except StoreUnavailable:
        found = None
    assert found is None or isinstance(found, Record)
    assert_in_time(time.monotonic() - began, 1.5 + 0.5)
    return found is not None
