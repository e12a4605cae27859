"""OpenTelemetry spans of the store's calls. Needs ``Flask-SessionPlus[tracing]``.

They are children of the span that is current, such as that of Flask's instrumentation. Names and
attributes are those of the semantic conventions for databases, and hold no name of a session, a
user or a key::

    from flask_sessionplus.tracing import trace_store_calls

    trace_store_calls(app)
"""

from __future__ import annotations

from typing import Any

from flask import Flask

from . import signals
from .stores.base import Store
from .stores.schemes import missing

try:
    from opentelemetry.trace import SpanKind, Status, StatusCode, TracerProvider, get_tracer
except ImportError as error:
    raise missing("flask_sessionplus.tracing", "tracing", error) from error

# How the conventions call what a store uses, if that is the same for all that it may be given.
_SYSTEMS = {"RedisStore": "redis", "MemcachedStore": "memcached"}

# These stores ask nobody else: for all others the conventions want the kind to be CLIENT.
_INTERNAL = frozenset({"MemoryStore", "FileStore", "BrowserRecord"})


def trace_store_calls(app: Flask, tracer_provider: TracerProvider | None = None) -> None:
    """Make a span of each call of the store that *app* makes for a request, from now on.

    :param tracer_provider: default: the one that is set for the process.
    """
    spans = _Spans(app, tracer_provider)
    # The receiver is held weakly, so the app has to hold it.
    app.extensions["sessionplus_tracing"] = spans
    signals.store_called.connect(spans.make, app)


class _Spans:
    """Makes spans when the calls are over: what they were is known only then."""

    def __init__(self, app: Flask, tracer_provider: TracerProvider | None) -> None:
        self._tracer = get_tracer("flask_sessionplus", tracer_provider=tracer_provider)
        self._systems: dict[str, str] = {}

    def make(
        self,
        app: Flask,
        store: str,
        operation: str,
        started_at: int,
        seconds: float,
        error: BaseException | None,
        **_: Any,
    ) -> None:
        """Make the span of one call."""
        attributes = {"db.operation.name": operation, "flask_sessionplus.store": store}
        system = self._system(app, store)
        if system:
            attributes["db.system.name"] = system
        span = self._tracer.start_span(
            f"{operation} {system or store}",
            kind=SpanKind.INTERNAL if store in _INTERNAL else SpanKind.CLIENT,
            attributes=attributes,
            start_time=started_at,
        )
        if error is not None:
            # Neither the message nor the traceback: they go to the log, which others guard.
            span.set_attribute("error.type", f"{type(error).__module__}.{type(error).__qualname__}")
            span.set_status(Status(StatusCode.ERROR))
        span.end(started_at + int(seconds * 1_000_000_000))

    def _system(self, app: Flask, store: str) -> str:
        found = self._systems.get(store)
        if found is None:
            found = _SYSTEMS.get(store) or _dialect(app.extensions["sessionplus"].store, store)
            self._systems[store] = found
        return found


def _dialect(store: Store, name: str) -> str:
    """Return which database the SQL store *name* uses, as its engine says; else ""."""
    engine = getattr(store, "engine", None) if type(store).__name__ == name else None
    return "" if engine is None else str(engine.dialect.name)
