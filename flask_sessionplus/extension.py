"""The extension object: it puts our session interface into an app, and keeps nothing of it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from flask import Flask, current_app

from . import directory, flasklogin
from .claims import end_tokens
from .cli import session_commands
from .codec import Codec
from .config import PREFIXES, Settings, check_cookie
from .errors import ConfigError
from .interface import SessionPlusInterface
from .owners import SessionInfo
from .places import place_of
from .stores.base import OwnerIndex, Store
from .stores.opening import open_store
from .tokenstore import Tokens, check_store

T = TypeVar("T")

_NAME = "sessionplus"


@dataclass(frozen=True)
class AppSessions:
    """What ``app.extensions["sessionplus"]`` holds."""

    extension: SessionPlus
    store: Store
    settings: Settings
    codec: Codec
    #: What else is done when sessions are revoked.
    revokers: list[directory.Revoker] = field(default_factory=list)
    tokens: Tokens | None = None


class SessionPlus:
    """Gives an app server-side sessions. One object may serve several apps.

    The arguments after *app* are other spellings of settings, and win over them.

    :param app: the app to begin with; or call :meth:`init_app`.
    :param store: ``SESSION_STORE``: a URL, an engine, Flask-SQLAlchemy's ``db`` or a store.
    :param cookie_name: ``SESSION_COOKIE_NAME``.
    :param domain: ``SESSION_COOKIE_DOMAIN``.
    :param path: ``SESSION_COOKIE_PATH``.
    :param secure: ``SESSION_COOKIE_SECURE``. On https the cookie is secure anyway.
    :param httponly: ``SESSION_COOKIE_HTTPONLY``.
    :param samesite: ``SESSION_COOKIE_SAMESITE``.
    :param identifier_generator: ``SESSION_IDENTIFIER_GENERATOR``: returns a new token.
    :param lifetime: ``PERMANENT_SESSION_LIFETIME``: a timedelta or seconds.
    :raises ConfigError: if a setting is wrong.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        store: Any = None,
        cookie_name: str | None = None,
        domain: str | None = None,
        path: str | None = None,
        secure: bool | None = None,
        httponly: bool | None = None,
        samesite: str | None = None,
        identifier_generator: Callable[[], str] | None = None,
        lifetime: timedelta | int | None = None,
    ) -> None:
        given = {
            "SESSION_STORE": store,
            "SESSION_COOKIE_NAME": cookie_name,
            "SESSION_COOKIE_DOMAIN": domain,
            "SESSION_COOKIE_PATH": path,
            "SESSION_COOKIE_SECURE": secure,
            "SESSION_COOKIE_HTTPONLY": httponly,
            "SESSION_COOKIE_SAMESITE": samesite,
            "SESSION_IDENTIFIER_GENERATOR": identifier_generator,
            "PERMANENT_SESSION_LIFETIME": lifetime,
        }
        self._given = {key: value for key, value in given.items() if value is not None}
        self._codec = Codec()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Put the sessions into *app*. Nothing is connected, read or made yet.

        Reads ``SESSION_*`` once; Flask's own ``SESSION_COOKIE_*``,
        ``SESSION_REFRESH_EACH_REQUEST`` and ``PERMANENT_SESSION_LIFETIME`` are read again
        for each answer. Adds the commands ``flask session ...``.

        :raises ConfigError: if a setting is wrong, or *app* has sessions of ours already.
        """
        if _NAME in app.extensions:
            raise ConfigError("This app has its sessions already. Call init_app() once for an app.")
        config = {**app.config, **self._given}
        settings = Settings.read(config)
        if settings.profile == "strict":
            config.update(_strict_cookie(config))
        check_cookie(config)
        store = open_store(settings, place_of(app, config))
        _check_limit(config, store)
        app.config.update(config)
        check_store(settings, store)
        tokens = None
        if settings.jwt is not None:
            tokens = Tokens(weakref.ref(app), store, self._codec, settings)
        app.session_interface = SessionPlusInterface(app, store, self._codec, settings, tokens)
        revokers = [] if tokens is None else [partial(end_tokens, tokens)]
        app.extensions[_NAME] = AppSessions(
            self, store, settings, self._codec, list(revokers), tokens
        )
        app.cli.add_command(session_commands)
        flasklogin.connect(app)

    def sessions_of(self, user_id: Any) -> list[SessionInfo]:
        """Return the sessions of a user of the current app, the one used last first.

        With them comes what else the user has: the global session, families of tokens.

        :param user_id: in any spelling: 42 or ``"42"``, a UUID or its text.
        :raises StoreError: if the store does not know whose sessions it has.
        """
        return directory.sessions_of(_current_app(), user_id)

    def revoke(self, handle: str) -> bool:
        """End one session of the current app, whosever it is.

        It is dead with the next request, and one under way can save nothing any more. Whether
        who asks may do this is for the caller to find out: compare with :meth:`sessions_of`.

        :param handle: its public name: ``session.identifier``, :attr:`.SessionInfo.handle`.
        :return: whether there was such a session; False too if *handle* is none.
        :raises StoreError: if the store cannot find it.
        """
        return directory.revoke(_current_app(), handle)

    def revoke_user(self, user_id: Any, except_current: bool = False) -> int:
        """End all sessions of a user of the current app, global data and tokens included.

        To be called when a user is locked, has left, or has a new password (ASVS 7.4.2, 7.4.3).

        :param user_id: in any spelling: 42 or ``"42"``, a UUID or its text.
        :param except_current: spare the session of the request under way, which gets a new
            token, and the global data.
        :return: how many records it were.
        :raises StoreError: if the store does not know whose sessions it has.
        """
        return directory.revoke_user(_current_app(), user_id, except_current)

    def revoke_all(self) -> int:
        """End all sessions of the current app, those of visitors too (ASVS 7.4.5).

        :return: about how many records it were.
        :raises StoreError: if the store cannot go through its records.
        """
        return directory.revoke_all(_current_app())

    @property
    def tokens(self) -> Tokens:
        """The bearer tokens of the current app: to issue, refresh and revoke them.

        :raises ConfigError: if ``SESSION_JWT_KEY`` is not set.
        """
        found: Tokens | None = _current_app().extensions[_NAME].tokens
        if found is None:
            raise ConfigError("There are no tokens without a key. Set SESSION_JWT_KEY.")
        return found

    def register_type(
        self,
        cls: type[T],
        encode: Callable[[T], Any],
        decode: Callable[[Any], T],
        name: str | None = None,
    ) -> None:
        """Let objects of *cls* be kept in sessions, and come back as what they were.

        :param encode: returns plain data for an object, or anything else that can be kept.
        :param decode: makes the object again from that.
        :param name: stored beside each value; default: the module's and the class's name.
            Give one if the class may be moved or renamed.
        """
        self._codec.register(cls, encode, decode, name)


def _current_app() -> Flask:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    if _NAME not in app.extensions:
        raise ConfigError("The current app has no sessions of ours. Call init_app() for it.")
    return app


def _check_limit(config: dict[str, Any], store: Store) -> None:
    # The limit that a profile brings is left out where it cannot be kept.
    if config.get("SESSION_MAX_PER_USER") is not None and not isinstance(store, OwnerIndex):
        raise ConfigError(
            f"SESSION_MAX_PER_USER needs a store that knows whose sessions it has, which a"
            f" {type(store).__name__} does not. Use SESSION_STORE = 'sqlite:///...',"
            " 'postgresql://...', 'redis://...', 'file:///...' or 'memory://', or leave it out."
        )


def _strict_cookie(config: dict[str, Any]) -> dict[str, Any]:
    name = config["SESSION_COOKIE_NAME"]
    return {
        "SESSION_COOKIE_NAME": name if name.startswith(PREFIXES) else f"__Host-{name}",
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": config["SESSION_COOKIE_SAMESITE"] or "Lax",
    }
