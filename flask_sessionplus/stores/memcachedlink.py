"""How a Memcached server is talked to: connections of our own, or a client of the app's."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import Any, TypeVar

from pymemcache.client.base import Client  # type: ignore[import-untyped]
from pymemcache.exceptions import (  # type: ignore[import-untyped]
    MemcacheError,
    MemcacheServerError,
    MemcacheUnexpectedCloseError,
)

from ..errors import ConfigError, SessionTooLarge, StoreUnavailable
from .breaker import Breaker

T = TypeVar("T")

# Seconds.
_CONNECT_TIMEOUT = 0.5
_TIMEOUT = 1.0

# More are opened when they are needed, and closed after use.
_MOST_KEPT = 64

# What pymemcache and the network raise; ValueError for an answer that is none.
_FAULTS = (OSError, MemcacheError, ValueError)

_METHODS = ("gets", "cas", "add", "delete", "touch")

# What tells a client that cannot be used, and why.
_UNFIT = {
    "hasher": "asks another server when one fails, which would sign people out. Use a URL with"
    " all servers, 'memcached://host:port,host:port'",
    "sock": "has one connection, which threads cannot share. Use a PooledClient",
    "_attempts": "repeats what may have been done already. Use a PooledClient",
}


class Lost(StoreUnavailable):
    """A connection that was kept open broke: whether something was done is not known."""


class Link:
    """The connections to one server, made when they are needed.

    :param address: host and port, or the path of a socket.
    """

    def __init__(self, address: tuple[str, int] | str) -> None:
        self.name = address if isinstance(address, str) else "{}:{}".format(*address)
        self._address = address
        self._breaker = Breaker(f"The Memcached server {self.name}")
        # By process: a child of a fork must not talk on its parent's connections.
        self._kept: dict[int, list[Any]] = {}

    def run(self, work: Callable[[Any], T], is_read: bool = False) -> T:
        """Return what *work* returns, which is given a client.

        :param is_read: it may be done twice.
        :raises Lost: if it was not a read and may or may not have been done.
        """
        self._breaker.check()
        client, was_kept = self._take()
        try:
            try:
                answer = work(client)
            except _FAULTS as error:
                if not is_read or not was_kept or not _is_broken(error):
                    raise
                client.close()
                client, was_kept = self._connect(), False
                answer = work(client)
        except _FAULTS as error:
            client.close()
            raise self._describe(error, was_kept) from error
        except BaseException:
            # Stopped in the middle, as by a timeout of gevent's: the answer is still to come.
            client.close()
            raise
        self._breaker.succeeded()
        self._keep(client)
        return answer

    def close(self) -> None:
        """Close the connections that are not in use."""
        for pid in list(self._kept):
            self._close(pid)

    def _take(self) -> tuple[Any, bool]:
        kept = self._kept_here()
        while kept:
            try:
                client = kept.pop()
            except IndexError:
                break
            if _is_quiet(client.sock):
                return client, True
            client.close()
        return self._connect(), False

    def _connect(self) -> Any:
        # It connects when it is first used.
        return Client(
            self._address,
            connect_timeout=_CONNECT_TIMEOUT,
            timeout=_TIMEOUT,
            no_delay=True,
            default_noreply=False,
        )

    def _keep(self, client: Any) -> None:
        kept = self._kept_here()
        if len(kept) < _MOST_KEPT:
            kept.append(client)
        else:
            client.close()

    def _kept_here(self) -> list[Any]:
        pid = os.getpid()
        kept = self._kept.get(pid)
        if kept is None:
            kept = self._kept.setdefault(pid, [])
            for other in [each for each in self._kept if each != pid]:
                self._close(other)
        return kept

    def _close(self, pid: int) -> None:
        # This process's end only: the process that opened them goes on.
        for client in self._kept.pop(pid, ()):
            client.close()

    def _describe(self, error: Exception, was_kept: bool) -> Exception:
        if _is_answer(error):
            self._breaker.succeeded()
        else:
            self._breaker.failed()
        return describe(self.name, error, was_kept and _is_broken(error))


class BorrowedLink:
    """A client that the app has made. It keeps its connections and its settings.

    :param client: anything with the methods of pymemcache's PooledClient.
    :raises ConfigError: if it cannot be used.
    """

    name = "of the app's client"

    def __init__(self, client: Any) -> None:
        _check_client(client)
        self._client = client
        self._pid = os.getpid()
        self._breaker = Breaker(f"The Memcached server {self.name}")

    def run(self, work: Callable[[Any], T], is_read: bool = False) -> T:
        """Return what *work* returns, which is given the client."""
        self._breaker.check()
        if self._pid != os.getpid():
            # A child of a fork would get its parent's answers, and so others' sessions.
            self._pid = os.getpid()
            self._client.close()
        try:
            answer = work(self._client)
        except (*_FAULTS, RuntimeError) as error:
            # A RuntimeError says that its pool is used up.
            if _is_answer(error) or isinstance(error, RuntimeError):
                self._breaker.succeeded()
            else:
                self._breaker.failed()
            raise describe(self.name, error) from error
        self._breaker.succeeded()
        return answer

    def close(self) -> None:
        """Leave it open: it is the app's."""


def describe(name: str, error: Exception, is_lost: bool = False) -> Exception:
    """Return what to raise for *error* of the server *name*."""
    said = b" ".join(part for part in error.args if isinstance(part, bytes))
    if isinstance(error, MemcacheServerError) and b"too large" in said:
        return SessionTooLarge(
            "The session is larger than the Memcached server takes, which is 1 MB unless it was"
            " started with another -I. Put less into it, or start the server with -I 8m."
        )
    if _is_answer(error):
        return StoreUnavailable(
            f"The Memcached server {name} refuses: {said.decode(errors='replace')!r}."
            " Look at its version (1.4.8 or later) and at its memory (-m)."
        )
    kind = Lost if is_lost else StoreUnavailable
    return kind(
        f"The Memcached server {name} does not answer: {str(error) or type(error).__name__}."
        " Look whether it runs and can be reached."
    )


def parse(url: str) -> list[tuple[str, int] | str]:
    """Return the addresses in *url*: ``memcached://host:port,host`` or a socket's path.

    :raises ConfigError: if it is none.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "memcached" and rest.startswith("/") and len(rest) > 1:
        return [rest]
    servers = rest.removesuffix("/").split(",")
    if scheme == "memcached" and len(set(servers)) == len(servers) and all(servers):
        addresses = [_parse_server(server) for server in servers]
        if None not in addresses:
            return [address for address in addresses if address is not None]
    # Not the URL itself: somebody may have put a password into it.
    raise ConfigError(
        "SESSION_STORE has a memcached URL that cannot be used. It must be"
        " 'memcached://host:port', several 'memcached://host:port,host:port', or"
        " 'memcached:///path/of/socket', without a password or options."
    )


def _parse_server(server: str) -> tuple[str, int] | None:
    host, colon, port = server.rpartition(":")
    if not colon or port.endswith("]"):
        host, port = server, "11211"
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        return None
    is_port = port.isascii() and port.isdigit() and 0 < int(port) < 65_536
    if not is_port or not host or any(mark in host for mark in "@/?# []"):
        return None
    return host, int(port)


def _check_client(client: Any) -> None:
    name = type(client).__name__
    if not all(callable(getattr(client, method, None)) for method in _METHODS):
        raise ConfigError.of(
            "SESSION_STORE", client, "'memcached://host:port' or a pymemcache PooledClient"
        )
    for mark, reason in _UNFIT.items():
        if mark in getattr(client, "__dict__", ()):
            raise ConfigError(f"SESSION_STORE is a {name}, which {reason}.")
    if getattr(client, "ignore_exc", False) is True:
        raise ConfigError(
            f"SESSION_STORE is a {name} with ignore_exc=True, which takes a server that is down"
            " for one without sessions, and signs everybody out. Leave ignore_exc out."
        )


def _is_quiet(sock: Any) -> bool:
    """Tell whether nothing waits to be read, not even the end."""
    if sock is None or not hasattr(select, "poll"):
        return sock is not None
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return not poll.poll(0)


def _is_broken(error: BaseException) -> bool:
    if isinstance(error, TimeoutError):
        return False
    return isinstance(error, (OSError, MemcacheUnexpectedCloseError))


def _is_answer(error: BaseException) -> bool:
    """Tell whether the server itself has said so."""
    is_error = isinstance(error, MemcacheError)
    return is_error and not isinstance(error, MemcacheUnexpectedCloseError)
