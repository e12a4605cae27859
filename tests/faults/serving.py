"""A gunicorn that serves the fault tests' app: its processes, and what they hold open."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.browsing import Browser
from tests.faults.places import Place
from tests.support.gunicorn import Gunicorn, gunicorn

APP = "tests.faults.app:create_app()"


@dataclass(frozen=True)
class Crew:
    """A server, and the place where it keeps its sessions."""

    server: Gunicorn
    place: Place

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.server.url

    def browser(self, keeps_alive: bool = False) -> Browser:
        """Return somebody new."""
        return Browser(self.url, keeps_alive)

    def visitor(self) -> Browser:
        """Return somebody whose session is stored."""
        browser = self.browser()
        answer = browser.post("/sign-in/ada")
        assert answer.is_good, (answer, self.server.output()[-3000:])
        assert browser.cookies
        return browser

    def workers(self) -> list[int]:
        """Return the worker processes that are alive."""
        master = self.server.process.pid
        # A process that has just ended is still listed, with no program of its own.
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        return [int(pid) for pid in children if _is_alive(int(pid))]

    @property
    def deaths(self) -> int:
        """How many workers have been replaced so far."""
        return self.server.output().count("Booting worker") - self._count

    @property
    def _count(self) -> int:
        words = self.server.process.args
        assert isinstance(words, list)
        return int(words[words.index("--workers") + 1])


@contextmanager
def crew(
    place: Place,
    workers: int = 1,
    threads: int = 1,
    preload: bool = False,
    options: Sequence[str] = (),
    **config: Any,
) -> Iterator[Crew]:
    """Serve the app on *place*, which must exist."""
    if preload:
        options = [*options, "--preload"]
        config["USE_BEFORE_FORK"] = True
    env = place.env(**config)
    with gunicorn(APP, workers=workers, threads=threads, env=env, options=options) as server:
        yield Crew(server, place)


def sockets_of(pid: int) -> set[str]:
    """Return the connections a process holds open, but not the sockets it listens on."""
    connected = _connected(pid)
    found = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            target = os.readlink(path)
            if target.startswith("socket:") and target[8:-1] in connected:
                found.add(target)
    return found


def kill(pid: int) -> None:
    """End a process as no process likes to end."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def _connected(pid: int) -> set[str]:
    inodes = set()
    for name in ("tcp", "tcp6"):
        path = Path(f"/proc/{pid}/net/{name}")
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            words = line.split()
            # 01: established, 08: the other side has hung up, 0A: listening.
            if words[3] in ("01", "08"):
                inodes.add(words[9])
    return inodes
