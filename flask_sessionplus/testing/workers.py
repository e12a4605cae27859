"""Processes that do the same job at the same time, for claims about several processes."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from threading import Barrier
from typing import Any

# Seconds after which whoever has not come or not answered is taken for dead.
_PATIENCE = 120.0


@dataclass(frozen=True)
class Worker:
    """What a job gets first: which of the workers it is, and where they meet."""

    number: int
    barrier: Barrier

    def meet(self) -> None:
        """Wait until all workers are here."""
        self.barrier.wait(_PATIENCE)


class Workers:
    """Processes that share nothing: each is started anew, not forked.

    They are started when there is work, and wait for more until they are closed.

    :param count: how many.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._running: list[tuple[SpawnProcess, Connection]] = []

    def run(self, job: Callable[..., Any], *arguments: Any) -> list[Any]:
        """Let each worker call *job* with itself and *arguments*; return what they return.

        :param job: a function of a module, so that other processes can import it.
        :raises AssertionError: with the traceback, if one of them raised.
        """
        if not self._running:
            self._start()
        answers = [(True, "A worker has died.")] * self._count
        try:
            for _, end in self._running:
                end.send((job, arguments))
            answers = [_receive(end) for _, end in self._running]
        except BrokenPipeError:
            pass
        failures = [what for has_failed, what in answers if has_failed]
        if failures:
            self.close()
            # Most have only waited in vain for the one that failed.
            raise AssertionError(min(failures, key=lambda text: "BrokenBarrier" in text))
        return [what for _, what in answers]

    def close(self) -> None:
        """Send the workers home."""
        running, self._running = self._running, []
        for process, end in running:
            end.close()
            process.join(5)
            process.kill()
            process.join()
            process.close()

    def _start(self) -> None:
        # Not forked: a child would have this process's connections and locks.
        context = get_context("spawn")
        # Kept: it ends with its last reference here, even before the others have theirs.
        self._barrier = context.Barrier(self._count)
        for number in range(self._count):
            ours, theirs = context.Pipe()
            process = context.Process(
                target=_work, args=(number, self._barrier, theirs), daemon=True
            )
            process.start()
            theirs.close()
            self._running.append((process, ours))


def _receive(end: Connection) -> tuple[bool, Any]:
    try:
        if not end.poll(_PATIENCE):
            return True, "A worker did not answer."
        answer: tuple[bool, Any] = end.recv()
    except EOFError:
        return True, "A worker has died."
    return answer


def _work(number: int, barrier: Barrier, end: Connection) -> None:
    while True:
        try:
            job, arguments = end.recv()
        except EOFError:
            return
        try:
            end.send((False, job(Worker(number, barrier), *arguments)))
        except BaseException:
            # The others must not wait for this one, and the parent must hear of it.
            barrier.abort()
            end.send((True, traceback.format_exc()))
            raise
