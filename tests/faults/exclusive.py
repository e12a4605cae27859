"""The fault tests' app with views that read, are slow, and write: with `exclusive` and without."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, stream_with_context

from flask_sessionplus import session
from flask_sessionplus.decorators import exclusive
from tests.faults.app import VARIABLE, make_app

# Long enough for others to come in between, if they may.
_WHILE = 0.003

#: The lease of a view whose worker is killed, in seconds.
LEASE = 3


def create_app() -> Flask:
    """Build the app for gunicorn; the settings come with the environment."""
    return add_views(make_app(json.loads(os.environ[VARIABLE])))


def add_views(app: Flask) -> Flask:
    """Add the views to an app that has its sessions."""
    alone = exclusive(wait=60)
    app.add_url_rule("/one-by-one", "one_by_one", alone(_add), methods=["POST"])
    app.add_url_rule("/all-at-once", "all_at_once", _add, methods=["POST"])
    app.add_url_rule("/fail", "fail", alone(_fail), methods=["POST"])
    app.add_url_rule("/stream", "stream", alone(_stream), methods=["POST"])
    hang = exclusive(wait=20, lease=LEASE)(_hang)
    app.add_url_rule("/hang/<int:seconds>", "hang", hang, methods=["POST"])
    return app


def _add() -> Any:
    before = session.get("n", 0)
    time.sleep(_WHILE)
    session["n"] = before + 1
    return {"n": before + 1}


def _fail() -> Any:
    _add()
    raise LookupError


def _stream() -> Any:
    def parts() -> Iterator[str]:
        for _ in range(100):
            yield "x" * 100_000

    return Response(stream_with_context(parts()))


def _hang(seconds: int) -> Any:
    time.sleep(seconds)
    return _add()
