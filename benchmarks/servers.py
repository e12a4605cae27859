"""Database servers of our own: in memory, on the other cores, started when they are first needed.

What others do to a server that everybody uses would show in the figures.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import NullPool, create_engine
from sqlalchemy.engine import URL, make_url

from tests.support import private_servers

from . import machine
from .tap import Tap


class Server:
    """One kind of server. It runs from the first question for its URL until :func:`stop_all`."""

    def __init__(self, start: Callable[[Path], AbstractContextManager[str]]) -> None:
        self._start = start
        self._url: URL | None = None
        self._port: int | None = None

    @property
    def is_running(self) -> bool:
        """Whether somebody has needed it."""
        return self._url is not None

    @property
    def url(self) -> URL:
        """Where clients find it: itself, or the tap on the line to it.

        Raises :exc:`.machine.Unavailable`.
        """
        if self._url is None:
            self._url = self._run()
        return self._url if self._port is None else self._url.set(port=self._port)

    @contextmanager
    def tapped(self) -> Iterator[Tap]:
        """Let all who ask for the URL meanwhile be sent through a tap."""
        port = self.url.port
        assert port is not None
        with Tap(port) as tap:
            self._port = tap.port
            try:
                yield tap
            finally:
                self._port = None

    def _run(self) -> URL:
        folder = Path(tempfile.mkdtemp(prefix="bench-server-", dir=machine.folder_in_memory()))
        _stack.callback(shutil.rmtree, folder, ignore_errors=True)
        _stack.callback(self._forget)
        try:
            with machine.on_the_other_cores():
                return make_url(_stack.enter_context(self._start(folder)))
        except private_servers.NotInstalled as error:
            raise machine.Unavailable(f"not installed: {error}") from error

    def _forget(self) -> None:
        self._url = None


REDIS = Server(private_servers.redis)
POSTGRESQL = Server(private_servers.postgresql)
MARIADB = Server(private_servers.mariadb)

_stack = ExitStack()


def versions() -> dict[str, str]:
    """The names and versions of those that run."""
    found = {"Redis": REDIS, "PostgreSQL": POSTGRESQL, "MariaDB": MARIADB}
    return {name: _version(server) for name, server in found.items() if server.is_running}


def _version(server: Server) -> str:
    if server is REDIS:
        import redis

        with redis.Redis.from_url(server.url.render_as_string()) as client:
            return str(client.info("server")["redis_version"])
    engine = create_engine(server.url, poolclass=NullPool)
    with engine.connect() as connection:
        version = connection.dialect.server_version_info or ()
        return ".".join(str(part) for part in version[:3])


def stop_all() -> None:
    """End every server that was started, and remove what it kept."""
    _stack.close()
