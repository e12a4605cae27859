"""Starting programs beside the tests, waiting for them, and never leaving one behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(
    ready: Callable[[], object], process: subprocess.Popen[bytes], log: Path, timeout: float
) -> None:
    """Poll until `ready` no longer raises an `OSError`, or fail with the end of the log."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            ready()
        except OSError as error:
            if process.poll() is not None:
                problem = f"ended with {process.returncode}"
            elif time.monotonic() > deadline:
                problem = f"not ready after {timeout:g} s ({error})"
            else:
                time.sleep(0.05)
                continue
            tail = log.read_text(errors="replace")[-4000:]
            raise RuntimeError(f"{process.args!r}: {problem}\n{tail}") from error
        return


def stop(
    process: subprocess.Popen[bytes], *, how: int = signal.SIGTERM, grace: float = 10.0
) -> None:
    """Ask the process to end; after `grace` seconds kill its whole group.

    The process must have been started with `start_new_session=True`.
    """
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        pass
    finally:
        # Also after a clean end: a child that outlived its parent is still in the group.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(grace)


def hang(process: subprocess.Popen[bytes] | int, timeout: float = 10.0) -> None:
    """Let a process stand still, until it is sent SIGCONT.

    Sending SIGSTOP only asks for it: a thread that runs on another processor may answer once
    more. So this waits until the kernel says of each thread that it has stopped.
    """
    pid = process if isinstance(process, int) else process.pid
    deadline = time.monotonic() + timeout
    os.kill(pid, signal.SIGSTOP)
    while running := _states(pid) - _STILL:
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} does not stop: {sorted(running)}")
        time.sleep(0.001)


# Stopped, by a signal or a debugger; or ended.
_STILL = frozenset("TtZX")


def _states(pid: int) -> set[str]:
    """Return the letters by which the kernel names the states of a process's threads."""
    states = set()
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            # The name of the program, in brackets, may have brackets in it.
            states.add(stat.read_text().rpartition(")")[2].split()[0])
    return states
