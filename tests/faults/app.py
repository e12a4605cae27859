"""The app that the fault tests serve: small views that say exactly what they did."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import time
from typing import Any

from flask import Flask, jsonify

from flask_sessionplus import SessionPlus, session

#: Where the settings come from, as JSON.
VARIABLE = "FAULTS_CONFIG"

# Large enough to lie beside the record.
_LARGE = 5_000

_held: list[int] = []


def create_app() -> Flask:
    """Build the app for gunicorn; the settings come with the environment."""
    config = json.loads(os.environ[VARIABLE])
    is_used_before = config.pop("USE_BEFORE_FORK", False)
    app = make_app(config)
    if is_used_before:
        # As an app does that warms up under `gunicorn --preload`.
        client = app.test_client()
        client.post("/set/warm/1")
        client.get("/all")
    return app


def make_app(config: dict[str, Any]) -> Flask:
    """Build the app with these settings."""
    app = Flask("faults")
    app.config.update(config)
    SessionPlus(app)
    app.wsgi_app = _Timed(app.wsgi_app)  # type: ignore[method-assign]
    for rule, view in _VIEWS.items():
        method, path = rule.split()
        app.add_url_rule(path, rule, view, methods=[method])
    return app


class _Timed:
    """Says in a header how long the app took, for on a busy machine the way takes longer."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        began = time.monotonic()

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            headers.append(("X-Seconds", f"{time.monotonic() - began:.6f}"))
            return start_response(status, headers, *more)

        return self._app(environ, start)


def _plain() -> str:
    return "plain"


def _pid() -> Any:
    return jsonify(os.getpid())


def _all() -> Any:
    return jsonify(dict(session))


def _get(key: str) -> Any:
    return jsonify(session.get(key))


def _set(key: str, value: str) -> Any:
    session[key] = value
    return jsonify(value)


def _count(key: str) -> Any:
    return jsonify(session.increment(key))


def _pair(number: int) -> Any:
    """Write one number in two places, of which the second is large."""
    session["small"] = number
    session["large"] = f"{number}:" * _LARGE
    return jsonify(number)


def _check_pair() -> Any:
    """Return the number, and whether it is the same in both places."""
    number = session.get("small")
    return jsonify([number, session.get("large", "") == f"{number}:" * _LARGE])


def _sign_in(user: str) -> Any:
    session.regenerate()
    session["user"] = user
    return jsonify(user)


def _sign_out() -> Any:
    session.destroy()
    return jsonify(None)


def _wait(key: str, milliseconds: int) -> Any:
    """Read, be slow, and write."""
    session.get("user")
    time.sleep(milliseconds / 1000)
    session[key] = milliseconds
    return jsonify(milliseconds)


def _available() -> Any:
    return jsonify([session.is_available, session.get("user")])


def _exhaust(spare: int) -> Any:
    """Use up all file handles of this process but *spare*."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    with contextlib.suppress(OSError):
        while True:
            _held.append(os.open("/dev/null", os.O_RDONLY))
    for _ in range(spare):
        os.close(_held.pop())
    return jsonify(len(_held))


def _release() -> Any:
    while _held:
        os.close(_held.pop())
    return jsonify(0)


_VIEWS = {
    "GET /plain": _plain,
    "GET /pid": _pid,
    "GET /all": _all,
    "GET /get/<key>": _get,
    "POST /set/<key>/<value>": _set,
    "POST /count/<key>": _count,
    "POST /pair/<int:number>": _pair,
    "GET /pair": _check_pair,
    "POST /sign-in/<user>": _sign_in,
    "POST /sign-out": _sign_out,
    "POST /wait/<key>/<int:milliseconds>": _wait,
    "GET /available": _available,
    "POST /exhaust/<int:spare>": _exhaust,
    "POST /release": _release,
}
