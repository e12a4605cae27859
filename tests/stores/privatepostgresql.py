"""A PostgreSQL of our own that is stopped, killed and started again by its tests."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from tests.support.probe import probe
from tests.support.processes import hang, stop, wait_until
from tests.support.servers import POSTGRESQL, private


class PrivatePostgreSQL:
    """A server that may be ill-treated.

    :param url: where it answers.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._plain = make_url(url).set(drivername="postgresql").render_as_string()
        with psycopg.connect(self._plain, autocommit=True) as connection:
            folder = connection.execute("SHOW data_directory").fetchone()
        assert folder
        self._folder = Path(folder[0])
        self._successor: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The number of the process that all others of the server come from."""
        return int((self._folder / "postmaster.pid").read_text().split()[0])

    @contextmanager
    def hung(self) -> Iterator[None]:
        """Let all its processes stand still."""
        pids = [self.pid, *_children(self.pid)]
        for pid in pids:
            hang(pid)
        try:
            yield
        finally:
            for pid in reversed(pids):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def crash(self) -> list[str]:
        """End it as `pg_ctl stop -m immediate` does; return how it was started."""
        pid = self.pid
        command = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode().split("\0")
        os.kill(pid, signal.SIGQUIT)
        for child in [pid, *_children(pid)]:
            _await_end(child)
        return command

    def start(self, command: list[str]) -> None:
        """Start it again, and wait until it answers."""
        owner = self._folder.stat()
        log = self._folder.parent / "log"
        with log.open("ab") as output:
            self._successor = subprocess.Popen(
                command,
                cwd=self._folder,
                user=owner.st_uid if os.geteuid() == 0 else None,
                group=owner.st_gid if os.geteuid() == 0 else None,
                extra_groups=[] if os.geteuid() == 0 else None,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(lambda: probe(self.url), self._successor, log, 30)

    def close(self) -> None:
        """End what was started here."""
        if self._successor is not None:
            stop(self._successor, how=signal.SIGINT)


@contextmanager
def private_postgresql() -> Iterator[PrivatePostgreSQL]:
    """Start one, and leave nothing behind."""
    with private(POSTGRESQL) as url:
        server = PrivatePostgreSQL(url)
        try:
            yield server
        finally:
            server.close()


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in text.split()]


def _await_end(pid: int) -> None:
    deadline = 30.0
    while deadline > 0:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        deadline -= 0.02
        signal.sigtimedwait([], 0.02)
    raise TimeoutError(f"process {pid} does not end")
