"""F-19: processes forked from one that has used the store share nothing but the data."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from functools import partial

import pytest

from tests.faults.browsing import at_once
from tests.faults.serving import sockets_of
from tests.support.processes import ROOT

VISITORS = 16
TOKENS = [10_000, pytest.param(1_000_000, marks=pytest.mark.torture)]

# Makes tokens in children of a process that has made some itself, and prints all.
_FORKING = """
import os, sys
from flask_sessionplus.tokens import new_token
children, each = 8, int(sys.argv[1]) // 8
tokens = [new_token() for _ in range(10)]
for _ in range(children):
    if os.fork() == 0:
        made = "\\n".join(new_token() for _ in range(each))
        with open(f"{sys.argv[2]}/{os.getpid()}", "w") as file:
            file.write(made)
        os._exit(0)
for _ in range(children):
    assert os.wait()[1] == 0
"""


@pytest.fixture
def visited(served):
    """Return the server after all of its processes and threads have used the store."""
    visitors = [served.visitor() for _ in range(VISITORS)]

    def work(number):
        for each in range(10):
            assert visitors[number].post(f"/set/canary/{number}-{each}").is_good
            assert visitors[number].get("/get/canary").value == f"{number}-{each}"

    at_once(*[partial(work, number) for number in range(VISITORS)])
    return served


def test_forked_workers_share_no_socket(visited):
    """No connection to a server is open in two processes."""
    master = visited.server.process.pid
    held = {pid: sockets_of(pid) for pid in [master, *visited.workers()]}
    counted = Counter(socket for sockets in held.values() for socket in sockets)

    assert {socket: count for socket, count in counted.items() if count > 1} == {}


def test_forked_workers_know_all_sessions(visited):
    """Sessions begun in one worker go on in the other."""
    visitor = visited.visitor()
    pids = set()
    for number in range(100):
        assert visitor.post(f"/set/number/{number}").is_good
        pids.add(visitor.get("/pid").value)
        assert visitor.get("/all").value == {"user": "ada", "number": str(number)}

    assert pids == set(visited.workers())


@pytest.mark.parametrize("count", TOKENS)
def test_forked_processes_make_different_tokens(tmp_path, count):
    """Eight processes forked from one that has made tokens never make the same."""
    subprocess.run(
        [sys.executable, "-c", _FORKING, str(count), str(tmp_path)], cwd=ROOT, check=True
    )
    made = [line for path in tmp_path.iterdir() for line in path.read_text().split()]

    assert len(made) == len(set(made)) == count
