"""Looking whether a server answers."""

from __future__ import annotations

import socket
from urllib.parse import unquote, urlsplit

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import OperationalError


def probe(url: str) -> None:
    """Raise an `OSError` unless a server answers at `url` and lets us in."""
    if url.startswith("redis:"):
        _ping_redis(url)
        return
    try:
        execute(url, "SELECT 1")
    except OperationalError as error:
        raise ConnectionError(str(error.orig)) from error


def execute(url: str, statement: str) -> None:
    """Run one SQL statement on a connection of its own, outside any transaction."""
    engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 3})
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text(statement))


def _ping_redis(url: str) -> None:
    # By hand: looking for a server must not need the client library of an optional store.
    parts = urlsplit(url)
    commands = [["PING"]]
    if parts.password:
        user = [unquote(parts.username)] if parts.username else []
        commands.insert(0, ["AUTH", *user, unquote(parts.password)])
    with socket.create_connection(
        (parts.hostname or "127.0.0.1", parts.port or 6379), timeout=3
    ) as connection:
        for command in commands:
            words = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in command)
            connection.sendall(f"*{len(command)}\r\n{words}".encode())
            answer = connection.recv(128)
            if not answer.startswith(b"+"):
                raise ConnectionError(f"{command[0]}: {answer.decode(errors='replace').strip()}")
