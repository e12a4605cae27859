"""An app under several processes that is measured, as docs/metrics.md says."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from flask_sessionplus.metrics import SessionMetrics
from tests.faults.app import create_app as create
from tests.support.snippets import compiled


def create_app() -> Flask:
    """Build the app for gunicorn."""
    app = create()
    SessionMetrics().init_app(app)
    names: dict[str, Any] = {}
    exec(compiled("metrics 5"), names)
    mounted = DispatcherMiddleware(app.wsgi_app, {"/metrics": names["metrics_app"]()})
    app.wsgi_app = mounted  # type: ignore[method-assign]
    return app
