"""Connections to one Redis server, our own, kept open between requests.

A client of redis-py takes as long for a question as the server and the network together.
Here a connection is taken, a packed command sent, and its answer read.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from redis.exceptions import ConnectionError, RedisError, ResponseError

from .redislink import Answer, Command, Faults, Link, Spot

# A redis.connection.Connection, whose methods have no types.
HeldConnection = Any

# Connections a process keeps open; more are opened for a rush and closed after it.
_MOST_IDLE = 32

_SCAN_COUNT = 200


class _Idle:
    """The connections that nobody uses at the moment, in the process that opened them."""

    def __init__(self, make: Callable[[], HeldConnection]) -> None:
        self.pid = os.getpid()
        self.make = make
        self.connections: deque[HeldConnection] = deque()


class HeldLink(Link):
    """Asks one server, or whichever is the master at the moment.

    :param prepare: called once in each process; returns a function that makes connections,
        which are not connected yet.
    :param is_managed: whether the server may change, so that its role has to be asked for.
    """

    def __init__(
        self, prepare: Callable[[], Callable[[], HeldConnection]], is_managed: bool = False
    ) -> None:
        super().__init__(Faults.of("redis"))
        self._prepare = prepare
        self._is_managed = is_managed
        self._idle: _Idle | None = None

    def scan(self, pattern: bytes) -> Iterator[list[bytes]]:
        cursor: bytes | None = None
        while cursor != b"0":
            cursor, keys = self.ask("SCAN", cursor or b"0", "MATCH", pattern, "COUNT", _SCAN_COUNT)
            yield keys

    def look(self, spot: Spot, pattern: bytes, count: int) -> tuple[Spot | None, list[bytes]]:
        cursor, keys = self.ask("SCAN", spot.cursor, "MATCH", pattern, "COUNT", count)
        return (Spot(cursor=int(cursor)) if int(cursor) else None), keys

    def close(self) -> None:
        idle = self._idle
        if idle is not None and idle.pid == os.getpid():
            _drop(idle)

    def _send(self, words: Command) -> Answer:
        answers, is_repeated = self._exchange(_pack(words), 1)
        return Answer(answers[0], is_repeated)

    def _send_all(self, commands: Sequence[Command]) -> list[Any]:
        return self._exchange(b"".join(map(_pack, commands)), len(commands))[0]

    def _exchange(self, packed: bytes, count: int) -> tuple[list[Any], bool]:
        """Return *count* answers to *packed* commands, and whether they were asked twice."""
        idle = self._open()
        try:
            connection = idle.connections.pop()
        except IndexError:
            return self._talk(idle, self._connect(idle), packed, count), False
        try:
            return self._talk(idle, connection, packed, count), False
        except (ConnectionError, ResponseError) as error:
            # It was kept open, and the server has gone away, or is a replica now: so it is
            # with the others. A server that is too slow is not asked again.
            if not isinstance(error, ConnectionError) and not _is_read_only(error):
                raise
        return self._talk(idle, self._connect(idle), packed, count), True

    def _talk(
        self, idle: _Idle, connection: HeldConnection, packed: bytes, count: int
    ) -> list[Any]:
        refusal = None
        answers = []
        try:
            connection.send_packed_command([packed])
            for _ in range(count):
                try:
                    answers.append(connection.read_response())
                except ResponseError as error:
                    refusal = error
        except BaseException as error:
            # Cut off in the middle, it may hold the answer to somebody else's question.
            connection.disconnect()
            if isinstance(error, RedisError):
                _drop(idle)
            raise
        if refusal is not None and _is_read_only(refusal):
            connection.disconnect()
            _drop(idle)
        elif len(idle.connections) < _MOST_IDLE:
            idle.connections.append(connection)
        else:
            connection.disconnect()
        if refusal is not None:
            raise refusal
        return answers

    def _open(self) -> _Idle:
        idle = self._idle
        if idle is None or idle.pid != os.getpid():
            if idle is not None:
                # Our end only: the parent of the fork goes on with its own.
                _drop(idle)
            idle = self._idle = _Idle(self._prepare())
        return idle

    def _connect(self, idle: _Idle) -> HeldConnection:
        connection = idle.make()
        try:
            connection.connect()
            if self._is_managed:
                _check_role(connection)
        except BaseException:
            connection.disconnect()
            raise
        return connection


def _check_role(connection: HeldConnection) -> None:
    # Sentinels may not have heard of a failover yet. A replica would not know of a session
    # that has just been made, and its visitor would be signed out.
    connection.send_command("ROLE")
    if connection.read_response()[0] not in (b"master", "master"):
        raise ConnectionError("The sentinels name a server that is no master")


def _is_read_only(error: Exception) -> bool:
    # Up to Redis 6, a script has an error of its own, which quotes the other one.
    return "READONLY" in (getattr(error, "status_code", None) or "") or "read only replica" in str(
        error
    )


def _drop(idle: _Idle) -> None:
    while idle.connections:
        try:
            idle.connections.pop().disconnect()
        except IndexError:
            # Another thread was faster.
            return


def _pack(words: Command) -> bytes:
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        if type(word) is not bytes:
            word = str(word).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(word), word))
    return b"".join(parts)
