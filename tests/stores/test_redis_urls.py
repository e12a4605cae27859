"""What a Redis store can be made of, and what is refused when it is made. No server is needed."""

from __future__ import annotations

import socket

import pytest
import redis
import redis.asyncio
from redis.cluster import RedisCluster
from redis.sentinel import Sentinel

from flask_sessionplus.errors import ConfigError
from flask_sessionplus.stores.redis import RedisStore
from flask_sessionplus.stores.redisheld import HeldLink


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Fail whoever connects to anything."""

    def refuse(*_):
        raise AssertionError("a store that is made must not connect")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def connection_of(url):
    """Return a connection, not connected yet, as the store would make it."""
    link = RedisStore(url)._link
    assert isinstance(link, HeldLink)
    return link._prepare()()


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("redis://example.org", ("example.org", 6379, 0)),
        ("redis://example.org:7000/3", ("example.org", 7000, 3)),
        ("valkey://example.org/1", ("example.org", 6379, 1)),
        ("redis://[::1]:7000/?db=2", ("::1", 7000, 2)),
        ("REDIS://example.org", ("example.org", 6379, 0)),
    ],
)
def test_a_url_names_a_server(url, where):
    """Host, port and number of the database are those of the URL."""
    connection = connection_of(url)

    assert (connection.host, connection.port, connection.db) == where


def test_a_url_may_carry_a_secret():
    """User name and password are taken from the URL, with their escapes."""
    connection = connection_of("rediss://web:p%40ss@example.org/0")

    assert (connection.username, connection.password) == ("web", "p@ss")
    assert type(connection).__name__ == "SSLConnection"


@pytest.mark.parametrize("scheme", ["rediss", "valkeys"])
def test_a_url_may_ask_for_encryption(scheme):
    """With an s at its end, the scheme means TLS."""
    assert type(connection_of(f"{scheme}://example.org")).__name__ == "SSLConnection"


def test_a_url_may_name_a_socket():
    """A path may be named instead of a host."""
    connection = connection_of("unix:///run/redis.sock?db=2&password=hunter2")

    assert (connection.path, connection.db) == ("/run/redis.sock", 2)


@pytest.mark.parametrize("url", ["redis://example.org", "unix:///run/redis.sock"])
def test_time_limits_are_set(url):
    """Where the URL sets none: half a second to connect, one for an answer, no second try."""
    connection = connection_of(url)

    assert (connection.socket_connect_timeout, connection.socket_timeout) == (0.5, 1.0)
    assert connection.retry._retries == 0


def test_time_limits_of_the_url_are_kept():
    """What the URL says about time goes, each by itself."""
    connection = connection_of("redis://example.org?socket_timeout=3")
    assert (connection.socket_connect_timeout, connection.socket_timeout) == (0.5, 3.0)
    connection = connection_of("redis://example.org?socket_timeout=3&socket_connect_timeout=2")
    assert (connection.socket_connect_timeout, connection.socket_timeout) == (2.0, 3.0)


def test_values_stay_bytes():
    """A URL that asks for text does not get it: our values are none."""
    connection = connection_of("redis://example.org?decode_responses=true")

    assert connection.encoder.decode_responses is False


def test_sentinels_are_named_by_a_url():
    """All sentinels, the service and the database are taken from the URL, with time limits."""
    connection = connection_of(
        "redis+sentinel://:secret@one.example,two.example:5000/sessions/4?socket_timeout=2"
    )
    pool = connection.connection_pool
    addresses = [
        (each.connection_pool.connection_kwargs["host"], each.connection_pool.connection_kwargs)
        for each in pool.sentinel_manager.sentinels
    ]

    assert (pool.service_name, connection.db) == ("sessions", 4)
    assert [(host, options["port"]) for host, options in addresses] == [
        ("one.example", 26379),
        ("two.example", 5000),
    ]
    assert (connection.password, connection.socket_timeout) == ("secret", 2.0)
    assert all(options["socket_timeout"] < 1 for _, options in addresses)


def test_a_cluster_is_not_asked_before_it_is_used():
    """The client of a cluster talks to it as soon as it is made: so it is made later."""
    assert RedisStore("redis+cluster://one.example:7000,two.example:7001")._link.is_cluster


@pytest.mark.parametrize(
    "url",
    [
        "redis://",
        "redis:///0",
        "redis+cluster://",
        "redis+cluster://one:7000,:7001",
        "redis+cluster://one:7000/3",
        "redis+sentinel://one:26379",
        "redis+sentinel://one:26379/sessions/x",
        "redis+other://one",
        "unix+cluster:///run/redis.sock",
        "redis://example.org/x",
        "redis://example.org:port",
        "redis://example.org?socket_timeout=soon",
        "redis://example.org?unknown=1",
        "redis+cluster://example.org?unknown=1",
        "http://example.org",
        "redis:example.org",
        "unix://",
        "",
    ],
)
def test_a_url_that_names_nothing_is_refused(url):
    """The message names the setting, what was given, and what is allowed."""
    with pytest.raises(ConfigError, match=r"^SESSION_STORE is .*must be .*redis"):
        RedisStore(url)


@pytest.mark.parametrize(
    "url",
    [
        "redis://web:hunter2@example.org?unknown=1",
        "redis://web:hunter2@example.org:port",
        "redis://web:hunt/er2@example.org",
        "redis://web:hun@ter2@example.org/x",
        "redis://:hunter2@example.org?socket_timeout=soon",
        "redis+sentinel://:hunter2@example.org",
        "redis+cluster://:hunter2@one:7000,:7001",
        "unix:///run/redis.sock?password=hunter2&unknown=1",
        "other://:hunter2@example.org",
    ],
)
def test_a_password_is_not_shown(url):
    """Neither the message nor what it is chained to shows the secret, or a part of it."""
    with pytest.raises(ConfigError) as caught:
        RedisStore(url)

    for error in (caught.value, caught.value.__cause__):
        assert "hun" not in str(error)
        assert "er2" not in str(error)


def test_a_client_that_makes_text_is_refused():
    """Values are bytes; the message says what to do."""
    with pytest.raises(ConfigError, match=r"decode_responses=True.*Pass one without"):
        RedisStore(redis.Redis(decode_responses=True))


def test_an_asynchronous_client_is_refused():
    """Sessions are read without an event loop."""
    with pytest.raises(ConfigError, match="asynchronous"):
        RedisStore(redis.asyncio.Redis())


def test_a_client_that_asks_replicas_is_refused():
    """A replica may not know yet of a session that has just been made."""
    with pytest.raises(ConfigError, match="replicas"):
        RedisStore(Sentinel([("one.example", 26379)]).slave_for("sessions"))
    cluster = object.__new__(RedisCluster)
    cluster.encoder = redis.Redis().get_encoder()
    cluster.read_from_replicas, cluster.load_balancing_strategy = True, None
    with pytest.raises(ConfigError, match="replicas"):
        RedisStore(cluster)


@pytest.mark.parametrize(
    "source",
    [None, 5, object(), {"host": "x"}, redis.ConnectionPool(), Sentinel([("x", 1)]), redis.Redis],
    ids=lambda source: type(source).__name__,
)
def test_other_objects_are_refused(source):
    """What is no client is refused when the store is made, and never replaced by localhost."""
    with pytest.raises(ConfigError, match=r"SESSION_STORE is .*redis\.Redis"):
        RedisStore(source)


def test_a_client_is_left_as_it_is():
    """Time limits of an app's own client are the app's."""
    client = redis.Redis(socket_timeout=9, retry=None)
    options = dict(client.connection_pool.connection_kwargs)
    RedisStore(client)

    assert client.connection_pool.connection_kwargs == options


def test_a_prefix_has_no_braces():
    """Braces tell a cluster which keys belong together."""
    with pytest.raises(ConfigError, match="braces"):
        RedisStore("redis://example.org", prefix="{sp}:")
