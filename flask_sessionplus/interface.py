"""Between Flask and the session: cookies and headers, nothing else."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import flask
from flask import has_request_context
from flask.sessions import SessionInterface
from werkzeug.http import dump_cookie

from . import clock
from .carrying import receive, send
from .claims import has_asked
from .codec import Codec
from .config import Settings
from .errors import StoreError, StoreUnavailable
from .global_session import Globals, GlobalSession, finish_global
from .headers import forbid_sharing, vary
from .importing import Intake
from .late import is_event, refuse_late
from .lifecycle import Lifecycle
from .local import LocalSession, local_of
from .parameters import Schema
from .policies import find_policy
from .processes import refuse_alone
from .saving import finish
from .services import Cookie, Policy, Services, State
from .session import Session
from .stores.base import Carried, Carrying, Store
from .tokens import Token, is_wellformed
from .tokenstore import Tokens

if TYPE_CHECKING:
    from flask import Flask, Request, Response
    from flask.sessions import SessionMixin

# What an answer that was not saved must not hand on to the one that says so.
_BELONGS_TO_BODY = frozenset(
    {f"content-{what}" for what in ("type", "length", "encoding", "language", "location")}
    | {f"content-{what}" for what in ("range", "disposition", "digest")}
    | {"accept-ranges", "age", "cache-control", "etag", "expires", "last-modified"}
    | {"location", "refresh", "set-cookie"}
)

# What Sec-Fetch-Dest says of a request whose answer a person looks at.
_PAGES = frozenset({"document", "iframe", "frame", "fencedframe", "embed", "object"})


class SessionPlusInterface(SessionInterface):
    """Opens and saves the sessions of one app."""

    session_class = Session

    def __init__(
        self,
        app: Flask,
        store: Store,
        codec: Codec,
        settings: Settings,
        tokens: Tokens | None = None,
        intake: Intake | None = None,
    ) -> None:
        self.store = store
        #: The bearer tokens, if there are any.
        self.tokens = tokens
        self.settings = settings
        self._cleared = ", ".join(f'"{what}"' for what in settings.signin.clear_site_data)
        find_app: Callable[[], Any] = weakref.ref(app)
        schema = _schema_of(settings, codec)
        self._services = Services(
            find_app=find_app,
            find_store=self._find_store,
            codec=codec,
            settings=settings,
            read_token=self._read_token,
            only_peeks=lambda request: request.method in ("HEAD", "OPTIONS"),
            default_lifetime=lambda: _in_milliseconds(
                find_app().config["PERMANENT_SESSION_LIFETIME"]
            ),
            refreshes=lambda: bool(find_app().config["SESSION_REFRESH_EACH_REQUEST"]),
            find_policy=lambda request: find_policy(find_app(), request),
            schema=schema and schema.for_scope("session"),
            local_schema=schema and schema.for_scope("local"),
            intake=intake,
        )
        issuer = app.config.get("SESSION_JWT_ISSUER") or ""
        self._globals = Globals(
            self._services, schema and schema.for_scope("global"), issuer, tokens
        )

    def open_session(self, app: Flask, request: Request) -> Session:
        """Return the session of *request*, not loaded yet."""
        return self.session_class(self._services, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write what the request changed, and set what headers follow from it.

        May be called many times, with answers that nobody will see too.
        """
        assert isinstance(session, Session)
        session._was_answered = True
        is_good = self._save_browsers(app, session, response)
        if has_asked(session._request) or session._globals:
            self._save_users(app, session, response, is_good)

    def _save_browsers(self, app: Flask, session: Session, response: Response) -> bool:
        """Write the browser's session; return whether the answer is still the view's."""
        life = session._life
        if life is None:
            if session.accessed and not _has_none(session):
                vary(response)
            return True
        if life.state is State.UNUSED:
            return True
        vary(response)
        if life.state is State.OFFLINE:
            # It shows a visitor who may be signed in as one who is not.
            response.headers["Cache-Control"] = "no-store"
            return True
        if life.error is not None:
            # Somebody has caught it and gone on; what he changed since then is lost.
            if response.status_code < 500 and life.is_modified:
                _refuse(app, response, life.error)
                return False
            return True
        refuse_late(life)
        try:
            finish(
                life,
                was_page=lambda: _is_own(session) and _is_page(life.request, response),
                was_shown=lambda: response.status_code != 304 and response.status_code < 500,
                is_streamed=lambda: response.is_streamed,
                is_error=response.status_code >= 400,
            )
        except StoreUnavailable as error:
            _answer_instead(app, response, error)
            return False
        self._send_cookies(app, life, response)
        if self.settings.no_store:
            response.headers["Cache-Control"] = "no-store"
        if life.clears_site and self._cleared:
            response.headers["Clear-Site-Data"] = self._cleared
        return True

    def _save_users(self, app: Flask, session: Session, response: Response, is_good: bool) -> None:
        """Write the user's own data, if that of the browser was written."""
        try:
            for found in session._globals if is_good else ():
                finish_global(found, response.status_code)
        except StoreUnavailable as error:
            _answer_instead(app, response, error)
            if session._life is not None:
                # It was written, and may have another token now.
                self._send_cookies(app, session._life, response)
        vary(response, "Authorization")
        forbid_sharing(response)
        if self.settings.no_store:
            response.headers["Cache-Control"] = "no-store"

    def _send_cookies(self, app: Flask, life: Lifecycle, response: Response) -> None:
        if isinstance(life.store, Carried):
            self._send_record(app, life, life.store, response)
        if life.cookie is Cookie.SET:
            self._set_cookie(app, life, response)
        elif life.cookie is Cookie.DELETE:
            response.delete_cookie(self.get_cookie_name(app), **self._attributes(app, life))
            forbid_sharing(response)

    def regenerate(self, session: SessionMixin) -> None:
        """Give *session* a new token, as ``session.regenerate()``: Flask-Session has it here."""
        assert isinstance(session, Session)
        session.regenerate()

    def global_session(self, session: Session, request: Request) -> GlobalSession:
        """Return the data of the user who is signed in with *request*.

        :param session: the browser's.
        :raises InvalidToken: if nobody is.
        """
        return self._globals.find(session, request)

    def local_session(self, request: Request) -> LocalSession:
        """Return what lives for *request* only."""
        return local_of(request, self._services.local_schema)

    def _find_store(self, request: Request) -> Store:
        if isinstance(self.store, Carrying):
            return receive(self.store, request, self.get_cookie_name(self._services.find_app()))
        return self.store

    def _send_record(self, app: Flask, life: Lifecycle, store: Carried, response: Response) -> None:
        is_renewed = life.cookie is Cookie.SET
        name, attributes = self.get_cookie_name(app), self._attributes(app, life)
        expires = _expires(life)
        if send(store, life.request, response, name, is_renewed, expires=expires, **attributes):
            forbid_sharing(response)

    def _read_token(self, request: Request) -> tuple[str | None, str | None]:
        """Return the token in the cookie of *request*, and why there is none if it was refused."""
        refuse_alone(self.store, request.environ)
        header = request.environ.get("HTTP_COOKIE")
        if not header:
            return None, None
        name = self.get_cookie_name(self._services.find_app())
        found = _cookie_pattern(name).findall(header)
        if not found:
            return None, None
        token = Token(found[0].strip())
        if len(found) > 1 and any(other.strip() != token for other in found):
            return None, "duplicate"
        if is_wellformed(token):
            return token, None
        intake = self._services.intake
        foreign = None if intake is None else intake.read_cookie(token)
        return (None, "malformed") if foreign is None else (foreign, None)

    def get_expiration_time(self, app: Flask, session: SessionMixin) -> datetime | None:
        """Return when the browser shall drop the cookie; None: when it is closed."""
        assert isinstance(session, Session)
        life = session._life
        return None if life is None else _expires(life)

    def _set_cookie(self, app: Flask, life: Lifecycle, response: Response) -> None:
        assert life.token is not None
        name, attributes = self.get_cookie_name(app), self._attributes(app, life)
        expires = _expires(life)
        if expires is None:
            begin, end = _cookie_frame(name, **attributes)
            response.headers.add("Set-Cookie", begin + life.token + end)
        else:
            response.set_cookie(name, life.token, expires=expires, **attributes)
        forbid_sharing(response)

    def _attributes(self, app: Flask, life: Lifecycle) -> dict[str, Any]:
        """Return the cookie's attributes, as the app's settings say at this moment."""
        attributes: dict[str, Any] = {
            "domain": self.get_cookie_domain(app),
            "path": self.get_cookie_path(app),
            "secure": self.get_cookie_secure(app) or life.request.is_secure,
            "httponly": self.get_cookie_httponly(app),
            "samesite": self.get_cookie_samesite(app),
        }
        if app.config.get("SESSION_COOKIE_PARTITIONED"):
            attributes["partitioned"] = True
        return attributes


def _schema_of(settings: Settings, codec: Codec) -> Schema | None:
    # Without parameters, nothing needs to be looked up for each key.
    if not settings.parameters and settings.unknown_parameters == "allow":
        return None
    schema = Schema(settings.parameters, settings.unknown_parameters)
    schema.register_types(codec)
    return schema


@lru_cache(maxsize=16)
def _in_milliseconds(lifetime: timedelta | float) -> int:
    seconds = lifetime.total_seconds() if isinstance(lifetime, timedelta) else lifetime
    return int(seconds * 1000)


@lru_cache(maxsize=16)
def _cookie_pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|;)[ \t]*{re.escape(name)}[ \t]*=([^;]*)")


@lru_cache(maxsize=64)
def _cookie_frame(name: str, **attributes: Any) -> tuple[str, str]:
    """Return what stands before and behind the token: making it anew each time is slow."""
    placeholder = "token"
    begin, _, end = dump_cookie(name, placeholder, **attributes).partition(f"={placeholder}")
    return f"{begin}=", end


def _expires(life: Lifecycle) -> datetime | None:
    if not life.is_permanent or life.record is None:
        return None
    return clock.to_datetime(life.lifetimes().expiry(life.record.created_at, clock.now()))


def _has_none(session: Session) -> bool:
    """Tell whether the view has no session: that somebody looked at it says nothing then."""
    return session._services.find_policy(session._request) is Policy.NO_SESSION


def _is_own(session: Session) -> bool:
    """Tell whether it is the session of the request under way, not one of a test's own."""
    # Compared by the object behind the proxy, which mypy knows nothing of.
    current: Any = flask.session
    return has_request_context() and current._get_current_object() is session


def _is_page(request: Request, response: Response) -> bool:
    """Tell whether the visitor sees this answer, so that messages have had their chance."""
    status = response.status_code
    return (
        request.method not in ("HEAD", "OPTIONS")
        and not is_event(request)
        and not 300 <= status < 400
        and status < 500
        and request.headers.get("Sec-Fetch-Dest", "document") in _PAGES
    )


def _refuse(app: Flask, response: Response, error: StoreError) -> None:
    if not isinstance(error, StoreUnavailable):
        raise error
    _answer_instead(app, response, error)


def _answer_instead(app: Flask, response: Response, error: StoreUnavailable) -> None:
    """Turn *response*, whose session was not saved, into the app's answer to *error*."""
    answer = app.make_response(app.handle_user_exception(error))
    if hasattr(response.response, "close"):
        response.call_on_close(response.response.close)
    replaced = {name for name, _ in response.headers if name.lower() in _BELONGS_TO_BODY}
    for name in replaced | set(answer.headers.keys()):
        response.headers.remove(name)
    response.headers.extend(answer.headers)
    response.status = answer.status
    response.response = answer.response
    response.direct_passthrough = answer.direct_passthrough
    vary(response)
