"""What an app's stores are told of the app."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from flask import Flask, current_app, has_app_context

from .checks import to_milliseconds
from .errors import ConfigError
from .stores.schemes import Place

_LIFETIME = "PERMANENT_SESSION_LIFETIME"


def place_of(app: Flask, config: Mapping[str, Any]) -> Place:
    """Return what the stores of *app* have to know.

    :param config: the app's, with what the extension was given.
    """
    keys = [config["SECRET_KEY"], *(config.get("SECRET_KEY_FALLBACKS") or ())]
    return Place(
        home=Path(app.instance_path),
        find_engine=_engine_finder(app),
        app_name=app.name,
        cookie_name=config["SESSION_COOKIE_NAME"],
        find_lifetime=_lifetime_finder(app),
        secret_keys=tuple(key for key in keys if key),
    )


def _lifetime_finder(app: Flask) -> Callable[[], int]:
    find_app = weakref.ref(app)

    def find() -> int:
        app = find_app()
        assert app is not None
        return to_milliseconds(_LIFETIME, app.config[_LIFETIME])

    return find


def _engine_finder(app: Flask) -> Callable[[Any, str | None], Any]:
    # Weakly: the app has the store, which has this.
    find_app = weakref.ref(app)

    def find(db: Any, bind_key: str | None) -> Any:
        app = find_app()
        assert app is not None
        # A context of our own would run the app's teardown functions when it ends.
        current: Any = current_app
        is_there = has_app_context() and current._get_current_object() is app
        with nullcontext() if is_there else app.app_context():
            engines = db.engines
            # Flask-SQLAlchemy calls the first one None, Flask-SQLAlchemy-Lite "default".
            for key in (bind_key,) if bind_key is not None else (None, "default"):
                if key in engines:
                    return engines[key]
        raise ConfigError.of("SESSION_BIND_KEY", bind_key, f"one of {sorted(map(str, engines))}")

    return find
