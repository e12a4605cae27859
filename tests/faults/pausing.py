"""A store that lets a test stop a request between two of its calls, and do something else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from flask_sessionplus.stores.base import Store

_PATIENCE = 30.0


class PausingStore(Store):
    """Passes everything on to another store; a thread can be held before its next write."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.is_shared = inner.is_shared
        self.parts = (inner,)
        self._held: dict[int, _Stop] = {}

    def load(self, *arguments: Any) -> Any:
        """Pass `load` on, which is where no request is held."""
        return self.inner.load(*arguments)

    def fetch(self, *arguments: Any) -> Any:
        """Pass `fetch` on."""
        return self.inner.fetch(*arguments)

    def create(self, *arguments: Any) -> Any:
        """Pass `create` on."""
        self._wait()
        return self.inner.create(*arguments)

    def apply(self, *arguments: Any) -> Any:
        """Pass `apply` on."""
        self._wait()
        return self.inner.apply(*arguments)

    def delete(self, *arguments: Any) -> Any:
        """Pass `delete` on."""
        self._wait()
        return self.inner.delete(*arguments)

    def run(
        self, request: Callable[[], Any], meanwhile: Callable[[], Any], is_held: bool = True
    ) -> tuple[Any, Any]:
        """Do *request* in a thread, and *meanwhile* when it is about to write for the first time.

        :param is_held: whether it waits until *meanwhile* is done, or goes on beside it.
        :return: what both return.
        """
        stop = _Stop()
        answer: list[Any] = []

        def work() -> None:
            self._held[threading.get_ident()] = stop
            try:
                answer.append(request())
            finally:
                stop.reached.set()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            assert stop.reached.wait(_PATIENCE), "the request never came to its end"
            assert not answer, "the request had nothing to write"
            if not is_held:
                stop.go_on.set()
            between = meanwhile()
        finally:
            stop.go_on.set()
            thread.join(_PATIENCE)
            self._held.clear()
        [done] = answer
        return done, between

    def _wait(self) -> None:
        stop = self._held.pop(threading.get_ident(), None)
        if stop is not None:
            stop.reached.set()
            assert stop.go_on.wait(_PATIENCE), "nobody let the request go on"


class _Stop:
    """A place where a thread waits until it is told to go on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.go_on = threading.Event()
