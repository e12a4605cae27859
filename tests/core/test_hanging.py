"""Letting a process stand still, as the tests of outages do."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import hang

# Threads that have nothing to wait for, so that one is running whenever it is looked at.
_BUSY = """
import threading
for _ in range(4):
    threading.Thread(target=lambda: [hash(n) for n in iter(int, 1)]).start()
print("busy", flush=True)
"""


@pytest.mark.slow
def test_all_threads_stand_still():
    """When `hang` returns, the process uses no processor any more; it goes on when it is told."""
    process = subprocess.Popen([sys.executable, "-c", _BUSY], stdout=subprocess.PIPE)
    try:
        assert process.stdout.readline() == b"busy\n"
        for _ in range(20):
            hang(process)
            used = _times(process.pid)
            assert all(_times(process.pid) == used for _ in range(50))
            process.send_signal(signal.SIGCONT)
    finally:
        process.kill()
        process.communicate()


def test_a_process_that_is_gone_is_told():
    """There is nothing to be waited for where no process is."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with pytest.raises(ProcessLookupError):
        hang(process.pid)


def _times(pid):
    # Nanoseconds on a processor, of the first thread and of all others.
    return [
        path.read_text().split()[0]
        for path in sorted(Path(f"/proc/{pid}/task").glob("*/schedstat"))
    ]
