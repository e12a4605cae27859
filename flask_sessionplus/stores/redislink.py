"""How the Redis store talks to a server: by a client that an app has made, or one of our own."""

from __future__ import annotations

import inspect
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from importlib import import_module
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from ..errors import ConfigError, StoreUnavailable
from .breaker import Breaker
from .redisscripts import Script

T = TypeVar("T")
Word = bytes | str | int
Command = tuple[Word, ...]

# Keys that a server looks at before it answers others again, and the most that come at once.
_SCAN_COUNT = 200

_ALLOWED = (
    "a URL (redis://, rediss://, unix://, valkey://, redis+cluster://, redis+sentinel://) or a"
    " client of redis-py or valkey-py, such as redis.Redis or redis.cluster.RedisCluster"
)


class Faults(NamedTuple):
    """The exceptions of a client library."""

    #: Everything it raises.
    all: tuple[type[BaseException], ...]
    #: The server has answered, with an error.
    refused: type[Exception]
    #: The connection has ended.
    lost: type[Exception]
    no_script: type[Exception]
    read_only: type[Exception]

    @classmethod
    def of(cls, library: str) -> Faults:
        """Return those of ``"redis"`` or ``"valkey"``."""
        known = import_module(f"{library}.exceptions")
        name = library.capitalize()
        return cls(
            # An error of a cluster client is none of the library's.
            all=(
                getattr(known, f"{name}Error"),
                getattr(known, f"{name}ClusterException"),
                OSError,
            ),
            refused=known.ResponseError,
            lost=known.ConnectionError,
            no_script=known.NoScriptError,
            read_only=known.ReadOnlyError,
        )


class Answer(NamedTuple):
    """What a server has answered.

    :param is_repeated: whether it was asked twice, because the first time the connection
        ended before the answer came: what was asked may have been done both times.
    """

    value: Any
    is_repeated: bool


class Spot(NamedTuple):
    """How far servers have looked through their keys.

    :param node: which server it is, of a cluster.
    :param cursor: where that one is.
    """

    node: bytes = bytes(4)
    cursor: int = 0


class Link(ABC):
    """Asks a Redis server, or a cluster of them.

    Commands are tuples of words, the first of them a str. Faults are
    :class:`~flask_sessionplus.errors.StoreUnavailable`, chained to their cause.
    """

    #: Do keys have to lie in one slot to be used together?
    is_cluster = False

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._breaker = Breaker("The Redis server")

    def ask(self, *words: Word) -> Any:
        """Return the answer to one command that does no harm if it is done twice."""
        return self._guard(self._send, words).value

    def ask_all(self, commands: Sequence[Command]) -> list[Any]:
        """Return the answers to several such commands, in one trip where that is possible."""
        return self._guard(self._send_all, commands) if commands else []

    def run(self, script: Script, keys: Sequence[bytes], arguments: Sequence[Word]) -> Answer:
        """Run *script*, which must know by itself whether it was run already."""
        return self._guard(self._run, (script, keys, arguments))

    @abstractmethod
    def scan(self, pattern: bytes) -> Iterator[list[bytes]]:
        """Yield the keys that match *pattern*, some at a time."""

    @abstractmethod
    def look(self, spot: Spot, pattern: bytes, count: int) -> tuple[Spot | None, list[bytes]]:
        """Let a server look at about *count* of its keys.

        :return: where to look next, None at the end; and those of the keys that match *pattern*.
        """

    def close(self) -> None:  # noqa: B027 - nothing to do is a good answer
        """Close what is open and not in use."""

    @abstractmethod
    def _send(self, words: Command) -> Answer: ...

    @abstractmethod
    def _send_all(self, commands: Sequence[Command]) -> list[Any]: ...

    def _run(self, call: tuple[Script, Sequence[bytes], Sequence[Word]]) -> Answer:
        script, keys, arguments = call
        try:
            return self._send(("EVALSHA", script.sha, len(keys), *keys, *arguments))
        except self.faults.no_script:
            # The server is new, or was told to forget its scripts.
            return self._send(("EVAL", script.text, len(keys), *keys, *arguments))

    def _guard(self, send: Callable[[Any], T], what: Any) -> T:
        """Return what *send* returns for *what*, and let the breaker know how it went."""
        self._breaker.check()
        try:
            answer = send(what)
        except self.faults.refused as error:
            self._breaker.succeeded()
            raise describe(error, "refuses a command") from error
        except self.faults.all as error:
            self._breaker.failed()
            raise describe(error, "does not answer") from error
        self._breaker.succeeded()
        return answer


class ClientLink(Link):
    """Asks by a client that somebody else has made, and leaves it as it is.

    :param client: of redis-py or valkey-py, or of the same kind.
    """

    def __init__(self, client: Any, faults: Faults | None = None) -> None:
        super().__init__(faults or Faults.of(check_client(client)))
        self._made = client
        self.is_cluster = hasattr(client, "get_primaries")

    @property
    def _client(self) -> Any:
        return self._made

    def scan(self, pattern: bytes) -> Iterator[list[bytes]]:
        keys = iter(self._client.scan_iter(match=pattern, count=_SCAN_COUNT))
        while batch := self._guard(_take_some, keys):
            yield batch

    def look(self, spot: Spot, pattern: bytes, count: int) -> tuple[Spot | None, list[bytes]]:
        words = ("SCAN", spot.cursor, "MATCH", pattern, "COUNT", count)
        if not self.is_cluster:
            cursor, keys = self.ask(*words)
            return (Spot(cursor=int(cursor)) if int(cursor) else None), keys
        return self._guard(self._look_at_node, (spot, words))

    def _look_at_node(self, what: tuple[Spot, Command]) -> tuple[Spot | None, list[bytes]]:
        spot, words = what
        nodes = {_short_name(node.name): node for node in self._client.get_primaries()}
        at = min((name for name in nodes if name >= spot.node), default=None)
        if at is None:
            return None, []
        if at != spot.node:
            words = (words[0], 0, *words[2:])
        cursors, keys = self._client.execute_command(*words, target_nodes=nodes[at])
        cursor = next(iter(cursors.values())) if isinstance(cursors, dict) else int(cursors)
        if cursor:
            return Spot(at, cursor), keys
        behind = min((name for name in nodes if name > at), default=None)
        return (None if behind is None else Spot(behind)), keys

    def _send(self, words: Command) -> Answer:
        return Answer(self._client.execute_command(*words), False)

    def _send_all(self, commands: Sequence[Command]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for words in commands:
            pipeline.execute_command(*words)
        # Raised by the pipeline, an error would show the key in its message.
        answers: list[Any] = pipeline.execute(raise_on_error=False)
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return answers


class OwnClientLink(ClientLink):
    """Asks by a client of our own, which each process makes when it first needs it.

    :param make: returns the client; may talk to the servers.
    """

    def __init__(self, make: Callable[[], Any], faults: Faults) -> None:
        Link.__init__(self, faults)
        self.is_cluster = True
        self._make = make
        # With the process that made it.
        self._held: tuple[int, Any] = (0, None)

    @property
    def _client(self) -> Any:
        pid, client = self._held
        if pid != os.getpid():
            if client is not None:
                # Our end only: the parent of the fork goes on with its own.
                client.close()
            # If two threads make one each, the last one is kept.
            client = self._make()
            self._held = (os.getpid(), client)
        return client

    def close(self) -> None:
        pid, client = self._held
        if pid == os.getpid():
            # A cluster's client that is closed has forgotten the cluster.
            self._held = (0, None)
            client.close()

    def _send(self, words: Command) -> Answer:
        try:
            return super()._send(words)
        except self.faults.lost:
            # By now the client has asked anew which server has which slots.
            return Answer(super()._send(words).value, True)


def describe(error: BaseException, what: str) -> StoreUnavailable:
    """Return *error* as ours."""
    return StoreUnavailable(
        f"The Redis server {what}: {type(error).__name__}: {str(error).rstrip('.')}."
        " Look at the server; sessions go on as soon as it is back."
    )


def check_client(client: Any) -> str:
    """Return the library *client* comes from, ``"redis"`` or ``"valkey"``.

    :raises ConfigError: if sessions cannot be kept by it.
    """
    tops = [each.__module__.partition(".")[0] for each in type(client).__mro__]
    library = next((top for top in tops if top in ("redis", "valkey")), "")
    call = getattr(client, "execute_command", None)
    if not library or not callable(call) or not callable(getattr(client, "get_encoder", None)):
        raise ConfigError.of("SESSION_STORE", client, _ALLOWED)
    if inspect.iscoroutinefunction(call) or ".asyncio" in type(client).__module__:
        raise ConfigError(
            "SESSION_STORE is an asynchronous Redis client, but sessions are read and written"
            " without an event loop. Pass a client of the same library that is not asynchronous."
        )
    if client.get_encoder().decode_responses:
        raise ConfigError(
            "SESSION_STORE is a Redis client with decode_responses=True, but sessions are bytes"
            " and no text. Pass one without, or a URL."
        )
    if _reads_from_replicas(client):
        raise ConfigError(
            "SESSION_STORE is a Redis client that reads from replicas: a session that has just"
            " been made would be unknown there. Pass one that asks the master alone."
        )
    return library


def _short_name(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=4).digest()


def _reads_from_replicas(client: Any) -> bool:
    pool = getattr(client, "connection_pool", None)
    return bool(
        getattr(client, "read_from_replicas", False)
        or getattr(client, "load_balancing_strategy", None)
        or getattr(pool, "is_master", True) is False
    )


def _take_some(keys: Iterator[bytes]) -> list[bytes]:
    return list(islice(keys, _SCAN_COUNT))
