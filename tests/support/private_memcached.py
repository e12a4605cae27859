"""A Memcached of our own: started from the installed program, gone afterwards."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

from tests.support.private_servers import NotInstalled
from tests.support.processes import free_port, stop, wait_until

_PATIENCE = 20.0


@contextmanager
def memcached(folder: Path, *options: str, port: int | None = None) -> Iterator[str]:
    """Run a Memcached on 127.0.0.1 and yield its URL.

    :param options: more options, such as ``"-I", "8m"``.
    :param port: where it listens; default: a free one.
    """
    with running(folder, *options, port=port) as (url, _):
        yield url


@contextmanager
def running(
    folder: Path, *options: str, port: int | None = None
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Do the same, and yield the process as well, for tests that stop it."""
    program = which("memcached", path=os.pathsep.join([os.environ.get("PATH", ""), os.defpath]))
    if program is None:
        raise NotInstalled("memcached")
    port = port or free_port()
    user = ("-u", "nobody") if os.geteuid() == 0 else ()
    log = folder / "memcached.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [program, *user, "-l", "127.0.0.1", "-p", str(port), "-U", "0", *options],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: _greet(port), process, log, _PATIENCE)
        yield f"memcached://127.0.0.1:{port}", process
    finally:
        stop(process)


def _greet(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=3) as connection:
        connection.sendall(b"version\r\n")
        if not connection.recv(64).startswith(b"VERSION"):
            raise ConnectionError("it does not speak Memcached's protocol")
