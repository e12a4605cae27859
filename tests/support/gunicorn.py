"""An app under gunicorn: several processes that share nothing but the store."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import ROOT, stop, wait_until


@dataclass(frozen=True)
class Gunicorn:
    """A gunicorn that answers: where, which process, and what it wrote so far."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        """Return everything written to its standard output and error."""
        return self.log.read_text(errors="replace")


@contextmanager
def gunicorn(
    app: str,
    *,
    workers: int = 1,
    threads: int = 1,
    env: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    timeout: float = 20.0,
) -> Iterator[Gunicorn]:
    """Serve `app` ("module:app" or "module:create_app()") on a free port for as long as it takes.

    It runs in the root of the checkout, answers when this yields, and is gone afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="sessionplus-gunicorn-") as place:
        log = Path(place, "log")
        # We listen and hand the socket over: a port that is ours can't be taken meanwhile.
        with socket.create_server(("127.0.0.1", 0), backlog=512) as listener, log.open("wb") as out:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "gunicorn", app),
                    *("--bind", f"fd://{listener.fileno()}"),
                    *("--workers", str(workers)),
                    *(("--worker-class", "gthread", "--threads", str(threads)) * (threads > 1)),
                    *("--graceful-timeout", "5", "--worker-tmp-dir", place),
                    *options,
                ],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": place, **(env or {})},
                pass_fds=[listener.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        server = Gunicorn(url, process, log)
        try:
            wait_until(lambda: _ask(server, workers), process, log, timeout)
            yield server
        finally:
            stop(process)


def _ask(server: Gunicorn, workers: int) -> None:
    """Raise an `OSError` unless all workers are up and one answers, whatever the status."""
    if server.output().count("Booting worker") < workers:
        raise ConnectionError("not all workers have started")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(server.url, timeout=5.0).close()
    except urllib.error.HTTPError as answer:
        answer.close()
