"""One session's way through one request: its state, its token, its record, its values.

No HTTP here, and no mapping. How it is found is in ``loading``, what is written at the end
in ``saving``, what is written at once in ``exchange``.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

from . import signals
from .data import Data
from .errors import (
    ConfigError,
    DamagedRecord,
    StoreConflict,
    StoreError,
)
from .flash import Flash
from .lifetimes import OWN_LIFETIME, PERMANENT, Lifetimes
from .readonly import ReadOnlyData, refuse_offline, refuse_write
from .record import Changes, Record
from .reporter import Reporter
from .services import Cookie, Services, State
from .stores.base import Applied, Miss, Outcome
from .tokens import Token, digest, handle, is_wellformed

_NOTHING: dict[str, int] = {}


class Lifecycle(Reporter):
    """A session that has been used.

    :param request: what :attr:`Services.read_token` takes.
    :param session: what signals carry.
    """

    def __init__(self, services: Services, request: Any, session: Any) -> None:
        super().__init__(services, session)
        self.request = request
        self.store = services.find_store(request)
        self.state = State.NEW
        self.cookie = Cookie.LEAVE
        self.token: str | None = None
        self.record: Record | None = None
        self.data: Data
        #: The token it will have when it is next written.
        self.next_token: str | None = None
        #: Whose it will be when it is next written; "" for nobody, None if that stays.
        self.next_owner: str | None = None
        #: Whether a session that begins here is permanent unless the app says otherwise.
        self.begins_permanent = services.settings.permanent
        #: Called once after it has been written.
        self.when_saved: Callable[[], None] | None = None
        #: Whether the view has said that it changes nothing.
        self.is_read_only = False
        #: Messages taken out of the store, by their names.
        self.claimed: dict[str, bytes] = {}
        #: Ended by the app: whatever is put in now belongs to another session.
        self.restarts = False
        #: Something was written, or would have been if it had not been the same.
        self.was_modified = False
        #: How many times it was written as a whole.
        self.writes = 0
        #: The stored expiry lags behind so far that it is to be written.
        self.is_stale = False
        #: Written and announced even if nothing changes.
        self.is_forced = False
        #: Whose it has become in this request.
        self.signed_in = ""
        #: The browser is asked to forget what it has of this site.
        self.clears_site = False
        #: Saving failed; the error page need not fail in the same way.
        self.has_given_up = False
        self._flash: Flash | None = None
        self._lifetimes: Lifetimes | None = None
        #: Whether the request brought a cookie, good or bad.
        self.had_cookie = False
        self._loss_told = False
        #: With this loading failed.
        self.error: StoreError | None = None

    @property
    def flash(self) -> Flash:
        """The messages."""
        if self._flash is None:
            self._flash = Flash(self.services.codec, self.data)
        return self._flash

    def reset_messages(self) -> None:
        """Forget all messages of ours, those that were taken out of the store too."""
        self.refuse_if_read_only()
        self.flash.drop()
        self.claimed = {}
        self.note_loss()

    def note_loss(self) -> None:
        """Remember that something was asked for which a store that failed cannot do."""
        if self.state is State.FAILED:
            self.was_modified = True

    @property
    def has_messages(self) -> bool:
        """Whether messages came with the session or were touched."""
        return bool(self.data.arrived) or self._flash is not None

    @property
    def is_stored(self) -> bool:
        """Whether the store has this session."""
        return self.state is State.ALIVE and not self.restarts

    @property
    def is_modified(self) -> bool:
        """Whether something was changed, or will be when the session is saved."""
        if self.is_forced or self.was_modified or self.cookie is Cookie.DELETE:
            return True
        is_new = self.is_stored and self.next_token is not None
        is_new = is_new or self.next_owner is not None
        return is_new or self.restarts or any(self.data.changes())

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to write and nothing to tell: most requests only read."""
        return not (
            self.is_stale
            or self.is_forced
            or self.was_modified
            or self.restarts
            or self.next_token is not None
            or self.next_owner is not None
            or self._flash is not None
            or self.cookie is not Cookie.LEAVE
            or self.data.has_hidden
            or not self.data.is_untouched
        )

    @property
    def is_peeking(self) -> bool:
        """Whether the request takes no messages out of the store."""
        return self.is_read_only or self.services.only_peeks(self.request)

    @property
    def handle(self) -> str:
        """The public name that the session has, or will have."""
        if self.state is State.OFFLINE or (self.is_read_only and not self.is_stored):
            return ""
        if self.next_token is None and not self.is_stored:
            self.regenerate()
        token = self.next_token or self.token
        assert token is not None
        return handle(digest(token))

    @property
    def is_permanent(self) -> bool:
        """Whether the browser keeps the cookie when it is closed."""
        if self.data.get_hidden(PERMANENT) is not None:
            return True
        return self.begins_permanent and (self.state is State.NEW or self.restarts)

    @is_permanent.setter
    def is_permanent(self, value: bool) -> None:
        self.begins_permanent = self.begins_permanent and value
        self.data.set_hidden(PERMANENT, self.services.codec.encode(True) if value else None)

    def set_idle_lifetime(self, idle: int | None) -> None:
        """Give this session an idle time of its own, in milliseconds; None takes it back."""
        data = None if idle is None else self.services.codec.encode(idle)
        self.data.set_hidden(OWN_LIFETIME, data)
        self._lifetimes = None

    def lifetimes(self) -> Lifetimes:
        """Return the rules for this session."""
        if self._lifetimes is None:
            self._lifetimes = self._find_lifetimes()
        return self._lifetimes

    def refuse_if_read_only(self) -> None:
        """Refuse a change where there must be none.

        :raises SessionReadOnly: if the store did not answer: the session is empty and
            stands for another one.
        :raises WriteRefused: if the view has said that it changes nothing.
        """
        if self.state is State.OFFLINE:
            refuse_offline(self.error)
        if self.is_read_only:
            refuse_write()

    def regenerate(self) -> None:
        """Give the session a new token when it is next written."""
        self.refuse_if_read_only()
        token = self.services.settings.identifier_generator()
        if not isinstance(token, str) or not is_wellformed(token):
            raise ConfigError(
                "SESSION_IDENTIFIER_GENERATOR made something else than 22 to 128 characters of"
                " A-Z a-z 0-9 _ and -. Use secrets.token_urlsafe(32), or leave the setting out."
            )
        self.next_token = Token(token)
        self.note_loss()

    def take_next_token(self) -> str:
        """Return a token that has not been used, and forget it."""
        if self.next_token is None:
            self.regenerate()
        token, self.next_token = self.next_token, None
        assert token is not None
        return token

    def end(self) -> None:
        """End the session; what is put in afterwards belongs to another one."""
        self.refuse_if_read_only()
        if self.state in (State.ALIVE, State.DETACHED):
            self.restarts = True
        elif self.state is State.NEW and self.had_cookie:
            self.cookie = Cookie.DELETE
        self.replace_data({})
        self._take_back()
        self.note_loss()

    def apply(self, changes: Changes) -> Applied:
        """Let the store do *changes*, and take over what it has now."""
        assert self.token is not None
        assert self.record is not None
        try:
            applied = self.call(self.store.apply, digest(self.token), self.record, changes)
        except DamagedRecord:
            applied = Applied(Outcome.GONE)
        if applied.outcome is Outcome.GONE:
            self.lose(bool(changes.sets or changes.updates or changes.removals))
        elif applied.record is not None:
            self.record = applied.record
        return applied

    def apply_now(self, changes: Changes) -> Applied:
        """Do *changes* in the middle of the request; what else it has changed waits."""
        applied = self.apply(changes)
        if applied.record is not None:
            self.data.rebase(applied.record)
        return applied

    def settle(self, token: str, record: Record, sets: dict[str, bytes]) -> None:
        """Go on as what is stored now, after *sets* were written."""
        self.state, self.token, self.record = State.ALIVE, token, record
        self.is_stale = False
        self.next_owner = None
        self.writes += 1
        self.data.settle(record, sets)

    def forget(self, sid: bytes, cookie: Cookie) -> None:
        """Go on as a new session, after the stored one was removed.

        :param cookie: what becomes of the cookie.
        """
        self.state, self.token, self.record = State.NEW, None, None
        self.restarts = False
        self._take_back()
        self.cookie = cookie
        self.was_modified = True
        self.replace_data({})
        self.send(signals.session_destroyed, handle=handle(sid))

    def lose(self, has_changes: bool) -> None:
        """Go on without a place in the store: the session ended while it was in use."""
        self.state = State.DETACHED
        self.cookie = Cookie.LEAVE
        if has_changes and not self._loss_told:
            self._loss_told = True
            self.send(signals.session_lost)

    def fetch(self, names: list[str]) -> dict[str, bytes]:
        """Return the values of *names* that lie beside the record, as they are now."""
        assert self.token is not None
        return self.call_fetch(self.store, digest(self.token), names)

    def reload(self) -> Record:
        """Return the record as it is now.

        :raises StoreConflict: if the session has ended, or has another token now.
        """
        assert self.token is not None
        found = self.call(self.store.reload, digest(self.token))
        if isinstance(found, Miss):
            raise StoreConflict(
                "The session ended, or got a new token, while this request was reading it. Let"
                " the client try again: it has been told."
            )
        self.record = found
        return found

    def refresh(self) -> None:
        """Go on from the record as it is now; what this request has changed is kept.

        What has been read is read anew. A session that has ended meanwhile, or has another
        token, is as if this request had come late: empty, and nothing is written.
        """
        assert self.token is not None
        try:
            found = self.call(self.store.reload, digest(self.token))
        except DamagedRecord:
            found = Miss.UNKNOWN
        if isinstance(found, Miss):
            self.lose(has_changes=self.is_modified)
            self.replace_data({})
        else:
            self.record = found
            self.data.refresh(found)
            self._lifetimes = None

    def replace_data(self, stored: dict[str, bytes], beside: dict[str, int] = _NOTHING) -> None:
        """Go on with these values, and nothing that this request has changed."""
        codec = self.services.codec
        # Weakly: a cycle would wait for the garbage collector.
        find_source = weakref.ref(self)
        if self.state is State.OFFLINE:
            self.data = ReadOnlyData(codec, partial(refuse_offline, self.error), {})
        elif self.is_read_only:
            self.data = ReadOnlyData(codec, refuse_write, stored, beside, find_source)
        else:
            self.data = Data(codec, stored, beside, find_source)
        self._flash = None
        self._lifetimes = None
        self.claimed = {}

    def _take_back(self) -> None:
        """Forget what was to become of the session, which is not there any more."""
        self.next_token = self.next_owner = self.when_saved = None
        self.signed_in = ""

    def _find_lifetimes(self) -> Lifetimes:
        settings = self.services.settings
        own = self.data.get_hidden(OWN_LIFETIME)
        if own is None:
            idle = settings.idle_lifetime or self.services.default_lifetime()
        else:
            idle = int(self.services.codec.decode(own))
        return Lifetimes(
            idle,
            settings.absolute_lifetime,
            settings.provisional_lifetime,
            min(settings.touch_interval, idle // 10),
        )
