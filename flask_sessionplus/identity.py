"""Who a session belongs to: signing in and out, roles, and what needs a recent password."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from . import clock, signals
from .binding import BIND, bound
from .checks import to_milliseconds
from .errors import LoginRequired, StoreError, TooManySessions, UndecodableValue, WriteRefused
from .following import owner_changed, token_replaced
from .lifecycle import Lifecycle
from .mapping import StoredSession
from .names import shown
from .owners import ORIGIN, SINCE, USER, count_sessions, evict, origin_of, owner_key, too_many
from .record import IDENTITY
from .services import State
from .stores.base import OwnerIndex
from .tokens import digest

_USERNAME = f"{IDENTITY}username"
_ROLE = f"{IDENTITY}role"
_CONFIRMED = f"{IDENTITY}confirmed"
_LEVEL = f"{IDENTITY}level"

# How far the clocks of several machines may be apart, in milliseconds.
_CLOCK_SKEW = 30_000


class SignIn(StoredSession):
    """What a session knows of its user. It is written with the data, in one step."""

    def login(
        self,
        user_id: Any,
        username: Any = None,
        role_id: Any = None,
        remember: bool = False,
        **parameters: Any,
    ) -> None:
        """Let the session belong to a user, under a new token (ASVS 7.2.4).

        To be called when the user has proved who he is. What the visitor has put in stays,
        but for the keys in ``SESSION_DROP_ON_LOGIN``. A session of another user is emptied
        first, messages and scopes included.

        :param user_id: an int, a str, a UUID, or anything else that can be stored and whose
            ``str()`` names the user.
        :param username: what to greet the user with.
        :param role_id: of any type that can be stored.
        :param remember: let the browser keep the cookie when it is closed.
        :param parameters: further keys to set.
        :raises TypeError: if *user_id* is None, a bool, a float, or cannot be stored.
        :raises ValueError: if it is empty or longer than 255 characters.
        :raises TooManySessions: if ``SESSION_MAX_PER_USER`` is reached and
            ``SESSION_WHEN_FULL`` is ``"refuse"``; the session is written at once then.
        """
        owner, encode = owner_key(user_id), self._services.codec.encode
        now = encode(clock.now())
        identity = {
            USER: encode(user_id, "user_id"),
            _USERNAME: None if username is None else encode(username, "username"),
            _ROLE: None if role_id is None else encode(role_id, "role_id"),
            SINCE: now,
            _CONFIRMED: now,
            _LEVEL: None,
        }
        for key, value in parameters.items():
            # Before anything is changed.
            encode(self._accept(key, value), shown(key))
        life = self._open_for_signing("in")
        limit = self._services.settings.signin.max_per_user
        if limit is not None and isinstance(life.store, OwnerIndex):
            self._check_room(life, owner, limit)
        is_repeated, was_permanent = self._begin_login(life, owner), life.is_permanent
        for name, data in identity.items():
            life.data.set_hidden(name, data)
        for key, value in parameters.items():
            self[key] = value
        if remember:
            life.is_permanent = True
        if limit is not None and isinstance(life.store, OwnerIndex):
            try:
                self._keep_to_limit(life, owner, limit)
            except TooManySessions:
                life.is_permanent = was_permanent
                self._give_back(life, [*identity, *ORIGIN], parameters)
                raise
        if not is_repeated:
            life.send(signals.user_signed_in, user_id=user_id)

    def logout(self) -> None:
        """End the session: record, cookie and the user's entry go as the answer goes out.

        The answer asks the browser to forget what ``SESSION_CLEAR_SITE_DATA`` names, also
        if nobody was signed in. What is put in afterwards belongs to a new session.
        """
        life = self._open_for_signing("out")
        user_id = _user_or_owner(life) if self.is_authenticated else None
        former = _owner(life)
        life.end()
        life.clears_site = True
        life.send(owner_changed, owner="", former=former)
        if user_id is not None:
            life.send(signals.user_signed_out, user_id=user_id)

    @property
    def is_authenticated(self) -> bool:
        """Whether somebody is signed in."""
        return self._open().data.get_hidden(USER) is not None

    @property
    def user_id(self) -> Any:
        """The user's id, of the type it was given; None if nobody is signed in.

        Setting it is :meth:`login`, which keeps name and role if it is the same user. Setting
        it to None is :meth:`logout`.
        """
        return self._identity(USER)

    @user_id.setter
    def user_id(self, value: Any) -> None:
        if value is None:
            self.logout()
        elif owner_key(value) == _owner(self._open()):
            self.login(value, self.username, self.role_id)
        else:
            self.login(value)

    @property
    def username(self) -> Any:
        """What the user is greeted with, or None. It may be set if somebody is signed in."""
        return self._identity(_USERNAME)

    @username.setter
    def username(self, value: Any) -> None:
        self._change(_USERNAME, value, "username")

    @property
    def role_id(self) -> Any:
        """The user's role, or None. Another one gives the session a new token."""
        return self._identity(_ROLE)

    @role_id.setter
    def role_id(self, value: Any) -> None:
        if self._change(_ROLE, value, "role_id"):
            self._renew(self._open())

    @property
    def level(self) -> str | None:
        """How well the user has proved who he is; None: with the sign-in only.

        Another one gives the session a new token; signing in takes it back.
        """
        found: str | None = self._identity(_LEVEL)
        return found

    @level.setter
    def level(self, value: Any) -> None:
        self._set_level(value, "setting the level")

    def elevate(self, level: str = "elevated") -> None:
        """Note that the user has proved more, such as a second factor.

        :raises LoginRequired: if nobody is signed in.
        """
        self._set_level(level, "elevate()")

    def confirm(self) -> None:
        """Note that the user has given the password, or what stands for it, again just now.

        :raises LoginRequired: if nobody is signed in.
        """
        self._change(_CONFIRMED, clock.now(), "confirm()")
        self._renew(self._open())

    def doubt(self) -> None:
        """Take back what :meth:`confirm` and :meth:`login` have noted: nothing is fresh now."""
        self._change(_CONFIRMED, None, "doubt()")

    @property
    def authenticated_at(self) -> datetime | None:
        """When the user has signed in, in UTC, or None."""
        return self._moment(SINCE)

    @property
    def confirmed_at(self) -> datetime | None:
        """When the user has given the password last, in UTC, or None."""
        return self._moment(_CONFIRMED)

    def is_fresh(self, max_age: timedelta | float | None = None) -> bool:
        """Tell whether the password was given a short time ago (ASVS 7.5.3).

        If the clock has gone back by more than 30 seconds since the session was used,
        nobody knows: then it was not.

        :param max_age: a timedelta or seconds; default: ``SESSION_FRESH_LIFETIME``.
        """
        limit = self._services.settings.signin.fresh_lifetime
        if max_age is not None:
            limit = to_milliseconds("max_age", max_age)
        confirmed = self._identity(_CONFIRMED)
        if confirmed is None:
            return False
        life, now = self._open(), clock.now()
        seen_at = life.record.seen_at if life.record is not None else confirmed
        if now < max(confirmed, seen_at) - _CLOCK_SKEW:
            return False
        return bool(now - confirmed <= limit)

    def _set_level(self, value: Any, what: str) -> None:
        if value is not None and (not isinstance(value, str) or not value):
            raise ValueError("A level is a text that is not empty, or None.")
        if self._change(_LEVEL, value, what):
            self._renew(self._open())

    def _identity(self, name: str) -> Any:
        life = self._open()
        data = life.data.get_hidden(name)
        return None if data is None else life.services.codec.decode(data)

    def _moment(self, name: str) -> datetime | None:
        found = self._identity(name)
        return None if found is None else clock.to_datetime(found)

    def _change(self, name: str, value: Any, what: str) -> bool:
        """Set one thing about who is signed in; return whether it is another one now."""
        life = self._open()
        life.refuse_if_read_only()
        if not self.is_authenticated:
            raise LoginRequired(f"Nobody is signed in: call session.login() before {what}.")
        data = None if value is None else life.services.codec.encode(value, what)
        if data == life.data.get_hidden(name):
            return False
        life.data.set_hidden(name, data)
        return True

    def _open_for_signing(self, where: str) -> Lifecycle:
        life = self._open()
        life.refuse_if_read_only()
        if life.state is State.UNUSED:
            raise WriteRefused(
                f"Nobody can sign {where} in a view with no_session: it would have no effect."
                " Take no_session off the view or the blueprint."
            )
        return life

    def _begin_login(self, life: Lifecycle, owner: str) -> bool:
        """Make the session ready for *owner*; return whether he has just signed in already."""
        former = _owner(life)
        if former and former != owner:
            life.end()
        if former != owner:
            life.send(owner_changed, owner=owner, former=former)
        is_repeated = former == owner and life.next_owner == owner
        life.clears_site = False
        life.signed_in = life.next_owner = owner
        if is_repeated:
            return True
        self._renew(life)
        codec, request = self._services.codec, self._request
        for name, data in origin_of(request, codec).items():
            life.data.set_hidden(name, data)
        life.data.set_hidden(BIND, bound(self._services, request, {}).get(BIND))
        return False

    def _renew(self, life: Lifecycle) -> None:
        """Give the session a new token, and take from it what belongs to the old one."""
        for key in self._services.settings.signin.drop_on_login:
            # In a scope, the key stands at the end of the name.
            for name in [name for name in life.data.scoped() if name.endswith(f"\x00{key}")]:
                del life.data[name]
            # Also if it is not here: a request with the old token may be setting it just now.
            life.data.drop(key)
        life.regenerate()
        life.send(token_replaced)

    def _check_room(self, life: Lifecycle, owner: str, limit: int) -> None:
        """Refuse a user who has too many sessions, before the visitor's is touched."""
        signin = self._services.settings.signin
        if signin.when_full != "refuse" or _owner(life) == owner:
            return
        if life.call(count_sessions, life.store, self._services.codec, owner) >= limit:
            raise too_many(limit)

    def _keep_to_limit(self, life: Lifecycle, owner: str, limit: int) -> None:
        if self._services.settings.signin.when_full == "evict_oldest":
            life.when_saved = partial(_evict, life, owner, limit)
        elif life.record is None or not life.is_stored or life.record.owner != owner:
            # Of those who sign in at the same time, whoever counts last counts all of them.
            self.save()
            if life.is_stored and self._count(life, owner) > limit:
                raise too_many(limit)

    def _give_back(self, life: Lifecycle, hidden: Iterable[str], keys: Iterable[str]) -> None:
        """Let the session be nobody's again; what the visitor has put in stays."""
        for name in hidden:
            life.data.set_hidden(name, None)
        for key in keys:
            life.data.drop(key)
        life.next_owner, life.signed_in = "", ""
        try:
            self.save()
        except StoreError:
            life.end()
            raise

    def _count(self, life: Lifecycle, owner: str) -> int:
        try:
            return life.call(count_sessions, life.store, life.services.codec, owner)
        except StoreError:
            # Nobody knows whether there is room: then there is none.
            life.end()
            raise

    @abstractmethod
    def save(self) -> None:
        """Write what has changed so far."""


def _owner(life: Lifecycle) -> str:
    """Return whose session it is, or is about to be, as stores name him."""
    if life.data.get_hidden(USER) is None:
        return ""
    if life.next_owner is not None:
        return life.next_owner
    return "" if life.record is None else life.record.owner


def _user_or_owner(life: Lifecycle) -> Any:
    data = life.data.get_hidden(USER)
    try:
        return None if data is None else life.services.codec.decode(data)
    except UndecodableValue:
        # Whoever wants to leave may, though this process does not know the id's type.
        return _owner(life)


def _evict(life: Lifecycle, owner: str, limit: int) -> None:
    assert life.token is not None
    life.call(evict, life.store, life.services.codec, owner, limit, digest(life.token))
