"""What the doctor finds on a Redis server: simulated, and on one of our own."""

from __future__ import annotations

import importlib.util
import time

import pytest
import redis

from flask_sessionplus.errors import StoreUnavailable
from flask_sessionplus.stores.memcached import MemcachedStore
from flask_sessionplus.stores.redisdiagnosis import diagnose
from flask_sessionplus.stores.redislink import ClientLink, Faults
from flask_sessionplus.stores.redisurl import open_url
from tests.doctor.patients import found, healthy
from tests.support import servers

SECTIONS = {
    "memory": {"used_memory": "5", "maxmemory": "0", "maxmemory_policy": "noeviction"},
    "persistence": {"aof_enabled": "1"},
    "replication": {"role": "master"},
}


class Server:
    """A link to a server that answers INFO and TIME as told."""

    faults = Faults.of("redis")

    def __init__(self, shape="bytes", refused=(), off=0, **changed):
        self.shape, self.refused, self.off = shape, refused, off
        self.sections = {
            name: {**lines, **{k: v for k, v in changed.items() if k in lines}}
            for name, lines in SECTIONS.items()
        }

    def ask(self, command, *words):
        """Answer."""
        if command in self.refused:
            raise StoreUnavailable("refused")
        if command == "TIME":
            now = time.time() + self.off
            answer = [b"%d" % now, b"%d" % (now % 1 * 1e6)]
            return {"127.0.0.1:7000": answer} if self.shape == "cluster" else answer
        if command == "PING":
            return b"PONG"
        lines = self.sections[words[0]]
        if self.shape == "dict":
            # As redis-py parses it.
            return {k: int(v) if v.isdigit() else v for k, v in lines.items()}
        if self.shape == "cluster":
            return {"127.0.0.1:7000": {k: int(v) if v.isdigit() else v for k, v in lines.items()}}
        return "".join(f"{k}:{v}\r\n" for k, v in {"# Memory": "", **lines}.items()).encode()


def codes(server):
    """Return what is found."""
    return {finding.code: finding.severity for finding in diagnose(server)}


@pytest.fixture(params=["bytes", "dict", "cluster"])
def shape(request):
    """Name each way in which clients return INFO."""
    return request.param


def test_a_good_server(shape):
    """Where memory has no limit, or nothing is evicted at it, nothing is found."""
    assert codes(Server(shape)) == {}
    assert codes(Server(shape, maxmemory="1000")) == {}
    assert codes(Server(shape, maxmemory_policy="allkeys-lru")) == {}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (
            {"maxmemory": "1000", "maxmemory_policy": "allkeys-lru"},
            {"redis-evicts": "warning"},
        ),
        (
            {"maxmemory": "1000", "maxmemory_policy": "volatile-ttl"},
            {"redis-evicts": "warning"},
        ),
        ({"maxmemory": "1000", "used_memory": "950"}, {"redis-nearly-full": "warning"}),
        ({"aof_enabled": "0"}, {"redis-not-durable": "note"}),
        ({"role": "slave"}, {"redis-replica": "error"}),
        ({"off": 5}, {"clocks-apart": "warning"}),
        ({"off": -5}, {"clocks-apart": "warning"}),
        ({"off": 1}, {}),
    ],
)
def test_what_is_wrong(shape, changed, expected):
    """Each of these is found, and nothing else."""
    assert codes(Server(shape, **changed)) == expected


def test_what_one_may_not_ask():
    """A provider may forbid INFO and TIME: the former is noted. Silence is an error."""
    assert codes(Server(refused=["TIME"], off=9)) == {}
    assert codes(Server(refused=["INFO", "TIME"], off=9, aof_enabled="0")) == {
        "redis-untold": "note"
    }
    with pytest.raises(StoreUnavailable):
        diagnose(Server(refused=["PING"]))


def test_the_slow_parser(monkeypatch):
    """It is noted if Python has to read the answers."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    assert codes(Server()) == {"hiredis-missing": "note"}


@pytest.fixture(scope="module")
def own_server():
    """Return the URL of a server whose settings we may change."""
    with servers.private(servers.REDIS) as url:
        yield url


@pytest.mark.e2e
def test_a_real_server(own_server, tmp_path):
    """On a real server the same is found, by a URL and by an app's client."""
    client = redis.Redis.from_url(own_server)
    client.config_set("appendonly", "yes")
    assert diagnose(open_url(own_server)) == diagnose(ClientLink(client)) == []
    client.config_set("maxmemory", "100mb")
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.config_set("appendonly", "no")
    expected = {"redis-evicts": "warning", "redis-not-durable": "note"}

    assert found(healthy(tmp_path, SESSION_STORE=own_server)) == expected
    assert found(healthy(tmp_path, SESSION_STORE=client)) == expected
    layers = [own_server, f"sqlite:///{tmp_path}/s.sqlite3"]
    assert found(healthy(tmp_path, SESSION_STORE=layers)) == {}
    client.close()


@pytest.mark.e2e
def test_a_user_without_rights(own_server):
    """A user of a real server who may not ask it about itself is told that."""
    client = redis.Redis.from_url(own_server)
    client.acl_setuser(
        "app",
        enabled=True,
        passwords=["+p"],
        keys=["*"],
        categories=["+@all"],
        commands=["-info", "-config"],
    )
    url = own_server.replace("://", "://app:p@", 1)

    assert [each.code for each in diagnose(open_url(url))] == ["redis-untold"]
    client.acl_deluser("app")
    client.close()


def test_memcached_alone(tmp_path, monkeypatch):
    """Memcached forgets: alone that is found, in front of a store that keeps all it is not."""
    monkeypatch.setattr(
        "flask_sessionplus.stores.memcachedlink.Link.run", lambda self, work, is_read=False: None
    )
    url = "memcached://127.0.0.1"
    layers = [url, f"sqlite:///{tmp_path}/s.sqlite3"]

    assert found(healthy(tmp_path, SESSION_STORE=MemcachedStore(url))) == {
        "memcached-forgets": "warning"
    }
    assert found(healthy(tmp_path, SESSION_STORE=layers)) == {}
