"""The Memcached store: the contract, and what is special about it."""

from __future__ import annotations

import signal
import time
from base64 import urlsafe_b64encode
from contextlib import ExitStack, closing
from datetime import datetime, timezone
from functools import partial

import pytest
from pymemcache.client.base import Client, PooledClient
from pymemcache.client.hash import HashClient
from pymemcache.client.retrying import RetryingClient

from flask_sessionplus.errors import ConfigError, SessionTooLarge, StoreUnavailable
from flask_sessionplus.record import Changes, Record
from flask_sessionplus.stores.base import Miss, Outcome
from flask_sessionplus.stores.memcached import MemcachedStore, _expiry
from flask_sessionplus.stores.memcachedlink import Lost, parse
from flask_sessionplus.testing import FakeClock, StoreContract
from flask_sessionplus.testing.contract.threads import together
from flask_sessionplus.testing.workers import Workers
from tests.stores import forking
from tests.stores.records import load, new_record, new_sid, put, save
from tests.support import private_memcached
from tests.support.missing import missing
from tests.support.private_servers import NotInstalled
from tests.support.processes import hang, stop
from tests.support.timing import within


@pytest.fixture(scope="module")
def memcached_url(tmp_path_factory):
    """Return the URL of a Memcached of our own, which takes items of 16 MB."""
    try:
        with private_memcached.memcached(
            tmp_path_factory.mktemp("memcached"), "-I", "16m", "-m", "256"
        ) as url:
            yield url
    except NotInstalled as program:
        missing(f"Memcached: not installed: {program}")


class TestMemcachedStore(StoreContract):
    """Records in Memcached."""

    @pytest.fixture
    def opener(self, memcached_url, fresh_name):
        """Open a store with keys of this test's own."""
        return partial(MemcachedStore, memcached_url, fresh_name)


@pytest.fixture
def store(memcached_url, fresh_name):
    """Return a store with keys of this test's own."""
    store = MemcachedStore(memcached_url, fresh_name)
    yield store
    store.close()


@pytest.fixture
def server(tmp_path):
    """Return a function that starts a Memcached for this test alone; all are stopped."""
    with ExitStack() as running:

        def start(*options, port=None):
            try:
                return running.enter_context(
                    private_memcached.running(tmp_path, *options, port=port)
                )
            except NotInstalled as program:
                missing(f"Memcached: not installed: {program}")

        yield start


def port_of(url):
    """Return the port in a URL."""
    return int(url.rpartition(":")[2])


class Broken:
    """A client whose calls of some methods fail, before or after they are done."""

    def __init__(self, url):
        self._client = PooledClient(("127.0.0.1", port_of(url)))
        self.before = {}
        self.after = {}

    def __getattr__(self, name):
        def call(*arguments, **options):
            self.before.pop(name, _nothing)()
            answer = getattr(self._client, name)(*arguments, **options)
            self.after.pop(name, _nothing)()
            return answer

        return call


@pytest.fixture
def broken(memcached_url, fresh_name):
    """Return a store, with its client, whose calls can be made to fail."""
    client = Broken(memcached_url)
    store = MemcachedStore(client, fresh_name)
    store.client = client
    yield store
    client.close()


def _nothing():
    pass


def _reset():
    raise ConnectionResetError("gone")


def test_too_large_is_an_error_and_harms_nothing(store):
    """A session over the server's limit is refused with a remedy; the old one is intact."""
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    with pytest.raises(SessionTooLarge, match="-I 8m"):
        store.apply(sid, seen, Changes({"b": bytes(17_000_000)}))
    with pytest.raises(SessionTooLarge):
        store.create(new_sid(), new_record({"b": bytes(17_000_000)}))

    assert load(store, sid).values == {"a": b"1"}
    save(store, sid, seen, Changes({"b": bytes(1_000_000)}))


def test_the_second_half_of_a_sid_counts(store):
    """A sid that only begins like another one is a stranger to its session."""
    sid = put(store, {"a": b"1"})
    stranger = sid[:16] + new_sid()[:16]

    assert store.load(stranger) is Miss.UNKNOWN
    assert store.apply(stranger, load(store, sid), Changes({"a": b"2"})).outcome is Outcome.GONE
    assert store.delete(stranger) is False
    assert store.create(stranger, new_record()) is False
    assert load(store, sid).values == {"a": b"1"}


def test_the_sid_is_not_in_the_key(store, memcached_url, fresh_name):
    """Who lists the keys of a server does not learn the sids."""
    sid = put(store, {"a": b"1"})
    client = Client(("127.0.0.1", port_of(memcached_url)), timeout=1)
    key = fresh_name.encode() + urlsafe_b64encode(sid[:16]).rstrip(b"=")

    assert len(client.get(key)) > 16
    client.close()


@pytest.mark.parametrize(
    ("days", "expected"),
    [(1, 86_402), (29.9, 2_583_362), (40, "absolute"), (400 * 365, 0)],
)
def test_the_server_is_told_when_it_ends(days, expected):
    """Up to thirty days as a time from now, later as a date, and beyond all dates as never."""
    with FakeClock(datetime(2020, 1, 1, tzinfo=timezone.utc)) as clock:
        given = _expiry(new_record(expires_at=clock.now() + round(days * 86_400_000)))

    if expected == "absolute":
        assert abs(given - (time.time() + 40 * 86_400)) < 10
    else:
        assert given == expected


def test_a_server_that_is_down_is_no_miss(server, tmp_path):
    """While nobody answers, every call is a fault, soon one at once; then all is well."""
    url, process = server()
    store = MemcachedStore(url)
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    stop(process)
    calls = [
        lambda: store.load(sid),
        lambda: store.apply(sid, seen, Changes({"a": b"2"})),
        lambda: store.apply(sid, seen, Changes(move_to=new_sid())),
        lambda: store.delete(sid),
        lambda: store.create(new_sid(), new_record()),
    ]
    for call in calls * 3:
        with pytest.raises(StoreUnavailable, match="Look"):
            call()
    with pytest.raises(StoreUnavailable, match="times in a row"):
        store.load(sid)
    server(port=port_of(url))
    wait_for(lambda: store.load(sid) is Miss.UNKNOWN)

    assert load(store, put(store, {"a": b"1"})).values == {"a": b"1"}
    store.close()


def wait_for(ready):
    """Try until it is so, for three seconds."""
    deadline = time.monotonic() + 3
    while True:
        try:
            if ready():
                return
        except StoreUnavailable:
            assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.timed
def test_a_server_that_hangs_is_not_waited_for(server):
    """A server that was stopped in its tracks costs at most a second and a half, then nothing."""
    url, process = server()
    with closing(MemcachedStore(url)) as store:
        sid = put(store, {"a": b"1"})
        hang(process)
        try:
            for limit in (*[1.5] * 5, 0.2):
                with within(limit), pytest.raises(StoreUnavailable):
                    store.load(sid)
        finally:
            process.send_signal(signal.SIGCONT)
        wait_for(lambda: load(store, sid).values == {"a": b"1"})


def test_a_restart_breaks_no_request(server):
    """Connections that were kept from before a restart are found to be dead, and replaced."""
    url, process = server()
    store = MemcachedStore(url)
    together(*[partial(put, store) for _ in range(8)])
    stop(process)
    server(port=port_of(url))

    assert all(together(*[partial(store.create, new_sid(), new_record()) for _ in range(8)]))
    store.close()


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("method", ["gets", "add", "cas"])
def test_a_connection_that_breaks_is_a_fault(broken, when, method):
    """Whatever fails, and whether it was done or not: it is told, and nothing is half done."""
    sid, target = put(broken, {"a": b"1"}), new_sid()
    seen = load(broken, sid)
    getattr(broken.client, when)[method] = _reset
    changes = Changes({"a": b"2"}, move_to=target)
    if (method, when) == ("cas", "after"):
        # It can be seen that it was done.
        save(broken, sid, new_record(revision=99), changes)
        assert (broken.load(sid), load(broken, target).values) == (Miss.MOVED, {"a": b"2"})
        return
    with pytest.raises(StoreUnavailable):
        broken.apply(sid, new_record(revision=99), changes)

    assert load(broken, sid) == seen
    save(broken, sid, seen, Changes(move_to=new_sid()))


def test_what_a_broken_move_has_left_ends_by_itself(broken, memcached_url, fresh_name):
    """If nobody could clean up after a move that failed, the server does within two minutes."""
    sid, target = put(broken, {"a": b"1"}), new_sid()
    broken.client.before["cas"] = _break_for_good(broken)
    with pytest.raises(StoreUnavailable):
        broken.apply(sid, load(broken, sid), Changes(move_to=target))
    client = Client(("127.0.0.1", port_of(memcached_url)), timeout=1)
    key = fresh_name.encode() + urlsafe_b64encode(target[:16]).rstrip(b"=")
    about = client.raw_command(b"mg " + key + b" t", end_tokens=b"\r\n")
    client.close()

    assert 0 < int(about.partition(b" t")[2]) <= 60


def _break_for_good(broken):
    def fail():
        broken.client.before["gets"] = _reset
        _reset()

    return fail


def test_a_swap_that_was_done_is_known(store):
    """If a kept connection breaks after a swap, it is looked up whether it was done."""
    sid = put(store, {"n": b"1"})
    (link,) = store._links
    run = link.run

    def lose_once(work, is_read=False):
        if is_read:
            return run(work, is_read)
        link.run = run
        run(work)
        raise Lost("It was told to break. Nothing can be done.")

    link.run = lose_once
    record = save(store, sid, load(store, sid), Changes({"n": b"2"}, expects={"n": b"1"}))

    assert record.values == load(store, sid).values == {"n": b"2"}


@pytest.mark.slow
def test_children_have_connections_of_their_own(memcached_url, fresh_name):
    """After a fork nobody gets another process's answer, with a client of the app's neither."""
    workers = Workers(1)
    try:
        for opener in (MemcachedStore, open_with_pool):
            (keys,) = workers.run(
                forking.use_in_children, partial(opener, memcached_url, fresh_name)
            )
            assert keys == ["child 0", "child 1", "child 2", "parent"]
    finally:
        workers.close()


def open_with_pool(url, prefix):
    """Open a store on a client of the app's."""
    return MemcachedStore(PooledClient(("127.0.0.1", port_of(url)), timeout=1), prefix)


def test_sessions_stay_with_their_server(server):
    """With several servers each session has one; if that is down it is a fault, not a miss."""
    (first, process), (second, _) = server(), server()
    store = MemcachedStore(f"{first},{second.removeprefix('memcached://')}")
    sids = [put(store, {"a": b"1"}) for _ in range(40)]
    stop(process)
    answers = []
    for sid in sids:
        try:
            answers.append(store.load(sid))
        except StoreUnavailable:
            answers.append(None)
    store.close()

    assert 5 < answers.count(None) < 35
    assert all(answer is None or isinstance(answer, Record) for answer in answers)


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        ("memcached://a", [("a", 11211)]),
        ("memcached://a:1,b:2/", [("a", 1), ("b", 2)]),
        ("memcached://[::1]:5", [("::1", 5)]),
        ("memcached://[::1]", [("::1", 11211)]),
        ("memcached:///run/memcached.sock", ["/run/memcached.sock"]),
    ],
)
def test_urls_are_read(url, addresses):
    """One server, several, an address of version 6, or a socket."""
    assert parse(url) == addresses


@pytest.mark.parametrize(
    "rest",
    ["", "/", "a,", "a,a", "a:b", "a:0", "a:99999", "u:secret@a", "a?b=secret", "::1", "a/b"],
)
def test_odd_urls_are_refused(rest):
    """Anything else is an error that tells what is allowed, and repeats no password."""
    with pytest.raises(ConfigError, match="memcached://host:port") as refused:
        MemcachedStore(f"memcached://{rest}")

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("client", "message"),
    [
        (HashClient(["127.0.0.1:1"]), "HashClient.*asks another server"),
        (Client("127.0.0.1:1"), "Client.*threads cannot share"),
        (RetryingClient(PooledClient("127.0.0.1:1")), "repeats"),
        (PooledClient("127.0.0.1:1", ignore_exc=True), "ignore_exc=True"),
        (object(), "PooledClient"),
    ],
)
def test_clients_that_would_lose_sessions_are_refused(client, message):
    """A client that takes a fault for a miss, or is not for threads, is refused by name."""
    with pytest.raises(ConfigError, match=message):
        MemcachedStore(client)


@pytest.mark.parametrize("prefix", ["a b", "ä", "a\n", "x" * 201])
def test_prefixes_that_no_key_can_have_are_refused(prefix):
    """What cannot be in a key of Memcached's is refused at start."""
    with pytest.raises(ConfigError, match="SESSION_KEY_PREFIX"):
        MemcachedStore("memcached://127.0.0.1", prefix)
