"""The Redis store when connections end, and when the server refuses, hangs or is gone."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from pathlib import Path

import pytest
import redis

from flask_sessionplus.errors import StoreUnavailable
from flask_sessionplus.record import Changes, Record
from flask_sessionplus.stores.base import Miss, Outcome
from flask_sessionplus.stores.redis import RedisStore
from flask_sessionplus.testing.jobs import count_up
from tests.stores.records import load, new_record, new_sid, put, save
from tests.stores.redisproxy import answering, proxy
from tests.support import private_redis
from tests.support.missing import missing
from tests.support.processes import free_port
from tests.support.timing import assert_in_time

pytestmark = pytest.mark.slow

# The most a request may take for one question, in seconds.
MOST = 1.5

# How everything that asks the server is called.
USES = {
    "load": lambda store: store.load(new_sid()),
    "create": lambda store: store.create(new_sid(), new_record()),
    "create_owned": lambda store: store.create(new_sid(), new_record(owner="ada")),
    "apply": lambda store: store.apply(new_sid(), new_record(), Changes({"a": b"1"})),
    "move": lambda store: store.apply(new_sid(), new_record(), Changes(move_to=new_sid())),
    "delete": lambda store: store.delete(new_sid()),
    "fetch": lambda store: store.fetch(new_sid(), ["a"]),
    "owned": lambda store: store.owned("ada"),
    "delete_owned": lambda store: store.delete_owned("ada"),
    "browse": lambda store: list(store.browse()),
    "count": lambda store: store.count(),
}
each_use = pytest.mark.parametrize("use", USES.values(), ids=USES)


@pytest.fixture(scope="module")
def server():
    """Run a server that these tests may stop and kill; it keeps everything on disk."""
    with tempfile.TemporaryDirectory(prefix="sessionplus-") as folder:
        os.chmod(folder, 0o755)
        options = ("--appendonly", "yes", "--appendfsync", "always")
        try:
            with private_redis.server(Path(folder, "server"), *options) as server:
                yield server
        except private_redis.NotInstalled as program:
            missing(f"a Redis of our own: not installed: {program}")


@pytest.fixture
def store(server, fresh_name):
    """Return a store on it."""
    store = RedisStore(server.url, fresh_name)
    yield store
    store.close()


@pytest.fixture
def relay(server):
    """Run a proxy in front of it."""
    with proxy(server.port) as relay:
        yield relay


@pytest.fixture
def relayed(relay, fresh_name):
    """Return a store behind the proxy, with a connection that is open."""
    store = RedisStore(relay.url, fresh_name)
    store.load(new_sid())
    yield store
    store.close()


def test_a_killed_connection_is_replaced(server, store):
    """Whatever is done next on a connection that the server has ended, it is done."""
    sid = put(store, {"a": b"1"}, owner="ada")
    seen = load(store, sid)
    for name, use in {
        "load": lambda: load(store, sid),
        "apply": lambda: save(store, sid, seen, Changes({"b": b"1"})),
        "create": lambda: put(store),
        "owned": lambda: store.owned("ada"),
        "delete": lambda: store.delete(sid),
    }.items():
        server.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert use(), name


@pytest.mark.parametrize("what", ["request", "answer"])
def test_the_fate_of_a_write_is_found_out(relay, relayed, store, what):
    """Whether the connection ended before or after it was done: it is done, and done once."""
    sid, fresh = put(store, {"n": b"1"}, owner="ada"), new_sid()
    seen = load(store, sid)
    relay.drop(what)
    assert relayed.create(fresh, new_record({"a": b"1"})) is True
    relay.drop(what)
    saved = save(relayed, sid, seen, Changes({"n": b"2"}, expects={"n": b"1"}))
    assert saved == load(store, sid)
    relay.drop(what)
    save(relayed, sid, saved, Changes({"large": bytes(20_000)}, owner="bob"))
    target = new_sid()
    relay.drop(what)
    moved = save(relayed, sid, load(store, sid), Changes({"n": b"3"}, move_to=target))

    assert relay.dropped == 4
    assert load(store, target) == moved
    assert moved.revision == seen.revision + 3
    assert [sid for sid, _ in store.owned("bob")] == [target]
    assert store.load(sid) is Miss.MOVED


def test_a_counter_stays_exact(relay, relayed, store):
    """However often the connection ends before or after a step, each step counts once."""
    sid = put(store, {"n": b"0"})
    for number in range(30):
        relay.drop("answer" if number % 2 else "request")
        count_up(relayed, sid, load(store, sid), 1)

    assert relay.dropped == 30
    assert load(store, sid).values == {"n": b"30"}


@pytest.mark.parametrize("what", ["request", "answer"])
def test_a_write_is_merged_again_if_others_came_between(relay, relayed, store, what):
    """What may be done twice is done again, on what others have written meanwhile."""
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    relay.drop(what, lambda: save(store, sid, seen, Changes({"theirs": b"1"})))
    save(relayed, sid, seen, Changes({"ours": b"1"}))

    assert relay.dropped == 1
    assert load(store, sid).values == {"a": b"1", "ours": b"1", "theirs": b"1"}


@pytest.mark.parametrize("what", ["request", "answer"])
def test_what_must_not_be_done_twice_is_not(relay, relayed, store, what):
    """If nobody can tell whether an exact operation was done, it is a fault, and not repeated."""
    sid = put(store, {"n": b"1"})
    seen = load(store, sid)
    relay.drop(what, lambda: save(store, sid, seen, Changes({"theirs": b"1"})))
    with pytest.raises(StoreUnavailable, match="must not be done twice"):
        relayed.apply(sid, seen, Changes({"n": b"2"}, expects={"n": b"1"}))

    expected = {"n": b"2" if what == "answer" else b"1", "theirs": b"1"}
    assert load(store, sid).values == expected


def test_a_deletion_is_done_all_the_same(relay, relayed, store):
    """Whoever signs out is signed out, however the connection ends."""
    for what in ("request", "answer"):
        sid = put(store, {"a": b"1"})
        relay.drop(what)
        relayed.delete(sid)

        assert store.load(sid) is Miss.UNKNOWN


def test_a_fresh_connection_is_not_tried_again(relay):
    """Only a connection that was kept open gets a second chance: the server may be ill."""
    store = RedisStore(relay.url)
    relay.drop("request")
    with pytest.raises(StoreUnavailable):
        store.load(new_sid())

    assert store.load(new_sid()) is Miss.UNKNOWN
    store.close()


class Stop(BaseException):
    """What cuts a request off, as a timeout of gevent does, or a worker that must end."""


def test_a_connection_that_was_cut_off_is_not_used_again(store, monkeypatch):
    """Nobody gets the answer to the question of a request that was cut off before it came."""
    mine, other = put(store, {"whose": b"mine"}), put(store, {"whose": b"other"})
    load(store, mine)
    read = redis.connection.Connection.read_response

    def cut_off(self, *args, **kwargs):
        raise Stop

    monkeypatch.setattr(redis.connection.Connection, "read_response", cut_off)
    for _ in range(3):
        with pytest.raises(Stop):
            store.load(other)
    monkeypatch.setattr(redis.connection.Connection, "read_response", read)

    assert load(store, mine).values == {"whose": b"mine"}


def cut_off_at_any_point(store, rounds):
    """Load records while a signal cuts off at moments of chance; return how often it did."""
    records = {put(store, {"whose": b"%d" % number}): b"%d" % number for number in range(10)}
    sids = list(records)

    def stop(*_):
        raise Stop

    former = signal.signal(signal.SIGALRM, stop)
    cut_off = 0
    try:
        for number in range(rounds):
            sid = sids[number % len(sids)]
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.00002 + number % 97 * 0.000002)
                for _ in range(100):
                    assert load(store, sid).values == {"whose": records[sid]}
                signal.setitimer(signal.ITIMER_REAL, 0)
            except Stop:
                cut_off += 1
            assert load(store, sid).values == {"whose": records[sid]}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)
    return cut_off


# Cut off while it is being closed, a socket is closed by the collector, which says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_nobody_gets_another_ones_session(store):
    """Wherever a request is cut off, the next one gets its own record."""
    assert cut_off_at_any_point(store, 300) > 250


@pytest.mark.torture
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_nobody_gets_another_ones_session_torture(store):
    """The same, 100,000 times."""
    assert cut_off_at_any_point(store, 100_000) > 90_000


REFUSALS = [
    b"-READONLY You can't write against a read only replica.",
    b"-LOADING Redis is loading the dataset in memory",
    b"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    b"-MOVED 1234 127.0.0.1:7000",
    b"-ASK 1234 127.0.0.1:7000",
    b"-CLUSTERDOWN The cluster is down",
    b"-TRYAGAIN Multiple keys request during rehashing of slot",
    b"-OOM command not allowed when used memory > 'maxmemory'.",
    b"-MISCONF Redis is configured to save RDB snapshots, but it can't",
    b"-NOAUTH Authentication required.",
    b"-NOPERM this user has no permissions to run the 'get' command",
    b"-NOREPLICAS Not enough good replicas to write.",
    b"-BUSY Redis is busy running a script.",
    b"-ERR max number of clients reached",
    b"-ERR something new",
]


@pytest.mark.parametrize("line", REFUSALS, ids=lambda line: line.split()[0][1:].decode())
def test_a_refusal_is_never_a_miss(line):
    """Whatever error a server answers: it is a fault, and nobody is signed out by it."""
    with answering(line) as url:
        for name, use in USES.items():
            store = RedisStore(url)
            with pytest.raises(StoreUnavailable) as caught:
                use(store)
            assert caught.value.__cause__ is not None, name
            assert "sp:" not in str(caught.value), name
            store.close()


@each_use
def test_a_server_that_is_gone_is_a_fault(use):
    """Where nobody listens, everything says so at once, without the password."""
    store = RedisStore(f"redis://me:hunter2@127.0.0.1:{free_port()}/0")
    with pytest.raises(StoreUnavailable, match="Look at the server") as caught:
        use(store)

    assert "hunter2" not in str(caught.value)
    assert caught.value.get_response().status_code == 503


def test_a_client_of_the_app_is_as_careful(server):
    """Faults by a ready client are ours as well, and its retries do not harm."""
    client = redis.Redis(port=free_port(), retry=None)
    for use in USES.values():
        with pytest.raises(StoreUnavailable):
            use(RedisStore(client))


def test_full_memory_is_a_fault_and_harms_nothing(server, store):
    """Where Redis takes nothing more, writes are faults, and what is there stays and is read."""
    sid, owned = put(store, {"a": b"1"}), put(store, {"b": b"1"}, owner="ada")
    seen, before = load(store, sid), load(store, owned)
    server.ask("CONFIG", "SET", "maxmemory", "1")
    try:
        for use in (
            lambda: store.apply(sid, seen, Changes({"a": b"2"})),
            lambda: store.apply(owned, before, Changes({"a": b"2"}, owner="bob")),
            lambda: store.apply(owned, before, Changes({"large": bytes(20_000)})),
            lambda: store.apply(sid, seen, Changes(move_to=new_sid())),
            lambda: store.create(new_sid(), new_record()),
            lambda: store.create(new_sid(), new_record(owner="ada")),
        ):
            with pytest.raises(StoreUnavailable):
                use()
        assert (load(store, sid), load(store, owned)) == (seen, before)
        assert not store._link._breaker.is_open
    finally:
        server.ask("CONFIG", "SET", "maxmemory", "0")

    assert [sid for sid, _ in store.owned("ada")] == [owned]
    save(store, sid, seen, Changes({"a": b"2"}))


def test_a_replica_is_read_but_not_written(server, store):
    """While the server is a replica, sessions are there, and changes are faults."""
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    server.ask("REPLICAOF", "127.0.0.1", free_port())
    try:
        assert load(store, sid) == seen
        for changes in (Changes({"a": b"2"}), Changes(move_to=new_sid())):
            with pytest.raises(StoreUnavailable, match="read only"):
                store.apply(sid, seen, changes)
        with pytest.raises(StoreUnavailable):
            store.delete(sid)
    finally:
        server.ask("REPLICAOF", "NO", "ONE")

    assert load(store, sid) == seen
    save(store, sid, seen, Changes({"a": b"2"}))


@pytest.mark.timed
def test_a_server_that_hangs_does_not_hang_us(server, store):
    """Each request is answered within 1.5 s, soon at once; and 2 s after it is over all is well."""
    sid = put(store, {"a": b"1"})
    server.send(signal.SIGSTOP)
    try:
        spans = [time_of_fault(store, sid) for _ in range(8)]
    finally:
        server.send(signal.SIGCONT)

    assert_in_time(max(spans), MOST)
    assert_in_time(sorted(spans)[1], 0.05)
    assert store._link._breaker.is_open
    assert_in_time(seconds_until_loaded(store, sid), 2.0)


@pytest.mark.timed
def test_threads_do_not_wait_one_after_the_other(server, store):
    """Fifty requests at once on a server that hangs: none takes longer than one alone."""
    sid = put(store)
    spans = []
    server.send(signal.SIGSTOP)
    try:
        threads = [
            threading.Thread(target=lambda: spans.append(time_of_fault(store, sid)))
            for _ in range(50)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    finally:
        server.send(signal.SIGCONT)

    assert len(spans) == 50
    # The machine of the tests has two processors for all of them.
    assert_in_time(max(spans), MOST + 0.5)
    assert_in_time(seconds_until_loaded(store, sid), 2.0)


def time_of_fault(store, sid):
    """Return how many seconds it takes until loading is given up."""
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        store.load(sid)
    return time.monotonic() - began


def seconds_until_loaded(store, sid):
    """Return after how many seconds a record can be loaded again."""
    began = time.monotonic()
    while time.monotonic() - began < 10:
        try:
            load(store, sid)
        except StoreUnavailable:
            time.sleep(0.02)
        else:
            break
    return time.monotonic() - began


@pytest.mark.timed
def test_a_restart_loses_nothing(server, store):
    """Of four writers, through a kill -9 and a restart, each acknowledged write is there."""
    restart_under_load(server, store, restarts=1, seconds=1.0)


@pytest.mark.timed
@pytest.mark.torture
def test_many_restarts_lose_nothing(server, store):
    """The same, through twenty of them."""
    restart_under_load(server, store, restarts=20, seconds=2.0)


def restart_under_load(server, store, restarts, seconds):
    """Kill the server and start it again, under four writers, and look for what they wrote."""
    sid, stop = put(store), threading.Event()
    acknowledged: list[str] = []
    faults: list[BaseException] = []
    misses: list[object] = []

    def write(name):
        number = 0
        while not stop.is_set():
            number += 1
            try:
                seen = store.load(sid)
                if not isinstance(seen, Record):
                    misses.append(seen)
                    return
                changes = Changes({f"{name}-{number % 50}": b"%d" % number})
                outcome, _ = store.apply(sid, seen, changes)
            except StoreUnavailable as error:
                faults.append(error)
                time.sleep(0.01)
            else:
                assert outcome is Outcome.SAVED
                acknowledged.append(f"{name}-{number}")

    threads = [threading.Thread(target=write, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(restarts):
            time.sleep(seconds / 2)
            server.send(signal.SIGKILL)
            time.sleep(0.2)
            server.start()
            time.sleep(seconds / 2)
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)

    assert misses == []
    assert faults, "the server was gone, and nobody noticed"
    recovery = seconds_until_loaded(store, sid)
    values = load(store, sid).values
    for name in ("t0", "t1", "t2", "t3"):
        numbers = [int(each.split("-")[1]) for each in acknowledged if each.startswith(name)]
        for number in numbers[-50:]:
            # A later one of the same key may be there that was written but not acknowledged.
            assert int(values[f"{name}-{number % 50}"]) >= number
    assert len(acknowledged) > 20
    assert_in_time(recovery, 2.0)
