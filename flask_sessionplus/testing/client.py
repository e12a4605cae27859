"""A test client that can look into its session, change it, and sign somebody in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar, cast

from flask import Flask
from flask.sessions import SessionMixin
from flask.testing import FlaskClient

from ..errors import ConfigError
from ..session import Session
from .frozen import frozen, thawed
from .lost import path_of, why_lost
from .users import ids_of, keys_of_flask_login

T = TypeVar("T")


class _Enough(BaseException):
    """Ends a transaction before it is saved."""


class ClientSession(MutableMapping[str, Any]):
    """The session of a test client, as the store has it between two requests.

    To look at it changes nothing, not even how long it lives; what is set is saved at once, as
    if a view had done it. A list, a dict or a set that is read is a copy, which refuses to be
    changed: what is inside of a value is changed within ``client.session_transaction()``.
    """

    def __init__(self, client: SessionClient) -> None:
        self._client = client

    def __getitem__(self, key: str) -> Any:
        return frozen(self._look(lambda session: session[key]))

    def __setitem__(self, key: str, value: Any) -> None:
        with self._client.session_transaction() as session:
            session[key] = thawed(value)

    def __delitem__(self, key: str) -> None:
        with self._client.session_transaction() as session:
            del session[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._look(list))

    def __len__(self) -> int:
        return self._look(len)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._look(dict)!r}>"

    @property
    def exists(self) -> bool:
        """Whether the store has a session of this client."""
        return self._look(lambda session: session.exists)

    @property
    def identifier(self) -> str:
        """Its public name, the same as in ``ext.sessions_of(user_id)``; "" if there is none."""
        return self._look(lambda session: session.identifier if session.exists else "")

    @property
    def user_id(self) -> Any:
        """Who is signed in, or None."""
        return self._look(lambda session: session.user_id)

    @property
    def username(self) -> Any:
        """What the user is greeted with, or None."""
        return self._look(lambda session: session.username)

    @property
    def role_id(self) -> Any:
        """The user's role, or None."""
        return self._look(lambda session: session.role_id)

    @property
    def level(self) -> str | None:
        """How well the user has proved who he is, or None."""
        return self._look(lambda session: session.level)

    @property
    def is_authenticated(self) -> bool:
        """Whether somebody is signed in."""
        return self._look(lambda session: session.is_authenticated)

    @property
    def permanent(self) -> bool:
        """Whether the browser keeps the cookie when it is closed."""
        return self._look(lambda session: session.permanent)

    def is_fresh(self, max_age: timedelta | float | None = None) -> bool:
        """Tell whether the password was given a short time ago.

        :param max_age: a timedelta or seconds; default: ``SESSION_FRESH_LIFETIME``.
        """
        return self._look(lambda session: session.is_fresh(max_age))

    def _look(self, read: Callable[[Session], T]) -> T:
        found: list[T] = []
        try:
            with self._client.session_transaction() as session:
                found.append(read(_ours(session)))
                # Saving would make it live longer.
                raise _Enough
        except _Enough:
            return found[0]


class SessionClient(FlaskClient):
    """Flask's test client, and :attr:`session`, :meth:`sign_in` and :meth:`sign_out`.

    Made by :func:`make_client`, so that it is also what ``app.test_client_class`` says.
    """

    @property
    def session(self) -> ClientSession:
        """The session of this client between two requests."""
        return ClientSession(self)

    @contextmanager
    def session_transaction(self, *args: Any, **kwargs: Any) -> Iterator[SessionMixin]:
        """Open the session, and save it at the end, as Flask's client does.

        It comes from where the client's requests come from, so that ``SESSION_BIND`` and the
        session protection of Flask-Login find the same visitor.
        """
        kwargs.setdefault("environ_base", self.environ_base)
        if not args and "path" not in kwargs:
            kwargs["path"] = path_of(self.application)
        with super().session_transaction(*args, **kwargs) as session:
            yield session

    def sign_in(
        self,
        user: Any,
        *,
        username: Any = None,
        role_id: Any = None,
        fresh: bool = True,
        remember: bool = False,
        **parameters: Any,
    ) -> None:
        """Sign *user* in, as a view does with :meth:`.Session.login`.

        If the app has Flask-Login, ``current_user`` is that user too, in the way that
        ``login_user(user)`` does it.

        :param user: an id; or an object with ``session_user_id``, ``id`` or ``get_id()``.
        :param username: what to greet the user with.
        :param role_id: the user's role.
        :param fresh: whether the password was given just now.
        :param remember: let the browser keep the cookie when it is closed.
        :param parameters: further keys to set.
        :raises TypeError: if *user* has no id.
        :raises ConfigError: if nobody is signed in after that, such as because the cookie is one
            for another host.
        """
        manager = getattr(self.application, "login_manager", None)
        user_id, login_id = ids_of(user, manager is not None)
        with self.session_transaction() as stored:
            session = _ours(stored)
            session.login(user_id, username, role_id, remember=remember, **parameters)
            if not fresh:
                session.doubt()
            if manager is not None:
                environ = session._request.environ
                session.update(keys_of_flask_login(self.application, environ, login_id, fresh))
        if not self.session.is_authenticated:
            raise ConfigError(f"Nobody is signed in, {why_lost(self.application)}")

    def sign_out(self) -> None:
        """Sign out whoever is signed in; the session ends."""
        with self.session_transaction() as session:
            _ours(session).logout()


def make_client(app: Flask, **options: Any) -> SessionClient:
    """Return a new test client of *app*, with an empty browser.

    :param options: those of ``app.test_client()``.
    :raises TypeError: if the app has no sessions of ours.
    """
    if "sessionplus" not in app.extensions:
        raise TypeError(f"The app {app.name!r} has no sessions of ours. Call SessionPlus(app).")
    base = app.test_client_class or FlaskClient
    kind = SessionClient
    if not issubclass(SessionClient, base):
        # The app's own client has methods that its tests call.
        kind = cast("type[SessionClient]", type("SessionClient", (SessionClient, base), {}))
    return kind(app, app.response_class, use_cookies=options.pop("use_cookies", True), **options)


def _ours(session: SessionMixin) -> Session:
    if not isinstance(session, Session):
        raise TypeError(
            f"The app's session is a {type(session).__name__}, not one of ours: its"
            " session_interface was replaced after SessionPlus(app)."
        )
    return session
