"""From a URL to a link. Nothing is connected here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import Connection, SSLConnection, parse_url
from redis.exceptions import RedisError
from redis.retry import Retry
from redis.sentinel import Sentinel

from ..errors import ConfigError
from .redisheld import HeldConnection, HeldLink
from .redislink import Faults, Link, OwnClientLink

# Seconds, where the URL sets none.
_TIMEOUTS = {"socket_connect_timeout": 0.5, "socket_timeout": 1.0}

# A sentinel that hangs is passed over.
_SENTINEL_TIMEOUTS = {"socket_connect_timeout": 0.3, "socket_timeout": 0.3}

_PORTS = {"cluster": 6379, "sentinel": 26379}

_EXAMPLES = {
    "": "'redis://host:6379/0', 'rediss://...', 'valkey://...' or 'unix:///path/to/socket'",
    "cluster": "'redis+cluster://host:7000,host:7001'",
    "sentinel": "'redis+sentinel://host:26379,host:26379/service/0'",
}

# Of Valkey's schemes, the ones of Redis: it speaks the same protocol.
_REDIS = {"valkey": "redis", "valkeys": "rediss"}


class _Cluster(RedisCluster):
    """A client that also follows to a server it has not heard of yet."""

    def get_node(
        self, host: str | None = None, port: int | None = None, node_name: str | None = None
    ) -> Any:
        node: Any = super().get_node(host, port, node_name)  # type: ignore[no-untyped-call]
        if node is None and node_name is not None:
            # One that joined a moment ago, and is given its first slot just now.
            host, _, number = node_name.rpartition(":")
            node = ClusterNode(host, int(number), "primary")  # type: ignore[no-untyped-call]
            self.nodes_manager.nodes_cache[node_name] = node
        return node


class _Wrong(ValueError):
    """What is wrong with a URL, in words that show no secret."""


def open_url(url: str) -> Link:
    """Return a link to what *url* names.

    :raises ConfigError: if it is none we know; it does not show the password.
    """
    scheme, _, rest = url.partition("://")
    scheme, _, kind = scheme.lower().partition("+")
    scheme = _REDIS.get(scheme, scheme)
    opener = _OPENERS.get(kind)
    if opener is None or scheme not in ("redis", "rediss", "unix") or (kind and scheme == "unix"):
        raise ConfigError.of("SESSION_STORE", hide_password(url), " or ".join(_EXAMPLES.values()))
    try:
        return opener(f"{scheme}://{rest}")
    except _Wrong as error:
        reason = str(error)
    except TypeError as error:
        reason = f"an option is not known ({error})"
    except (ValueError, RedisError):
        # What they say may quote a password that is not escaped.
        reason = "it cannot be read"
    raise ConfigError(
        f"SESSION_STORE is {hide_password(url)!r}, but {reason}. It must be like {_EXAMPLES[kind]}."
    )


def hide_password(url: str) -> str:
    """Return *url* without the secrets in it."""
    url = re.sub(r"://.*@", "://***@", url)
    return re.sub(r"(password=)[^&]*", r"\1***", url)


def _open_single(url: str) -> Link:
    parts = urlsplit(url)
    if parts.scheme == "unix" and not parts.path.strip("/"):
        raise _Wrong("the path is missing")
    if parts.scheme != "unix":
        _database(parts.path.strip("/"))
        if not parts.hostname:
            raise _Wrong("the host is missing")
    options = _options(url)
    kind: type[Connection] = options.pop("connection_class", Connection)

    def make() -> HeldConnection:
        return kind(**options)

    # An option that a connection does not know: better now than at the first request.
    make()
    return HeldLink(lambda: make)


def _open_cluster(url: str) -> Link:
    hosts, single = _split_hosts(url, "cluster")
    if urlsplit(url).path.strip("/") not in ("", "0"):
        raise _Wrong("a cluster has one database, which has no number")
    options = _options(single)
    for name in ("host", "port", "db"):
        options.pop(name, None)
    kind: type[Connection] = options.pop("connection_class", Connection)
    _try(kind, options)
    options |= {"ssl": True} if kind is SSLConnection else {}
    del options["retry"]
    options |= _no_cluster_retries()

    def make() -> Any:
        nodes: list[Any] = [ClusterNode(*address) for address in hosts]  # type: ignore[no-untyped-call]
        return _Cluster(startup_nodes=nodes, **options)

    return OwnClientLink(make, Faults.of("redis"))


def _open_sentinel(url: str) -> Link:
    hosts, single = _split_hosts(url, "sentinel")
    service, _, database = urlsplit(url).path.strip("/").partition("/")
    if not service:
        raise _Wrong("the name of the service is missing")
    options = _options(single) | {"db": _database(database)}
    for name in ("host", "port"):
        options.pop(name, None)
    kind: type[Connection] = options.pop("connection_class", Connection)
    _try(kind, options)
    options |= {"ssl": True} if kind is SSLConnection else {}

    def prepare() -> Callable[[], HeldConnection]:
        impatient = {**_SENTINEL_TIMEOUTS, "retry": options["retry"]}
        sentinels: Any = Sentinel(hosts, sentinel_kwargs=impatient, **options)  # type: ignore[no-untyped-call]
        pool = sentinels.master_for(service).connection_pool

        def make() -> HeldConnection:
            return pool.make_connection()

        return make

    return HeldLink(prepare, is_managed=True)


def _options(url: str) -> dict[str, Any]:
    """Return the options of a connection, with time limits and without attempts of its own."""
    options: dict[str, Any] = parse_url(url)  # type: ignore[no-untyped-call]
    for name, seconds in _TIMEOUTS.items():
        options.setdefault(name, seconds)
    # The older protocol says all we need, and begins one trip earlier.
    options.setdefault("protocol", 2)
    # We know better when it is safe to ask again; and values are bytes.
    options |= {"retry": Retry(NoBackoff(), 0), "decode_responses": False}
    return options


def _split_hosts(url: str, kind: str) -> tuple[list[tuple[str, int]], str]:
    """Return all hosts of *url* with their ports, and a URL of the first alone."""
    parts = urlsplit(url)
    secret, at, hosts = parts.netloc.rpartition("@")
    found = [urlsplit(f"//{host}") for host in hosts.split(",")]
    if not all(host.hostname for host in found):
        raise _Wrong("a host is missing")
    addresses = [(host.hostname or "", host.port or _PORTS[kind]) for host in found]
    return addresses, parts._replace(netloc=f"{secret}{at}{hosts.split(',')[0]}", path="").geturl()


def _database(text: str) -> int:
    if text and not text.isdecimal():
        raise _Wrong("the database is no number")
    return int(text or 0)


def _try(kind: type[Connection], options: dict[str, Any]) -> None:
    """Raise a TypeError if a connection does not know one of *options*."""
    kind(**options)


def _no_cluster_retries() -> dict[str, Any]:
    # Before version 6 the client had a number of its own.
    is_old = int(redis.__version__.partition(".")[0]) < 6
    return {"cluster_error_retry_attempts": 0} if is_old else {"retry": Retry(NoBackoff(), 0)}


_OPENERS: dict[str, Callable[[str], Link]] = {
    "": _open_single,
    "cluster": _open_cluster,
    "sentinel": _open_sentinel,
}
