"""The extension object: it puts our session interface into an app, and keeps nothing of it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from flask import Flask, current_app

from . import directory, flaskforms, flasklogin, overview
from .claims import end_tokens
from .cli import session_commands
from .codec import Codec
from .config import PREFIXES, Settings, check_cookie
from .countinglive import LiveCounts
from .errors import ConfigError
from .formerkeys import refuse_former_keys
from .importing import Importer, Intake, check_target
from .importingcookies import CookieImporter
from .importingrecords import Rules
from .interface import SessionPlusInterface
from .overview import SessionDetails, SessionPage
from .owners import SessionInfo
from .places import place_of
from .statistics import Statistics, count_in, statistics_of
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
    #: What has happened in this process, if that is counted.
    statistics: LiveCounts | None = None
    #: What takes in sessions that another session interface has left, if any does.
    intake: Intake | None = None


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
        config, importers = self._read(app)
        settings = Settings.read(config)
        if settings.profile == "strict":
            config.update(_strict_cookie(config))
        check_cookie(config)
        store = open_store(settings, place_of(app, config))
        _check_limit(config, store)
        app.config.update(config)
        check_store(settings, store)
        statistics = count_in(app, store, self._codec) if settings.statistics else None
        tokens = None
        if settings.jwt is not None:
            tokens = Tokens(weakref.ref(app), store, self._codec, settings)
        intake = self._make_intake(app, importers, settings, store)
        app.session_interface = SessionPlusInterface(
            app, store, self._codec, settings, tokens, intake
        )
        revokers: list[directory.Revoker] = []
        if tokens is not None:
            revokers.append(partial(end_tokens, tokens))
        if intake is not None:
            revokers.append(intake.refuse)
        app.extensions[_NAME] = AppSessions(
            self, store, settings, self._codec, revokers, tokens, statistics, intake
        )
        app.cli.add_command(session_commands)
        flasklogin.connect(app)
        flaskforms.connect(app)

    def _read(self, app: Flask) -> tuple[dict[str, Any], list[Importer]]:
        """Return the app's configuration, with what this object was given, and importers."""
        refuse_former_keys(app.config)
        return {**app.config, **self._given}, []

    def _make_intake(
        self, app: Flask, importers: list[Importer], settings: Settings, store: Store
    ) -> Intake | None:
        place = place_of(app, app.config)
        if settings.import_cookie:
            importers = [*importers, CookieImporter(app, place)]
        if not importers:
            return None
        check_target(store, importers)
        idle = settings.idle_lifetime
        rules = Rules(
            self._codec,
            lambda: idle or place.find_lifetime(),
            settings.absolute_lifetime,
            settings.max_bytes,
        )
        return Intake(importers, rules, store)

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

        :param handle: its public name: ``session.identifier``, ``SessionInfo.handle``.
        :return: whether there was such a session; False too if *handle* is none.
        :raises StoreError: if the store cannot find it.
        """
        return directory.revoke(_current_app(), handle)

    def revoke_user(self, user_id: Any, except_current: bool = False) -> int:
        """End all sessions of a user of the current app, global data and tokens included.

        To be called when a user is locked, has left, or has a new password (ASVS 7.4.2, 7.4.3).

        :param user_id: in any spelling: 42 or ``"42"``, a UUID or its text.
        :param except_current: spare the session of the request under way, which gets a new
            token, and is written, at once; and the global data.
        :return: how many records it were.
        :raises StoreConflict: if the session to be spared has ended or got a new token
            meanwhile; none was ended then.
        :raises LateSession: if the new token could not be sent any more; none was ended then.
        :raises WriteRefused: if the view says that it changes nothing.
        :raises StoreError: if the store does not know whose sessions it has.
        """
        return directory.revoke_user(_current_app(), user_id, except_current)

    def revoke_all(self) -> int:
        """End all sessions of the current app, those of visitors too (ASVS 7.4.5).

        :return: about how many records it were.
        :raises StoreError: if the store cannot go through its records.
        """
        return directory.revoke_all(_current_app())

    def browse(self, after: str | None = None, limit: int = 50) -> SessionPage:
        """Return some sessions of the current app, in an order that use does not change.

        For pages that show all sessions there are, to those who may see them.

        :param after: where the page before ended: ``SessionPage.after``. None: the first.
        :param limit: how many at most, from 1 to 10,000.
        :raises StoreError: if the store cannot go through its sessions, or fails.
        :raises ValueError: if *after* comes from no page, or for another *limit*.
        """
        return overview.page_of_sessions(_current_app(), after, limit)

    def inspect(self, handle: str, values: bool = False) -> SessionDetails | None:
        """Return what is known of one session of the current app, whosever it is, or None.

        :param handle: its public name.
        :param values: whether to show its values, too: they may be secrets.
        :raises StoreError: if the store cannot find it, or fails.
        """
        return overview.details_of(_current_app(), handle, values)

    def statistics(self, since: timedelta = timedelta(days=1)) -> Statistics | None:
        """Return what has happened to the sessions of the current app, by the hour.

        :param since: how far back, to the beginning of that hour; at most 30 days.
        :return: None if ``SESSION_STATISTICS`` is off.
        :raises StoreError: if the store fails.
        :raises ValueError: if *since* is negative, or more than 30 days.
        """
        return statistics_of(_current_app(), since)

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
