"""One session's way through one request: loaded at its first use, written at the end.

No HTTP here, and no mapping: a :class:`Lifecycle` knows the store, the tokens and the
times, and says what is to become of the browser's cookie.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NoReturn

from blinker import Signal

from . import clock, signals
from .codec import Codec
from .config import Settings
from .data import FLASHES, Data
from .errors import ConfigError, DamagedRecord, SessionTooLarge, StoreConflict, StoreError
from .flash import Flash
from .lifetimes import Lifetimes
from .record import Changes, Record, has_content
from .stores.base import Applied, Miss, Outcome, Store
from .tokens import digest, handle, is_wellformed

_PERMANENT = "\x00permanent"
_LIFETIME = "\x00lifetime"

# A generator whose tokens are taken thrice makes no secrets.
_TOKEN_TRIES = 3

# Of those that compete one always gets through, so this is patience, not luck.
_EXCHANGE_TRIES = 200

#: Stands for a value that is not there.
MISSING: Any = object()

_log = logging.getLogger("flask_sessionplus")


class State(Enum):
    """Where a session stands."""

    NEW = "new"
    ALIVE = "stored"
    #: It has ended or moved elsewhere: nothing is written, the cookie is left alone.
    DETACHED = "ended elsewhere"
    #: The store did not answer.
    FAILED = "not available"


class Cookie(Enum):
    """What is to become of the browser's cookie."""

    LEAVE = "leave"
    SET = "set"
    DELETE = "delete"


@dataclass(frozen=True)
class Services:
    """What all sessions of one app share.

    :param app: the sender of signals.
    :param read_token: takes the request; returns the token in its cookie, or None, and
        why the cookie was refused, or None.
    :param only_peeks: tells whether a request takes no messages, such as HEAD.
    :param default_lifetime: returns the idle time, in milliseconds, where no setting does.
    :param refreshes: tells whether reading extends a session.
    """

    app: Any
    store: Store
    codec: Codec
    settings: Settings
    read_token: Callable[[Any], tuple[str | None, str | None]]
    only_peeks: Callable[[Any], bool]
    default_lifetime: Callable[[], int]
    refreshes: Callable[[], bool]


class Lifecycle:
    """The token, the record and the values of one session during one request."""

    def __init__(self, services: Services, request: Any, session: Any) -> None:
        self.request = request
        self.state = State.NEW
        self.cookie = Cookie.LEAVE
        self.token: str | None = None
        self.record: Record | None = None
        self.data = Data(services.codec, {})
        self.is_forced = False
        self._services = services
        self._session = session
        self._next_token: str | None = None
        self._flash: Flash | None = None
        self._claimed: dict[str, bytes] = {}
        self._had_cookie = False
        # Ended by the app: whatever is put in now belongs to another session.
        self._restarts = False
        self._has_given_up = False
        self._error: StoreError | None = None

    @property
    def flash(self) -> Flash:
        """The messages."""
        if self._flash is None:
            self._flash = Flash(self._services.codec, self.data, self.claim)
        return self._flash

    @property
    def is_stored(self) -> bool:
        """Whether the store has this session."""
        return self.state is State.ALIVE and not self._restarts

    @property
    def handle(self) -> str:
        """The public name that the session has, or will have."""
        if self._next_token is None and not self.is_stored:
            self._next_token = self._new_token()
        token = self._next_token or self.token
        assert token is not None
        return handle(digest(token))

    @property
    def is_permanent(self) -> bool:
        """Whether the browser keeps the cookie when it is closed."""
        return self.data.get_hidden(_PERMANENT) is not None

    @is_permanent.setter
    def is_permanent(self, value: bool) -> None:
        self.data.set_hidden(_PERMANENT, self._services.codec.encode(True) if value else None)

    def set_idle_lifetime(self, idle: int | None) -> None:
        """Give this session an idle time of its own, in milliseconds; None takes it back."""
        data = None if idle is None else self._services.codec.encode(idle)
        self.data.set_hidden(_LIFETIME, data)

    def lifetimes(self) -> Lifetimes:
        """Return the rules for this session."""
        settings = self._services.settings
        own = self.data.get_hidden(_LIFETIME)
        if own is not None:
            idle = int(self._services.codec.decode(own))
        else:
            idle = settings.idle_lifetime or self._services.default_lifetime()
        return Lifetimes(
            idle,
            settings.absolute_lifetime,
            settings.provisional_lifetime,
            min(settings.touch_interval, idle // 10),
        )

    def load(self) -> None:
        """Find the session of the request's cookie."""
        token, reason = self._services.read_token(self.request)
        if token is None:
            if reason is not None:
                self._had_cookie = True
                self._reject(reason)
            return
        self._had_cookie = True
        sid = digest(token)
        try:
            found = self._services.store.load(sid)
        except DamagedRecord as error:
            _log.warning("The record %s… is damaged and left alone: %s", sid.hex()[:8], error)
            self._reject("damaged")
        except StoreError as error:
            self.state = State.FAILED
            self._error = error
            self._fail(error)
        else:
            self._take(token, found)

    def check(self) -> None:
        """Raise the error again with which loading failed."""
        if self._error is not None:
            raise self._error

    def claim(self, names: Iterable[str]) -> dict[str, bytes]:
        """Take hidden values out of the store; return those that nobody else had taken."""
        names = list(names)
        if not self.is_stored or self._services.only_peeks(self.request):
            here = {name: self.data.get_hidden(name) for name in names}
            return {name: data for name, data in here.items() if data is not None}
        for _ in range(_EXCHANGE_TRIES):
            stored = {name: self.data.stored(name) for name in names}
            wanted = {name: data for name, data in stored.items() if data is not None}
            if not wanted:
                return {}
            applied = self._apply(Changes(removals=wanted, expects=dict(wanted)))
            if applied.outcome is Outcome.SAVED:
                self._claimed.update(wanted)
                return wanted
            if applied.outcome is Outcome.GONE:
                return {}
        self._give_up_exchange("The messages")

    def take_flashes(self) -> list[Any]:
        """Return Flask's messages, those that this request gets, and remove them."""
        messages = list(self.data[FLASHES])
        stored = self.data.flashes()
        taken = self.claim(stored)
        for name, data in stored.items():
            message = self._services.codec.decode(data)
            if name not in taken and message in messages:
                messages.remove(message)
        if not self._services.only_peeks(self.request):
            self.data.forget_flashes()
        return messages

    def exchange(self, name: str, function: Callable[[Any], Any]) -> Any:
        """Store what *function* makes of the value, at once and exactly; return it.

        :param function: gets the value or MISSING. It is called again if others were
            faster, so it must only compute.
        """
        codec, data = self._services.codec, self.data
        for _ in range(_EXCHANGE_TRIES):
            if not self.is_stored or not data.is_clean(name):
                value = function(data[name] if name in data else MISSING)
                data[name] = value
                return value
            stored = data.stored(name)
            old = MISSING if stored is None else codec.decode(stored)
            value = function(old)
            if value is old:
                return data[name]
            encoded = codec.encode(value, f"session[{name!r}]")
            applied = self._apply(Changes({name: encoded}, expects={name: stored}))
            if applied.outcome is Outcome.SAVED:
                data.put_stored(name, value, encoded)
                return value
        self._give_up_exchange(f"session[{name!r}]")

    def renew(self) -> None:
        """Send the cookie again, and begin the idle time anew."""
        self.is_forced = True

    def regenerate(self) -> None:
        """Give the session a new token when it is next written."""
        self._next_token = self._new_token()

    def end(self) -> None:
        """End the session; what is put in afterwards belongs to another one."""
        if self.state is State.ALIVE:
            self._restarts = True
        elif self.state is State.NEW and self._had_cookie:
            self.cookie = Cookie.DELETE
        self.data = Data(self._services.codec, {})
        self._flash = None
        self._claimed.clear()
        self._next_token = None

    def finish(self, ages: bool, was_shown: bool) -> None:
        """Write what the request has changed, as its answer goes out.

        :param ages: whether messages that were not read have had their chance.
        :param was_shown: False puts messages that were read back.
        """
        if self._has_given_up or self.state is State.FAILED:
            return
        if not was_shown:
            for name, data in self._claimed.items():
                self.data.set_hidden(name, data)
            self._claimed.clear()
        if ages and (self.data.arrived or self._flash is not None):
            self.flash.age()
        try:
            self.save()
        except BaseException:
            # The error page is saved as well, and would fail once more.
            self._has_given_up = True
            raise

    def save(self) -> None:
        """Write what has changed so far."""
        if self.state is State.ALIVE:
            if self._restarts:
                self._save_restarted()
            else:
                self._save_changes()
        elif self.state is State.NEW:
            self._create()
        elif self.state is State.DETACHED and any(self.data.changes()):
            self._lose()

    def _take(self, token: str, found: Record | Miss) -> None:
        sid = digest(token)
        if found is Miss.MOVED:
            self.state = State.DETACHED
            self._reject("moved")
        elif found is Miss.EXPIRED:
            self._send(signals.session_expired, handle=handle(sid))
        elif isinstance(found, Miss):
            self._reject("unknown")
        else:
            self.data = Data(self._services.codec, found.values)
            if self.lifetimes().is_over(found.created_at, found.seen_at, clock.now()):
                self.data = Data(self._services.codec, {})
                self._guard(lambda: self._services.store.delete(sid))
                self._send(signals.session_expired, handle=handle(sid))
                return
            self.state, self.token, self.record = State.ALIVE, token, found
            self._send(signals.session_loaded)

    def _create(self) -> None:
        sets, _ = self.data.changes()
        if not has_content(sets):
            return
        self._check_size(sets)
        now = clock.now()
        record = Record(now, now, self.lifetimes().first_expiry(now), sets)
        for _ in range(_TOKEN_TRIES):
            token, self._next_token = self._next_token or self._new_token(), None
            sid = digest(token)
            if self._guard(lambda: self._services.store.create(sid, record)):  # noqa: B023
                self._settle(token, record, sets)
                self.cookie = Cookie.SET
                self._send(signals.session_created)
                return
        _refuse_tokens()

    def _save_changes(self) -> None:
        assert self.record is not None
        sets, removals = self.data.changes()
        is_changed = bool(sets or removals or self._next_token or self.is_forced)
        lifetimes, refreshes = self.lifetimes(), self._services.refreshes()
        used_at = clock.now() if is_changed or refreshes else self.record.seen_at
        expires_at = lifetimes.expiry(self.record.created_at, used_at)
        left = (self.record.values.keys() | sets.keys()) - removals
        is_emptied = bool(removals or self._claimed) and not has_content(left)
        if is_changed or is_emptied or lifetimes.is_stale(self.record.expires_at, expires_at):
            if sets:
                self._check_size({**self.record.values, **sets})
            self._write(
                Changes(
                    sets, removals, expires_at=expires_at, seen_at=used_at, drop_if_empty=is_emptied
                ),
                is_changed,
            )
        if self.state is State.ALIVE:
            if self.is_forced or (self.is_permanent and (is_changed or refreshes)):
                self.cookie = Cookie.SET
            self.is_forced = False

    def _write(self, changes: Changes, is_changed: bool) -> None:
        old = self.token
        assert old is not None
        for _ in range(_TOKEN_TRIES):
            token, self._next_token = self._next_token, None
            if token is not None:
                changes.move_to = digest(token)
            applied = self._apply(changes)
            if applied.outcome is Outcome.EMPTIED:
                self._forget(old)
                return
            if applied.outcome is Outcome.GONE:
                return
            if applied.outcome is Outcome.SAVED:
                assert applied.record is not None
                self._settle(token or old, applied.record, changes.sets)
                if token is not None:
                    self.cookie = Cookie.SET
                    self._send(signals.session_regenerated, old=handle(digest(old)))
                if is_changed:
                    self._send(signals.session_saved)
                return
            self._next_token = self._new_token()
        _refuse_tokens()

    def _save_restarted(self) -> None:
        assert self.token is not None and self.record is not None
        old, sid, seen = self.token, digest(self.token), self.record
        sets, _ = self.data.changes()
        if not has_content(sets):
            self._guard(lambda: self._services.store.delete(sid))
            self._forget(old)
            return
        self._check_size(sets)
        now = clock.now()
        token, self._next_token = self._next_token or self._new_token(), None
        changes = Changes(
            sets,
            restart_at=now,
            seen_at=now,
            expires_at=self.lifetimes().expiry(now, now),
            move_to=digest(token),
        )
        applied = self._guard(lambda: self._services.store.apply(sid, seen, changes))
        self._restarts = False
        self._send(signals.session_destroyed, handle=handle(sid))
        if applied.outcome is Outcome.SAVED:
            assert applied.record is not None
            self._settle(token, applied.record, sets)
            self.cookie = Cookie.SET
            self._send(signals.session_created)
        else:
            # Somebody else has ended the old one already: all the better.
            self.state = State.NEW
            self._create()

    def _apply(self, changes: Changes) -> Applied:
        """Let the store do *changes*, and take over what it has now."""
        assert self.token is not None and self.record is not None
        sid, seen = digest(self.token), self.record
        try:
            applied = self._guard(lambda: self._services.store.apply(sid, seen, changes))
        except DamagedRecord:
            applied = Applied(Outcome.GONE)
        if applied.outcome is Outcome.GONE:
            self._lose()
        elif applied.record is not None:
            self.record = applied.record
            self.data.rebase(applied.record.values)
        return applied

    def _settle(self, token: str, record: Record, sets: dict[str, bytes]) -> None:
        self.state, self.token, self.record = State.ALIVE, token, record
        self.data.settle(record.values, sets)

    def _forget(self, token: str) -> None:
        self.state, self.token, self.record = State.NEW, None, None
        self._restarts = False
        self.cookie = Cookie.DELETE
        self.data.rebase({})
        self._send(signals.session_destroyed, handle=handle(digest(token)))

    def _lose(self) -> None:
        self.state = State.DETACHED
        self.cookie = Cookie.LEAVE
        self._send(signals.session_lost)

    def _new_token(self) -> str:
        token = self._services.settings.identifier_generator()
        if not isinstance(token, str) or not is_wellformed(token):
            raise ConfigError(
                "SESSION_IDENTIFIER_GENERATOR made something else than 22 to 128 characters of"
                " A-Z a-z 0-9 _ and -. Use secrets.token_urlsafe(32), or leave the setting out."
            )
        return token

    def _check_size(self, values: dict[str, bytes]) -> None:
        size = sum(map(len, values)) + sum(map(len, values.values()))
        limit = self._services.settings.max_bytes
        if size > limit:
            name = max(values, key=lambda name: len(values[name]))
            raise SessionTooLarge(
                f"The session would take {size} bytes, {len(values[name])} of them for"
                f" {name.strip()!r}; SESSION_MAX_BYTES is {limit}. Nothing was saved: keep large"
                " things elsewhere and their key in the session."
            )

    def _guard(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except DamagedRecord as error:
            _log.warning("A record is damaged and left alone: %s", error)
            raise
        except StoreError as error:
            self._fail(error)

    def _fail(self, error: StoreError) -> NoReturn:
        _log.error("%s", error, exc_info=error)
        self._send(signals.store_failed, error=error)
        raise error

    def _give_up_exchange(self, what: str) -> NoReturn:
        self._fail(
            StoreConflict(
                f"{what} was changed by others {_EXCHANGE_TRIES} times in a row."
                " Nothing was written: answer 503 and let the client try again."
            )
        )

    def _reject(self, reason: str) -> None:
        self._send(signals.session_rejected, reason=reason)

    def _send(self, signal: Signal, **details: Any) -> None:
        if signal.receivers:
            signal.send(self._services.app, session=self._session, **details)


def _refuse_tokens() -> NoReturn:
    raise ConfigError(
        "SESSION_IDENTIFIER_GENERATOR makes tokens that are in use. Each must be new:"
        " use secrets.token_urlsafe(32), or leave the setting out."
    )
