"""A tap on the line to a server: passes the bytes on, and counts them."""

from __future__ import annotations

import selectors
import socket
import threading
from types import TracebackType

_CHUNK = 1 << 18


class Tap:
    """Listens on a port of its own for clients of the server at ``port``; a context manager.

    A trip is everything the client sends until the server answers.
    """

    def __init__(self, port: int) -> None:
        self.trips = self.sent = self.received = 0
        self._server = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._is_open = True
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Tap:
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_open = False
        socket.create_connection(self._listener.getsockname()).close()  # wakes the thread
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()

    def _work(self) -> None:
        while self._is_open:
            for key, _ in self._selector.select():
                if key.data is None:
                    self._accept()
                else:
                    key.data.forward()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        if self._is_open:
            _Line(self, client, socket.create_connection(self._server)).watch(self._selector)
        else:
            client.close()


class _Line:
    """One connection: two sockets, and who spoke last."""

    def __init__(self, tap: Tap, client: socket.socket, server: socket.socket) -> None:
        self.tap = tap
        self.is_asking = False
        self.ends = (_End(self, client, server, True), _End(self, server, client, False))
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def watch(self, selector: selectors.BaseSelector) -> None:
        for end in self.ends:
            end.selector = selector
            selector.register(end.source, selectors.EVENT_READ, end)


class _End:
    """One direction of a connection."""

    selector: selectors.BaseSelector

    def __init__(
        self, line: _Line, source: socket.socket, target: socket.socket, is_client: bool
    ) -> None:
        self.line, self.source, self.target, self.is_client = line, source, target, is_client

    def forward(self) -> None:
        """Pass on what has come, and count it; with the last byte, hang up."""
        if self.source.fileno() < 0:
            return  # the other direction has just hung up
        try:
            data = self.source.recv(_CHUNK)
        except ConnectionError:
            data = b""
        if not data:
            self._hang_up()
            return
        tap, line = self.line.tap, self.line
        if self.is_client:
            tap.sent += len(data)
            tap.trips += not line.is_asking
        else:
            tap.received += len(data)
        line.is_asking = self.is_client
        self.target.sendall(data)

    def _hang_up(self) -> None:
        for end in self.line.ends:
            if end.source.fileno() >= 0:
                self.selector.unregister(end.source)
                end.source.close()
