"""A Redis that answers as a script says, and passes everything else on to a real one."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedIOBase

_READS = {b"GET", b"GETRANGE", b"HMGET", b"ZRANGE", b"PING", b"ROLE", b"HELLO", b"CLIENT"}

_PATIENCE = 10.0


class ScriptedRedis:
    """Stands in front of a Redis server.

    :ivar reply: what is answered instead, without its line end, such as ``-LOADING ...``; or
        an empty text to hang up; or None, to pass everything on.
    :ivar spares_reads: whether commands that only read are passed on all the same.
    :ivar replies: how many were sent.
    """

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self.reply: str | None = None
        self.spares_reads = False
        self.replies = 0
        self.port = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}/0"

    def begin(self, reply: str | None, spares_reads: bool = False) -> None:
        """Answer *reply* from now on."""
        self.reply, self.spares_reads = reply, spares_reads

    def scripted(self, command: bytes) -> bytes | None:
        """Return the answer to *command*, or None if the real server is to give it."""
        if self.reply is None or (self.spares_reads and command.upper() in _READS):
            return None
        self.replies += 1
        return self.reply.encode() + b"\r\n" if self.reply else b""


@contextmanager
def scripted_redis(port: int) -> Iterator[ScriptedRedis]:
    """Run one in front of the server at *port* of this machine."""
    script = ScriptedRedis(("127.0.0.1", port))

    class Handler(socketserver.StreamRequestHandler):
        timeout = _PATIENCE

        def handle(self) -> None:
            with socket.create_connection(script.address, timeout=_PATIENCE) as upstream:
                _serve(script, self.rfile, self.wfile, upstream)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing of a client that has hung up."""

    with Server(("127.0.0.1", 0), Handler) as server:
        script.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()


def _serve(
    script: ScriptedRedis, client: BufferedIOBase, answers: BufferedIOBase, upstream: socket.socket
) -> None:
    with upstream.makefile("rb") as replies:
        while True:
            raw, name = _command(client)
            if not raw:
                return
            answer = script.scripted(name)
            if answer is None:
                upstream.sendall(raw)
                answer = _reply(replies)
            if not answer:
                return
            answers.write(answer)


def _command(stream: BufferedIOBase) -> tuple[bytes, bytes]:
    """Return a command as it came, and its first word."""
    head = stream.readline()
    if not head.startswith(b"*"):
        return b"", b""
    raw, words = [head], []
    for _ in range(int(head[1:])):
        length = stream.readline()
        data = stream.read(int(length[1:]) + 2)
        raw += [length, data]
        words.append(data[:-2])
    return b"".join(raw), words[0]


def _reply(stream: BufferedIOBase) -> bytes:
    """Return a whole answer as it came."""
    head = stream.readline()
    kind, rest = head[:1], head[1:-2]
    if kind == b"$" and rest != b"-1":
        return head + stream.read(int(rest) + 2)
    if kind == b"*" and rest != b"-1":
        return head + b"".join(_reply(stream) for _ in range(int(rest)))
    return head
