"""Database servers of our own: started from installed programs, thrown away afterwards.

Each starter takes an empty folder, yields the URL of an empty database, and leaves no process.
They are quick and forgetful: none of them waits for the disk.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.probe import execute, probe
from tests.support.processes import free_port, stop, wait_until

PATIENCE = 60.0


class NotInstalled(Exception):
    """The programs of a server are not on this machine."""


@contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL that trusts everybody on 127.0.0.1."""
    initdb, server = _programs("initdb", "postgres", folders="/usr/lib/postgresql/*/bin")
    place, port, data = _Place(folder), free_port(), folder / "data"
    place.run(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
    base = f"postgresql+psycopg://postgres@127.0.0.1:{port}"
    command = [server, "-D", data, "-h", "127.0.0.1", "-p", port, "-k", folder, "-F"]
    # SIGINT is its fast way out: on SIGTERM it would wait until every client has left.
    with place.running(command, ready_at=f"{base}/postgres", how=signal.SIGINT):
        execute(f"{base}/postgres", "CREATE DATABASE test")
        yield f"{base}/test"


@contextmanager
def mariadb(folder: Path) -> Iterator[str]:
    """Run a MariaDB whose root has no password."""
    install, server = _programs("mariadb-install-db", "mariadbd", folders="/usr/sbin")
    place, port = _Place(folder), free_port()
    common = ["--no-defaults", f"--datadir={folder / 'data'}"]
    place.run(install, *common, "--auth-root-authentication-method=normal")
    base = f"mysql+pymysql://root@127.0.0.1:{port}"
    command = [
        *(server, *common),
        *("--bind-address=127.0.0.1", f"--port={port}", f"--socket={folder / 'socket'}"),
        *("--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M"),
    ]
    with place.running(command, ready_at=f"{base}/mysql"):
        execute(f"{base}/mysql", "CREATE DATABASE IF NOT EXISTS test CHARACTER SET utf8mb4")
        yield f"{base}/test"


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Run a Redis that keeps nothing on disk."""
    (server,) = _programs("redis-server", folders="/usr/bin")
    place, port = _Place(folder), free_port()
    url = f"redis://127.0.0.1:{port}/15"
    command = [
        *(server, "--bind", "127.0.0.1", "--port", port, "--dir", folder),
        *("--save", "", "--appendonly", "no"),
    ]
    with place.running(command, ready_at=url):
        yield url


def _programs(*names: str, folders: str) -> list[str]:
    """Return the paths of all these programs, the newest version if there are several."""
    places = [os.defpath, *map(str, sorted(Path("/").glob(folders.lstrip("/")), key=_version))]
    path = os.pathsep.join([*reversed(places), os.environ.get("PATH", "")])
    found = [shutil.which(name, path=path) for name in names]
    if not all(found):
        raise NotInstalled(", ".join(names))
    return [program for program in found if program]


def _version(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdecimal() else 0


class _Place:
    """A folder with a user to whom it belongs: database servers refuse to run as root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.uid: int | None = None
        self.gid: int | None = None
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.uid, self.gid = nobody.pw_uid, nobody.pw_gid
            os.chown(folder, self.uid, self.gid)

    def run(self, *command: object) -> None:
        """Run a program to its end."""
        process = self._start(command)
        try:
            returncode = process.wait(PATIENCE)
        finally:
            stop(process)
        if returncode != 0:
            raise RuntimeError(f"{command[0]} failed:\n{self.log.read_text(errors='replace')}")

    @contextmanager
    def running(
        self, command: Sequence[object], *, ready_at: str, how: int = signal.SIGTERM
    ) -> Iterator[None]:
        """Run a server for as long as the block takes, which begins when it answers."""
        process = self._start(command)
        try:
            wait_until(lambda: probe(ready_at), process, self.log, PATIENCE)
            yield
        finally:
            stop(process, how=how)

    def _start(self, command: Sequence[object]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [str(word) for word in command],
                cwd=self.folder,
                env={**os.environ, "HOME": str(self.folder), "LC_ALL": "C.UTF-8"},
                user=self.uid,
                group=self.gid,
                extra_groups=None if self.gid is None else [],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
