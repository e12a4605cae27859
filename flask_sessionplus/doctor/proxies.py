"""Whether the app knows that it is behind a proxy."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from types import MethodType
from typing import Any

from flask import Flask
from werkzeug.local import LocalProxy
from werkzeug.middleware.proxy_fix import ProxyFix

from ..findings import Finding

# Of platforms that have a proxy in front of every app.
_PLATFORMS = {
    "DYNO": "Heroku",
    "FLY_APP_NAME": "Fly.io",
    "GAE_ENV": "App Engine",
    "K_SERVICE": "Cloud Run",
    "KUBERNETES_SERVICE_HOST": "Kubernetes",
    "RAILWAY_ENVIRONMENT": "Railway",
    "RENDER": "Render",
    "WEBSITE_HOSTNAME": "Azure App Service",
    "PYTHONANYWHERE_DOMAIN": "PythonAnywhere",
}

# From whom gunicorn takes what a proxy says.
_TRUSTED = "FORWARDED_ALLOW_IPS"

# How many objects are looked at to find out what is wrapped around the app.
_MOST = 500


def is_not_told(app: Flask) -> Iterator[Finding]:
    """Find an app behind a proxy that takes the proxy for its visitor."""
    platform = next((_PLATFORMS[name] for name in _PLATFORMS if os.environ.get(name)), None)
    if platform is not None and not is_fixed(app):
        yield Finding(
            "warning",
            "proxy-not-fixed",
            f"The app seems to be behind a proxy ({platform}), and nothing reads what that says.",
            "Requests seem to come over http from the proxy: cookies lack Secure, and lists of"
            " devices show its address.",
            "app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1), with how many"
            " proxies there are; see it with `flask session check --url https://...`.",
        )
    elif os.environ.get(_TRUSTED) and not is_fixed(app):
        # By that gunicorn knows what is https, but it does not change the address.
        yield Finding(
            "warning",
            "proxy-not-fixed",
            f"The app seems to be behind a proxy ({_TRUSTED} is set), and nothing reads whom it"
            " speaks for.",
            "Requests seem to come from the proxy's address: lists of devices show that, and"
            " SESSION_BIND and limits by address take all visitors for one.",
            "app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=0), with how many proxies"
            " there are.",
        )


def is_fixed(app: Flask) -> bool:
    """Tell whether some middleware of *app* reads what proxies say."""
    return any(map(_reads_proxies, _layers(app)))


def _reads_proxies(layer: Any) -> bool:
    kind = type(layer)
    name = kind.__name__.lower()
    return issubclass(kind, ProxyFix) or "proxy" in name or "proxied" in name


def _layers(app: Flask) -> Iterator[Any]:
    """Yield what is wrapped around *app*, and what that has in it, the outermost first."""
    waiting: deque[Any] = deque([app.wsgi_app])
    # By their ids: they are all held by the app meanwhile.
    seen = {id(app)}
    for _ in range(_MOST):
        if not waiting:
            return
        layer = waiting.popleft()
        # What is behind a proxy of Werkzeug's own, such as current_app, is no layer.
        if id(layer) in seen or not callable(layer) or isinstance(layer, (type, LocalProxy)):
            continue
        seen.add(id(layer))
        yield layer
        waiting.extend(_inside(layer))


def _inside(layer: Any) -> Iterator[Any]:
    """Yield what *layer* may be wrapped around: it is an object, a method or a function."""
    if isinstance(layer, MethodType):
        yield layer.__self__
        return
    if isinstance(layer, partial):
        yield from (layer.func, *layer.args)
    yield from getattr(layer, "__dict__", {}).values()
    for name in _slots(type(layer)):
        yield getattr(layer, name, None)
    for cell in getattr(layer, "__closure__", None) or ():
        with suppress(ValueError):
            # It raises that if it is empty.
            yield cell.cell_contents


def _slots(kind: type) -> Iterator[str]:
    for base in kind.__mro__:
        slots = vars(base).get("__slots__", ())
        yield from (slots,) if isinstance(slots, str) else slots


CHECKS = (is_not_told,)
