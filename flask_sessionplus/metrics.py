"""Prometheus metrics of an app's sessions. Needs ``Flask-SessionPlus[metrics]``.

They count what the signals tell, and hold no name of a session, a user or a key::

    from flask_sessionplus.metrics import SessionMetrics

    SessionMetrics().init_app(app)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask

from . import signals
from .stores.schemes import missing

try:
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
except ImportError as error:
    raise missing("flask_sessionplus.metrics", "metrics", error) from error

_PREFIX = "flask_sessionplus"

# Seconds. Half a millisecond is a good store nearby; five seconds is where stores give up.
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

# Every value of a label is a series of its own for good. All that we know of are few, but a
# store or a function of the app's may have names without end.
_MOST_VALUES = 50
_OTHER = "other"


class SessionMetrics:
    """Counters of what happens to sessions, and how long calls of the store take.

    One object may serve several apps, which are counted together.

    :param registry: where the metrics are registered; default: that of prometheus-client.
    :raises ValueError: if the registry has such metrics already: make one object.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        where = REGISTRY if registry is None else registry

        def count(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"{_PREFIX}_{name}", text, labels, registry=where)

        self._simple = {
            signals.session_created: count(
                "sessions_created", "Sessions that were stored for the first time."
            ),
            signals.session_regenerated: count(
                "sessions_regenerated", "Sessions that were given a new token."
            ),
            signals.session_destroyed: count(
                "sessions_destroyed", "Sessions that were ended by the app."
            ),
            signals.session_expired: count(
                "sessions_expired", "Tokens of expired sessions that came in."
            ),
            signals.session_lost: count(
                "sessions_lost", "Requests whose changes were dropped: their session had ended."
            ),
            signals.user_signed_in: count("sign_ins", "Users who have signed in."),
            signals.user_signed_out: count("sign_outs", "Users who have signed out."),
            signals.token_reused: count(
                "tokens_reused", "Refresh tokens that came for the second time."
            ),
        }
        self._revoked = count("sessions_revoked", "Sessions that were ended from outside.")
        self._rejected = count("sessions_rejected", "Cookies that were not accepted.", "reason")
        self._refused = count("tokens_rejected", "Bearer tokens that were not accepted.", "reason")
        self._errors = count("store_errors", "Failures of the store.", "error")
        self._seconds = Histogram(
            f"{_PREFIX}_store_call_duration_seconds",
            "How long calls of the store took.",
            ("store", "operation"),
            registry=where,
            buckets=_BUCKETS,
        )
        self._known: dict[str, set[str]] = {}
        self._series: dict[tuple[str, str], Histogram] = {}
        self._receivers = [_counting(counter) for counter in self._simple.values()]

    def init_app(self, app: Flask) -> None:
        """Count what happens in *app* from now on.

        It does not matter whether the sessions are put into the app before or after.
        """
        # Receivers are held weakly, so the app has to hold them.
        app.extensions.setdefault("sessionplus_metrics", []).append(self)
        for signal, receiver in zip(self._simple, self._receivers, strict=True):
            signal.connect(receiver, app)
        signals.sessions_revoked.connect(self._count_revoked, app)
        signals.session_rejected.connect(self._count_rejected, app)
        signals.token_rejected.connect(self._count_refused, app)
        signals.store_failed.connect(self._count_error, app)
        signals.store_called.connect(self._observe, app)

    def _count_revoked(self, app: Flask, count: int, **_: Any) -> None:
        self._revoked.inc(count)

    def _count_rejected(self, app: Flask, reason: str, **_: Any) -> None:
        self._rejected.labels(self._bounded("reason", reason)).inc()

    def _count_refused(self, app: Flask, reason: str, **_: Any) -> None:
        self._refused.labels(self._bounded("token reason", reason)).inc()

    def _count_error(self, app: Flask, error: Exception, **_: Any) -> None:
        self._errors.labels(self._bounded("error", type(error).__name__)).inc()

    def _observe(self, app: Flask, store: str, operation: str, seconds: float, **_: Any) -> None:
        # Looking a series up takes as long as all the rest.
        series = self._series.get((store, operation))
        if series is None:
            series = self._find_series(store, operation)
        series.observe(seconds)

    def _find_series(self, store: str, operation: str) -> Histogram:
        labels = self._bounded("store", store), self._bounded("operation", operation)
        series = self._seconds.labels(*labels)
        if labels == (store, operation):
            self._series[labels] = series
        return series

    def _bounded(self, label: str, value: str) -> str:
        known = self._known.setdefault(label, set())
        if value not in known:
            if len(known) >= _MOST_VALUES:
                return _OTHER
            known.add(value)
        return value


def _counting(counter: Counter) -> Callable[..., None]:
    def receive(app: Flask, **_: Any) -> None:
        counter.inc()

    return receive
