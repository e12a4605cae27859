"""Processes that do the same job at the same time, for claims about several processes."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Barrier
from types import TracebackType
from typing import Any

# Seconds after which whoever has not come is taken for dead.
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

    :param count: how many.
    """

    def __init__(self, count: int) -> None:
        # Not forked: a child would inherit the connections and locks of this process.
        context = get_context("spawn")
        self._barrier = context.Barrier(count)
        self._ends: list[Connection] = []
        self._processes = []
        for number in range(count):
            ours, theirs = context.Pipe()
            arguments = (number, self._barrier, theirs)
            process = context.Process(target=_work, args=arguments, daemon=True)
            process.start()
            theirs.close()
            self._ends.append(ours)
            self._processes.append(process)

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for end in self._ends:
            end.close()
        for process in self._processes:
            process.join(_PATIENCE)

    def run(self, job: Callable[..., Any], *arguments: Any) -> list[Any]:
        """Let each worker call *job* with itself and *arguments*; return what they return.

        :param job: a function of a module, so that other processes can import it.
        :raises AssertionError: with the traceback, if one of them raised.
        """
        for end in self._ends:
            end.send((job, arguments))
        answers = [self._receive(end) for end in self._ends]
        failures = [what for is_failure, what in answers if is_failure]
        if failures:
            self._barrier.reset()
            # The first is often a worker that waited in vain for the one that failed.
            raise AssertionError("\n".join(sorted(failures, key=lambda text: "Broken" in text)))
        return [what for _, what in answers]

    def _receive(self, end: Connection) -> tuple[bool, Any]:
        if not end.poll(_PATIENCE):
            return True, "A worker did not answer."
        answer: tuple[bool, Any] = end.recv()
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
