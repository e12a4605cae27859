"""Calls of the store, and signals: what the outside hears of a session's life."""

from __future__ import annotations

import logging
import time
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from blinker import Signal

from . import signals
from .errors import DamagedRecord, StoreConflict, StoreError
from .services import Services
from .stores.base import Store

T = TypeVar("T")

# Of those that compete one always gets through, so this is patience, not luck.
PATIENCE = 200

_log = logging.getLogger("flask_sessionplus")


class Reporter:
    """Calls the store and tells of it.

    :param session: what signals carry.
    """

    def __init__(self, services: Services, session: Any) -> None:
        self.services = services
        # Weakly, for the session has this: a cycle would wait for the garbage collector.
        self._session = weakref.ref(session)
        # Signals that wait until the session has been loaded; None from then on.
        self._news: list[tuple[Signal, dict[str, Any]]] | None = []

    def announce(self) -> None:
        """Send the signals that loading gave cause for, now that the session can be used."""
        news, self._news = self._news, None
        for signal, details in news or ():
            self.send(signal, **details)

    def call(self, method: Callable[..., T], *arguments: Any) -> T:
        """Call a method of the store; a fault is logged and told before it is raised."""
        try:
            if signals.store_called.receivers:
                return self._call_and_tell(method, arguments)
            return method(*arguments)
        except DamagedRecord as error:
            _log.warning("The record %s… is left alone: %s", arguments[0].hex()[:8], error)
            raise
        except StoreError as error:
            _log.error("%s", error, exc_info=error)
            self.send(signals.store_failed, error=error)
            raise

    def _call_and_tell(self, method: Callable[..., T], arguments: tuple[Any, ...]) -> T:
        # A function, such as one that counts sessions, is given the store.
        store = getattr(method, "__self__", None) or next(iter(arguments), None)
        if not isinstance(store, Store):
            return method(*arguments)
        started_at, began = time.time_ns(), time.perf_counter()
        fault: BaseException | None = None
        try:
            return method(*arguments)
        except BaseException as error:
            fault = error
            raise
        finally:
            # At once, even while the session is being loaded: it is about none.
            signals.store_called.send(
                self.services.find_app(),
                store=type(store).__name__.lstrip("_"),
                operation=method.__name__,
                started_at=started_at,
                seconds=time.perf_counter() - began,
                error=fault,
            )

    def call_fetch(self, store: Store, sid: bytes, names: list[str]) -> dict[str, bytes]:
        """Return values from *store*; one that is damaged is as good as lost, the others not."""
        try:
            return self.call(store.fetch, sid, names)
        except DamagedRecord:
            single = [self.call_fetch(store, sid, [name]) for name in names if len(names) > 1]
            return {name: data for found in single for name, data in found.items()}

    def send(self, signal: Signal, **details: Any) -> None:
        """Send *signal* from the app, with the session and *details*.

        While the session is being loaded nobody can use it: then it waits for `announce`.
        """
        if not signal.receivers:
            return
        if self._news is not None:
            self._news.append((signal, details))
        else:
            signal.send(self.services.find_app(), session=self._session(), **details)

    def give_up(self, what: str) -> StoreConflict:
        """Return what to raise when others were faster again and again."""
        error = StoreConflict(
            f"{what} was changed by others {PATIENCE} times in a row. Nothing was written:"
            " let the client try again."
        )
        self.send(signals.store_failed, error=error)
        return error
