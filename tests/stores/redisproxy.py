"""Servers that go wrong on purpose, between a store and Redis or in its place."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

_CHUNK = 1 << 20


class Proxy:
    """Hands requests on to a server, and answers back, but for those it is told to drop.

    It takes each chunk for one whole request or answer: enough for small records.
    """

    def __init__(self, port: int) -> None:
        self._upstream = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.dropping = ""
        self.dropped = 0
        self.meanwhile: Callable[[], object] = int
        self.requests: list[bytes] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.port}/0"

    def drop(self, what: str, meanwhile: Callable[[], object] = int) -> None:
        """End the connection instead of handing on the next ``"request"`` or ``"answer"``.

        :param meanwhile: called just before.
        """
        self.dropping, self.meanwhile = what, meanwhile

    def run(self) -> None:
        """Serve until the listener is closed."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        # Closing alone does not wake up who accepts.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._upstream))
        with closing(client), closing(server):
            while request := client.recv(_CHUNK):
                self.requests.append(request)
                if self._is_dropped("request"):
                    return
                server.sendall(request)
                answer = server.recv(_CHUNK)
                if self._is_dropped("answer"):
                    return
                client.sendall(answer)

    def _is_dropped(self, what: str) -> bool:
        if self.dropping != what:
            return False
        self.dropping = ""
        self.dropped += 1
        self.meanwhile()
        return True


@contextmanager
def proxy(port: int) -> Iterator[Proxy]:
    """Run a proxy in front of the server on *port*."""
    one = Proxy(port)
    thread = threading.Thread(target=one.run, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.close()
        thread.join(5)


@contextmanager
def answering(line: bytes) -> Iterator[str]:
    """Run a server that answers *line* to whatever it is asked; yield its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve(client: socket.socket) -> None:
            with closing(client):
                while request := client.recv(_CHUNK):
                    # Each command begins with the number of its words.
                    count = sum(part.startswith(b"*") for part in request.split(b"\r\n"))
                    client.sendall((line + b"\r\n") * count)

        def run() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(client,), daemon=True).start()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield f"redis://127.0.0.1:{port}/0"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
