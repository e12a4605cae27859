"""What the Redis store sends to the server: how much, and what never."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from flask import Flask, flash, get_flashed_messages, session

from flask_sessionplus import SessionPlus
from flask_sessionplus.record import Changes
from flask_sessionplus.stores.redis import RedisStore
from flask_sessionplus.testing import FakeClock
from tests.stores.records import HOUR, load, new_record, new_sid, put, save
from tests.support import private_redis
from tests.support.missing import missing

pytestmark = pytest.mark.slow

LARGE = bytes(range(256)) * 100


@pytest.fixture(scope="module")
def server():
    """Run a server that nobody else talks to."""
    with tempfile.TemporaryDirectory(prefix="sessionplus-") as folder:
        os.chmod(folder, 0o755)
        try:
            with private_redis.server(Path(folder, "server")) as server:
                yield server
        except private_redis.NotInstalled as program:
            missing(f"a Redis of our own: not installed: {program}")


@pytest.fixture
def store(server, fresh_name):
    """Return a store that is connected, and has told the server its scripts."""
    store = RedisStore(server.url, fresh_name)
    sid = put(store, owner="somebody")
    save(store, sid, load(store, sid), Changes(move_to=new_sid()))
    store.owned("somebody")
    store.delete(sid)
    yield store
    store.close()


class Watch:
    """What the server is asked while a block runs.

    :param server: has to be ours alone.
    """

    def __init__(self, server):
        self._server = server
        self.commands = []
        self.inner = []

    @contextmanager
    def watching(self):
        """Note the commands that come meanwhile; those of scripts apart."""
        with redis.Redis(port=self._server.port) as client, client.monitor() as monitor:
            yield
            self._server.ask("ECHO", "the end")
            while (seen := monitor.next_command())["command"] != "ECHO the end":
                kind = self.inner if seen["client_type"] == "lua" else self.commands
                word = seen["command"].split(" ")[0].upper()
                # Who looks at the server introduces himself, too.
                kind += [word] if word not in ("HELLO", "CLIENT") else []


@pytest.fixture
def clock():
    """Stop the time."""
    with FakeClock() as clock:
        yield clock


@pytest.fixture
def watch(server):
    """Return what looks at the server."""
    return Watch(server)


# What is done, and what it may cost: each command of ours is a trip.
TRIPS = {
    "load": (lambda store, sid, seen: load(store, sid), ["GET"]),
    "miss": (lambda store, sid, seen: store.load(new_sid()), ["GET"]),
    "create": (lambda store, sid, seen: put(store, {"a": b"1"}), ["SET"]),
    "create for an owner": (lambda store, sid, seen: put(store, owner="ada"), ["EVALSHA"]),
    "create large": (lambda store, sid, seen: put(store, {"large": LARGE}), ["EVALSHA"]),
    "apply": (lambda store, sid, seen: save(store, sid, seen, Changes({"b": b"1"})), ["EVALSHA"]),
    "sign in": (
        lambda store, sid, seen: save(store, sid, seen, Changes(owner="ada", move_to=new_sid())),
        ["EVALSHA"],
    ),
    "prolong": (
        lambda store, sid, seen: save(store, sid, seen, Changes(expires_at=seen.expires_at + 9)),
        ["EVALSHA"],
    ),
    "become large": (
        lambda store, sid, seen: save(store, sid, seen, Changes({"large": LARGE})),
        ["EVALSHA"],
    ),
    "an exact change": (
        lambda store, sid, seen: save(store, sid, seen, Changes({"a": b"2"}, expects={"a": b"1"})),
        ["EVALSHA"],
    ),
    "a move": (
        lambda store, sid, seen: save(store, sid, seen, Changes(move_to=new_sid())),
        ["EVALSHA"],
    ),
    "fetch": (lambda store, sid, seen: store.fetch(sid, ["a", "b"]), ["HMGET"]),
    "fetch nothing": (lambda store, sid, seen: store.fetch(sid, []), []),
    "delete": (lambda store, sid, seen: store.delete(sid), ["EVALSHA"]),
    "find": (lambda store, sid, seen: store.find(sid[:16]), ["GETRANGE"]),
}


@pytest.mark.parametrize("name", TRIPS)
def test_it_takes_one_trip(store, watch, clock, name):
    """Each step of the contract is one command, whatever it has to take care of."""
    use, expected = TRIPS[name]
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    with watch.watching():
        use(store, sid, seen)

    assert watch.commands == expected


def test_a_stale_view_takes_one_trip_more(store, watch, clock):
    """Who has not seen the last change gets it with the refusal, and need not ask for it."""
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    save(store, sid, seen, Changes({"b": b"1"}))
    with watch.watching():
        save(store, sid, seen, Changes({"c": b"1"}))

    assert watch.commands == ["EVALSHA", "EVALSHA"]


def test_a_small_change_does_little(store, watch, clock):
    """An everyday change is one read and one write for the server, no index, no hash."""
    sid = put(store, {"a": b"1"}, owner="ada")
    seen = load(store, sid)
    with watch.watching():
        save(store, sid, seen, Changes({"a": b"2"}, seen_at=seen.seen_at + 1))

    assert watch.inner == ["GET", "SET"]


def test_clearing_asks_for_our_keys_only(server, store, watch, clock):
    """All are removed by name, found by our prefix: FLUSHDB and KEYS are never sent."""
    store.delete_all()
    for _ in range(30):
        put(store, {"large": LARGE}, owner="ada")
    with watch.watching():
        assert store.delete_all() == 30

    assert set(watch.commands) == {"SCAN", "GETRANGE", "ZREM", "UNLINK"}
    assert watch.commands.count("UNLINK") == 30


def test_forgotten_scripts_cost_one_trip(server, store, watch, clock):
    """A script that the server has forgotten is told once, and known again."""
    sid = put(store, {"a": b"1"})
    seen = load(store, sid)
    server.ask("SCRIPT", "FLUSH")
    with watch.watching():
        seen = save(store, sid, seen, Changes({"a": b"2"}))
        save(store, sid, seen, Changes({"a": b"3"}))

    assert watch.commands == ["EVALSHA", "EVAL", "EVALSHA"]


def test_listing_an_owner_takes_two_trips(store, watch, clock):
    """However many sessions an owner has, they are read in one go."""
    for _ in range(40):
        put(store, owner="ada")
    with watch.watching():
        assert len(store.owned("ada")) == 40

    assert watch.commands == ["EVALSHA"] + ["GET"] * 40


def test_a_change_of_one_large_value_sends_that_value_alone(server, store, clock):
    """Of a session of 250 KB, one value is read, and one written, and no others."""
    sid = put(store, {f"part-{number}": bytes([number]) * 2_500 for number in range(100)})

    def bytes_of(use):
        before = server.ask("INFO", "stats")
        use()
        after = server.ask("INFO", "stats")
        return (
            after["total_net_output_bytes"] - before["total_net_output_bytes"],
            after["total_net_input_bytes"] - before["total_net_input_bytes"],
        )

    # What the counting itself takes: its own answer, mostly.
    overhead = bytes_of(int)[0]
    seen = load(store, sid)
    read, _ = bytes_of(lambda: store.fetch(sid, ["part-7"]))
    _, written = bytes_of(lambda: save(store, sid, seen, Changes({"part-7": bytes(2_500)})))

    assert read - overhead < 4_096
    assert written < 6_000


def make_app(store):
    """Return an app whose views do what apps do with sessions."""
    app = Flask(__name__)
    app.config["TESTING"] = True
    SessionPlus(app, store=store)

    @app.get("/read")
    def read():
        return str(session.get("name"))

    @app.get("/untouched")
    def untouched():
        return "nothing"

    @app.get("/write/<value>")
    def write(value):
        session["name"] = value
        session.setdefault("cart", []).append(value)
        return str(session.increment("visits"))

    @app.get("/large")
    def large():
        session["large"] = "x" * 20_000
        return "large"

    @app.get("/large/read")
    def large_read():
        return str(len(session["large"]))

    @app.get("/flash")
    def flashing():
        flash("hello")
        return "flashed"

    @app.get("/flashes")
    def flashes():
        return str(get_flashed_messages())

    @app.get("/sign-in")
    def sign_in():
        session.regenerate()
        session["user"] = 5
        return "in"

    @app.get("/sign-out")
    def sign_out():
        session.destroy()
        return "out"

    return app


PATHS = [
    *("/untouched", "/read", "/write/a", "/read", "/write/b", "/large", "/large/read"),
    *("/flash", "/flashes", "/sign-in", "/large/read", "/write/c", "/sign-out", "/read"),
]


def test_no_request_goes_through_all_keys(server, watch, fresh_name):
    """Whatever an app does, it looks for nothing by KEYS or SCAN, nor in any other slow way."""
    store = RedisStore(server.url, fresh_name)
    client = make_app(store).test_client()
    with watch.watching():
        for path in PATHS:
            assert client.get(path).status_code == 200, path
    store.close()

    assert {"GET", "SET", "EVALSHA", "HMGET"} <= set(watch.commands)
    assert set(watch.commands) <= {
        "GET",
        "SET",
        "EVALSHA",
        "EVAL",
        "HMGET",
        "DEL",
        "ZREM",
        "SELECT",
    }
    assert not {"KEYS", "SCAN", "HGETALL", "SMEMBERS", "HKEYS"} & set(watch.commands + watch.inner)


def test_an_untouched_session_is_not_asked_for(server, watch, fresh_name):
    """A request that does not look at the session does not talk to the server."""
    store = RedisStore(server.url, fresh_name)
    client = make_app(store).test_client()
    client.get("/write/a")
    with watch.watching():
        client.get("/untouched")
    store.close()

    assert watch.commands == []


def test_lifetimes_are_spans(server, store, watch, clock):
    """No command tells the server a time of ours: it has a clock of its own."""
    sid = put(store, {"large": LARGE}, owner="ada")
    save(store, sid, load(store, sid), Changes(expires_at=clock.now() + 2 * HOUR))
    with watch.watching():
        store.create(new_sid(), new_record())
        save(store, sid, load(store, sid), Changes({"a": b"1"}, expires_at=clock.now() + HOUR))

    assert not {"PEXPIREAT", "EXPIREAT"} & set(watch.inner + watch.commands)
