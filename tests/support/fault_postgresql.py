"""A PostgreSQL of our own that a test may stop without a word, and start again."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.private_servers import PATIENCE, _programs
from tests.support.probe import execute, probe
from tests.support.processes import free_port, stop, wait_until


class Server:
    """One PostgreSQL, which acknowledges what is in its log, and waits for no disk.

    :param folder: an empty folder of its own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._initdb, self._postgres = _programs(
            "initdb", "postgres", folders="/usr/lib/postgresql/*/bin"
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base(self) -> str:
        """The URL without a database."""
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The URL of a database for a test."""
        return f"{self.base}/test"

    def make(self) -> None:
        """Make the files."""
        data = self.folder / "data"
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        made = self._run(
            *(self._initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        )
        assert made.wait(PATIENCE) == 0, (self.folder / "log").read_text(errors="replace")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        data = self.folder / "data"
        self._process = self._run(
            *(self._postgres, "-D", data, "-h", "127.0.0.1", "-p", str(self.port)),
            *("-k", self.folder, "-F"),
        )
        wait_until(
            lambda: probe(f"{self.base}/postgres"), self._process, self.folder / "log", PATIENCE
        )

    def stop_at_once(self) -> None:
        """Do what `pg_ctl stop -m immediate` does: no farewell, no check point."""
        assert self._process is not None
        stop(self._process, how=signal.SIGQUIT)

    def do(self, statement: str) -> None:
        """Run a statement, on a connection of its own to another database."""
        execute(f"{self.base}/postgres", statement)

    def _run(self, *words: object) -> subprocess.Popen[bytes]:
        user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(word) for word in words],
                cwd=self.folder,
                env={**os.environ, "HOME": str(self.folder), "LC_ALL": "C.UTF-8"},
                user=None if user is None else user.pw_uid,
                group=None if user is None else user.pw_gid,
                extra_groups=None if user is None else [],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


@contextmanager
def postgresql(folder: Path) -> Iterator[Server]:
    """Run one in *folder*, which must be empty."""
    server = Server(folder)
    server.make()
    server.start()
    try:
        server.do("CREATE DATABASE test")
        yield server
    finally:
        server.stop_at_once()
