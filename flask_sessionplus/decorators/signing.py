"""Only for those who are signed in, have a role, or have given the password just now."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import timedelta
from typing import Any, overload

from ..answers import is_view, refuse, settings
from ..checks import to_milliseconds
from ..errors import LoginRequired, NotFresh, RoleRequired
from .asking import Identity, current_identity
from .wrapping import Call, Decorator, Rule, T, is_target


class _SignedIn(Rule):
    """Asks who it is, and lets through whom :meth:`check` does not refuse."""

    is_guard = True

    def before(self, call: Call) -> None:
        # Over a whole blueprint, or it could never be reached.
        if is_view(settings().signin.login_view):
            return
        identity = current_identity()
        if identity is None:
            refuse(LoginRequired, "Nobody is signed in: this view needs session.login() first.")
        self.check(identity)

    def check(self, identity: Identity) -> None:
        """Raise, if *identity* is not enough."""


class _Level(_SignedIn):
    def __init__(self, level: str | None) -> None:
        self._level = level

    def check(self, identity: Identity) -> None:
        is_confirming = is_view(settings().signin.confirm_view)
        if self._level is not None and identity.level != self._level and not is_confirming:
            refuse(
                LoginRequired,
                f"This view needs the level {self._level!r}: see session.elevate().",
                confirms=True,
                challenge=_step_up(identity, f"acr_values={json.dumps(self._level)}"),
            )


class _Role(_SignedIn):
    def __init__(self, roles: Collection[Any]) -> None:
        self._roles = tuple(roles)

    def check(self, identity: Identity) -> None:
        # Compared one by one, for a role may be of any type; and True is not the role 1.
        has_it = any(
            has == wanted and isinstance(has, bool) is isinstance(wanted, bool)
            for has in identity.roles
            for wanted in self._roles
        )
        if not has_it:
            needed = " or ".join(map(repr, self._roles))
            raise RoleRequired(f"This view needs the role {needed}, which the user has not got.")


class _Fresh(_SignedIn):
    def __init__(self, max_age: int | None) -> None:
        self._max_age = max_age

    def check(self, identity: Identity) -> None:
        age = None if self._max_age is None else self._max_age / 1000
        if not identity.is_fresh(age) and not is_view(settings().signin.confirm_view):
            limit = settings().signin.fresh_lifetime if self._max_age is None else self._max_age
            refuse(
                NotFresh,
                "The password was given too long ago: let it be given again, then call"
                " session.confirm().",
                confirms=True,
                challenge=_step_up(identity, f"max_age={limit // 1000}"),
            )


@overload
def login_required(target: T, /) -> T: ...
@overload
def login_required(*, level: str | None = None) -> Decorator: ...
def login_required(target: Any = None, /, *, level: str | None = None) -> Any:
    """Let only those in who are signed in.

    By the cookie's session, or by a bearer token if the request has the header
    ``Authorization``. ``SESSION_LOGIN_VIEW`` itself is let through, so that a whole blueprint
    can be covered with its sign-in page.

    :param level: what :meth:`.Session.elevate` must have been told, such as ``"2fa"``; of a
        bearer, its claim ``acr``. Who has another one is sent to ``SESSION_CONFIRM_VIEW``.
    :raises LoginRequired: 401; for a person, the way to ``SESSION_LOGIN_VIEW``.
    :raises InvalidToken: 401, for a token that is not good.
    """
    return _decorate(_Level(level), target)


def role_required(*roles: Any) -> Decorator:
    """Let only those in who have one of *roles* (ASVS 8.2.1).

    The role is that of ``SESSION_ROLE_LOADER``, asked with each request, or else what
    ``session.login(role_id=...)`` or the token says. It may be one or a list.

    :raises LoginRequired: 401, if nobody is signed in.
    :raises RoleRequired: 403. It is no redirect: to sign in again would not help.
    :raises TypeError: if no role is given.
    """
    if not roles or any(is_target(role) or isinstance(role, (list, set)) for role in roles):
        raise TypeError("role_required needs the roles: @role_required('admin', 'owner').")
    return Decorator(_Role(roles))


@overload
def fresh_required(target: T, /) -> T: ...
@overload
def fresh_required(max_age: float | timedelta | None = None) -> Decorator: ...
def fresh_required(max_age: Any = None) -> Any:
    """Let only those in who have given the password, or confirmed it, a short time ago.

    For what must not be done by who finds an open browser (ASVS 7.5.1, 7.5.3). A bearer says
    it with the claim ``auth_time``; one without it is never fresh.

    :param max_age: how long ago at most, in seconds or as a timedelta; default:
        ``SESSION_FRESH_LIFETIME``.
    :raises LoginRequired: 401, if nobody is signed in.
    :raises NotFresh: 401; for a person, the way to ``SESSION_CONFIRM_VIEW``.
    """
    if is_target(max_age):
        return Decorator(_Fresh(None))(max_age)
    return Decorator(_Fresh(None if max_age is None else to_milliseconds("max_age", max_age)))


def _step_up(identity: Identity, wanted: str) -> str | None:
    """Return what a bearer is asked for: a token of a better sign-in (RFC 9470)."""
    if not identity.is_bearer:
        return None
    return f'Bearer error="insufficient_user_authentication", {wanted}'


def _decorate(rule: Rule, target: Any) -> Any:
    return Decorator(rule) if target is None else Decorator(rule)(target)
