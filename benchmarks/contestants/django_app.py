"""Django 5.2's sessions: in SQLite, in Redis, and in its signed cookie."""

from __future__ import annotations

from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any

from ..payload import CSRF_TOKEN, SESSION_1K, everyday_session
from .base import Unavailable
from .places import InRedis, InSQLite, Nowhere

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_numbers = count()


class DjangoSQLite(InSQLite):
    """Django's database sessions on SQLite, the connection kept open: kinder than its default."""

    name = "django:sqlite"

    def open(self, place: str) -> WSGIApplication:
        _configure()
        from django.core.management import call_command  # type: ignore[import-untyped]
        from django.db import connection  # type: ignore[import-untyped]

        connection.close()
        connection.settings_dict["NAME"] = place.removeprefix("sqlite:///")
        call_command("migrate", verbosity=0)
        return _application("django.contrib.sessions.backends.db")

    def close(self) -> None:
        from django.db import connection

        connection.close()


class DjangoCookie(Nowhere):
    """Django's signed cookie sessions."""

    name = "django:cookie"

    def open(self, place: str) -> WSGIApplication:
        _configure()
        return _application("django.contrib.sessions.backends.signed_cookies")


class DjangoRedis(InRedis):
    """Django's cache sessions on Redis, by its own cache backend."""

    name = "django:redis"

    def open(self, place: str) -> WSGIApplication:
        _configure()
        from django.core.cache import caches  # type: ignore[import-untyped]

        caches.settings["default"]["LOCATION"] = place
        with suppress(AttributeError):
            del caches["default"]  # of an earlier place
        return _application("django.contrib.sessions.backends.cache")


def _configure() -> None:
    """Set Django up: it can be done once in a process."""
    try:
        import django  # type: ignore[import-untyped]
        from django.conf import settings  # type: ignore[import-untyped]
    except ImportError as error:
        raise Unavailable("needs Django") from error
    if settings.configured:
        return
    settings.configure(
        ALLOWED_HOSTS=["*"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": ":memory:",
                "CONN_MAX_AGE": None,
            }
        },
        CACHES={
            "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": ""}
        },
        INSTALLED_APPS=["django.contrib.sessions"],
        LOGGING_CONFIG=None,
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="s" * 50,
    )
    django.setup()


def _application(engine: str) -> WSGIApplication:
    from django.core.handlers.wsgi import WSGIHandler  # type: ignore[import-untyped]
    from django.test.utils import override_settings  # type: ignore[import-untyped]

    # The middleware reads the engine when it is made, so two engines fit into one process.
    with override_settings(SESSION_ENGINE=engine):
        application: WSGIApplication = WSGIHandler()
    return application


def _answer(text: str) -> Any:
    from django.http import HttpResponse  # type: ignore[import-untyped]

    return HttpResponse(text)


def _fill(request: Any) -> Any:
    request.session.update(SESSION_1K)
    return _answer("ok")


def _everyday(request: Any) -> Any:
    request.session.update(everyday_session(next(_numbers)))
    return _answer("ok")


def _untouched(request: Any) -> Any:
    return _answer("ok")


def _read(request: Any) -> Any:
    session = request.session
    return _answer(f"{session['user_id']} {session['csrf_token']} {len(session['cart'])}")


def _write(request: Any) -> Any:
    request.session["last_page"] = f"/item/{next(_numbers):06d}"
    return _answer("ok")


def _first(request: Any) -> Any:
    request.session["csrf_token"] = CSRF_TOKEN
    return _answer("ok")


def _sign_in(request: Any) -> Any:
    request.session.cycle_key()
    request.session["user_id"] = SESSION_1K["user_id"]
    return _answer("ok")


def __getattr__(name: str) -> Any:
    """Django asks this module for its URLs; without Django there are none."""
    if name != "urlpatterns":
        raise AttributeError(name)
    from django.urls import path  # type: ignore[import-untyped]

    views = {
        "fill": _fill,
        "everyday": _everyday,
        "untouched": _untouched,
        "read": _read,
        "write": _write,
        "first": _first,
        "sign-in": _sign_in,
    }
    return [path(name, view) for name, view in views.items()]
