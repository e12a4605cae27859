"""``flask.session``: the mapping a view sees, and what it can do beyond a mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast, overload

from .clock import to_datetime
from .config import to_milliseconds
from .data import FLASHES
from .errors import LateSession
from .exchange import MISSING, exchange
from .mapping import SessionMapping, checked
from .messages import read_messages
from .saving import needs_cookie, save
from .services import State

D = TypeVar("D")
T = TypeVar("T")


class Session(SessionMapping):
    """The data of one visitor.

    It is loaded at its first use, read or write, and saved when the answer goes out, if
    anything changed, inside values too. Of what parallel requests write, nothing is lost:
    changes are merged key by key, and for the same key the last one wins, unless it was
    made with :meth:`increment`, :meth:`append`, :meth:`setdefault` or :meth:`atomic`.
    """

    _was_answered = False

    def __call__(self) -> Session:
        """Return the session itself, so that templates can say ``session().get("x")``."""
        return self

    @overload
    def get(self, key: str, default: Any = None, type: None = None) -> Any: ...
    @overload
    def get(self, key: str, default: None = None, *, type: Callable[[Any], T]) -> T | None: ...
    @overload
    def get(self, key: str, default: D, type: Callable[[Any], T]) -> T | D: ...
    def get(self, key: str, default: Any = None, type: Callable[[Any], Any] | None = None) -> Any:
        """Return the value of *key*, or the flashed message under it, or *default*.

        :param type: converts the value; if it raises ValueError or TypeError, *default*
            is returned, as Werkzeug does it.
        """
        life = self._open()
        value = life.data.get(key, MISSING)
        if value is MISSING:
            value = read_messages(life, [key]).get(key, MISSING)
        if value is MISSING:
            return default
        if type is None:
            return value
        try:
            return type(value)
        except (ValueError, TypeError):
            return default

    # The words of other session systems.

    def set(self, key: str, value: Any) -> None:
        """Set *key* to *value*, which keeps its type.

        :raises UnsupportedType: if *value* cannot be stored; it names the path to the culprit.
        """
        self[key] = value

    def has(self, key: str) -> bool:
        """Tell whether there is a value, or a message for this request, under *key*."""
        life = self._open()
        return key in life.data or key in read_messages(life, [key])

    def all(self) -> dict[str, Any]:
        """Return all keys and values, and this request's messages where no key is in the way."""
        life = self._open()
        return {**read_messages(life, life.flash.keys()), **self.copy()}

    def remove(self, key: str) -> None:
        """Remove *key*, if it is there."""
        life = self._open()
        life.refuse_if_offline()
        if key in life.data:
            del life.data[key]

    def pull(self, key: str, default: Any = None) -> Any:
        """Remove *key* and return its value, or *default* if there is none."""
        return self.pop(key, default)

    # Exact under parallel requests.

    def atomic(self, key: str, function: Callable[[Any], T], default: Any = None) -> T:
        """Set *key* to what *function* makes of its value, at once, and return that.

        Nothing that others write at the same time is lost: if one was faster, *function*
        is called again with the new value. So it must only compute.

        :param function: gets the value, or *default* if there is none.
        :raises StoreConflict: if others were faster hundreds of times.
        """

        def renew(old: Any) -> T:
            # The function may change what it gets, and may be called again.
            return function(deepcopy(default) if old is MISSING else old)

        return cast(T, exchange(self._open(), checked(key), renew))

    def increment(self, key: str, by: Any = 1) -> Any:
        """Add *by* to the number under *key*, which begins at 0, and return the sum.

        No two requests get the same sum.
        """
        return self.atomic(key, lambda old: old + by, 0)

    def append(self, key: str, value: Any) -> None:
        """Append *value* to the list under *key*, which begins empty."""
        self.atomic(key, lambda old: [*_as_list(key, old), value], ())

    # Messages for the next request.

    def flash(self, key: str, value: Any) -> None:
        """Show *value* under *key* to the next request that is a page, then forget it.

        Requests that do not use the session, HEAD, OPTIONS, redirects, 304, and a
        browser's background fetches that do not read it leave it waiting.
        """
        self._open().flash.add(checked(key), value)

    def get_flash(self, key: str, default: Any = None) -> Any:
        """Return the message under *key*, or *default*.

        Of parallel requests only one gets it; within that request it may be read again.
        """
        return read_messages(self._open(), [key]).get(key, default)

    def flash_map(self, key: str, mapping: Mapping[Any, Any]) -> None:
        """Flash a mapping, such as a form's fields or their errors. A MultiDict stays one.

        :raises TypeError: if it is no mapping.
        """
        if not isinstance(mapping, Mapping):
            raise TypeError(f"flash_map({key!r}, ...) needs a mapping, not {mapping!r:.50}.")
        self.flash(key, mapping)

    def get_flash_map(self, key: str) -> Mapping[Any, Any]:
        """Return the mapping that was flashed under *key*, or an empty one."""
        found = self.get_flash(key)
        return found if isinstance(found, Mapping) else {}

    def now(self, key: str, value: Any) -> None:
        """Show *value* under *key* as a message of this request only."""
        self._open().flash.show_now(checked(key), value)

    def keep(self, *keys: str) -> None:
        """Keep this request's messages under *keys* for one more; without keys, all."""
        flash = self._open().flash
        flash.keep(keys or flash.keys())

    def reflash(self) -> None:
        """Keep all of this request's messages for one more."""
        self.keep()

    # Its life.

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

    @property
    def created_at(self) -> datetime | None:
        """When it was stored first, in UTC; None if it is new."""
        return self._when("created_at")

    @property
    def last_seen_at(self) -> datetime | None:
        """When it was used last, in UTC; at most the touch interval behind. None if new."""
        return self._when("seen_at")

    @property
    def expires_at(self) -> datetime | None:
        """When it ends if it is not used again, in UTC; None if it is new."""
        return self._when("expires_at")

    def _when(self, name: str) -> datetime | None:
        life = self._open()
        return to_datetime(getattr(life.record, name)) if life.is_stored else None

    def set_lifetime(self, lifetime: timedelta | float | None) -> None:
        """Give this session an idle time of its own; the absolute lifetime still holds.

        :param lifetime: a timedelta or seconds; None for the app's setting again.
        """
        idle = None if lifetime is None else to_milliseconds("The lifetime", lifetime)
        life = self._open()
        life.refuse_if_offline()
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
        """Remove all keys and messages; the session itself goes on.

        :param flash_only: remove the messages only.
        """
        life = self._open()
        life.reset_messages()
        for key in [key for key in life.data if key == FLASHES or not flash_only]:
            del life.data[key]

    def save(self) -> None:
        """Write what has changed so far, without waiting for the answer.

        For answers that are streamed, and for sockets. May be called many times.

        :raises LateSession: if the session is new and the headers have gone out, so that
            its cookie could not be sent.
        """
        life = self._open()
        if self._was_answered and needs_cookie(life):
            raise LateSession(
                "The session needs a new cookie, which can no longer be sent. Put something into a"
                " new session, or into one that is in the browser, before the answer begins."
            )
        save(life)


def _as_list(key: str, value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"session[{key!r}] is no list that could be appended to.")
    return value
