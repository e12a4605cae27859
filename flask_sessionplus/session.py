"""``flask.session``: what a view sees of one visitor's session."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask.sessions import SessionMixin

from .checks import to_milliseconds
from .exchange import MISSING
from .flashing import Flashing
from .identity import SignIn
from .late import refuse_late
from .lifecycle import Lifecycle
from .local import LocalSession, local_of
from .mapping import StoredSession
from .messages import take_flashes
from .names import FLASHES
from .record import SCOPED
from .saving import save
from .scopes import Scope
from .services import State


class Session(SignIn, Flashing, SessionMixin):
    """The data of one visitor.

    It is loaded at its first use, read or write, and saved when the answer goes out, if
    anything changed, inside values too. Of what parallel requests write, nothing is lost:
    changes are merged key by key, and for the same key the last one wins, unless it was
    made with :meth:`increment`, :meth:`append`, :meth:`setdefault` or :meth:`atomic`.
    """

    _was_answered = False

    #: The global sessions that this request has used.
    _globals: tuple[StoredSession, ...] = ()

    def __call__(self) -> Session:
        """Return the session itself, so that templates can say ``session().get("x")``."""
        return self

    def __setitem__(self, key: str, value: Any) -> None:
        if key in self._services.settings.signin.form_tokens and key not in self:
            # Two tabs may open their first form at once: then both get the token of the first.
            self.setdefault(key, value)
        else:
            super().__setitem__(key, value)

    def pop(self, key: str, default: Any = MISSING) -> Any:
        """Remove *key* and return its value, or *default* if it is given."""
        if key == FLASHES and key in self:
            return take_flashes(self._open())
        return super().pop(key, default)

    def clear(self) -> None:
        """End the session: record and cookie go, and this becomes a new, empty one."""
        self._open().end()

    def scope(self, name: str, inherit: bool = True) -> Scope:
        """Return an own version of the data for one part of the app, such as a checkout.

        :param name: any text. The same name gives the same version, in later requests too.
        :param inherit: whether keys that are not set in it are read from the session.
        """
        return Scope(self, (name,), inherit)

    @property
    def local(self) -> LocalSession:
        """What lives for this request only: ``flask_sessionplus.local_session``."""
        return local_of(self._request, self._services.local_schema)

    @property
    def identifier(self) -> str:
        """The public name, for lists and logs. Nobody can sign in with it.

        It becomes another one with :meth:`regenerate`. While the store does not answer, ``""``.
        """
        return self._open().handle

    @property
    def sid(self) -> str:
        """The same as :attr:`identifier`."""
        return self.identifier

    @property
    def exists(self) -> bool:
        """Whether the visitor has a stored session."""
        return self._open().is_stored

    @property
    def new(self) -> bool:  # type: ignore[override]
        """Whether the session is not stored yet."""
        return not self._open().is_stored

    @property
    def is_available(self) -> bool:
        """Whether the store has answered, so that this is the visitor's session.

        False only with ``SESSION_ON_STORE_ERROR = "anonymous"``: the session is empty and
        read-only then, and to change it raises SessionReadOnly.
        """
        return self._open().state is not State.OFFLINE

    @property
    def permanent(self) -> bool:
        """Whether the browser keeps the cookie when it is closed. It may be set."""
        return self._open().is_permanent

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self._open().is_permanent = bool(value)

    @property
    def modified(self) -> bool:
        """Whether this request has changed something. Changes are found without setting it.

        Setting it to True sends the cookie again and writes the expiry, as in Flask.
        """
        if self._life is None:
            return False
        return self._life.is_modified

    @modified.setter
    def modified(self, value: bool) -> None:
        self._open().is_forced = bool(value)

    def set_lifetime(self, lifetime: timedelta | float | None) -> None:
        """Give this session an idle time of its own; the absolute lifetime still holds.

        :param lifetime: a timedelta or seconds; None for the app's setting again.
        """
        idle = None if lifetime is None else to_milliseconds("The lifetime", lifetime)
        life = self._open()
        life.refuse_if_read_only()
        life.set_idle_lifetime(idle)

    def renew(self) -> None:
        """Send the cookie again with this answer, and begin the idle time anew."""
        self._open().is_forced = True

    def regenerate(self) -> None:
        """Give the session a new token; the old one is dead as soon as the answer goes out.

        To be called whenever a visitor becomes somebody else (ASVS 7.2.4).
        """
        self._open().regenerate()

    def destroy(self, key: str | None = None) -> None:
        """End the session: record and cookie go, and this becomes a new, empty one.

        :param key: remove only this key.
        """
        if key is not None:
            self.remove(key)
        else:
            self._open().end()

    def reset(self, flash_only: bool = False) -> None:
        """Remove all keys and messages, those of scopes too; the session itself goes on.

        :param flash_only: remove the messages only.
        """
        life = self._open()
        life.reset_messages()
        for key in [key for key in life.data if key == FLASHES or not flash_only]:
            del life.data[key]
        if not flash_only:
            for name in life.data.scoped():
                del life.data[name]
            life.data.take_back(SCOPED)

    def save(self) -> None:
        """Write what has changed so far, without waiting for the answer.

        For answers that are streamed, and for sockets. May be called many times.

        :raises LateSession: if the session is new, or gets a new token, and the cookie cannot
            be sent: the headers have gone out, or it is an event of a socket.
        """
        life = self._open()
        refuse_late(life, self._was_answered)
        save(life)

    def _begin(self) -> Lifecycle:
        return Lifecycle(self._services, self._request, self)

    def _flash_name(self, key: str) -> str:
        return key

    def _flash_keys(self) -> list[str]:
        return [key for key in self._open().flash.readable() if key[:1] != SCOPED]
