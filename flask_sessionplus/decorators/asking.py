"""Who asks: the one place where a view's guards learn it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

from flask import request

from .. import clock
from ..answers import settings
from ..checks import to_milliseconds
from ..claims import claims_of, has_bearer
from ..flasklogin import remember
from ..proxies import session
from ..services import State


@dataclass(frozen=True)
class Identity:
    """Somebody who has signed in.

    :param user_id: as the session has it; of a bearer, the token's ``sub``.
    :param is_bearer: whether a token says so, not the cookie's session.
    :param level: what :meth:`.Session.elevate` was told; of a bearer, the claim ``acr``.
    """

    user_id: Any
    is_bearer: bool
    level: str | None
    _read_role: Callable[[], Any] = field(repr=False)
    _is_fresh: Callable[[int | None], bool] = field(repr=False)

    @property
    def roles(self) -> tuple[Any, ...]:
        """The roles: of ``SESSION_ROLE_LOADER``, asked anew, or else as they were memorised.

        A role that was taken away is so with the next request (ASVS 8.3.2) only if there is
        a loader: what is memorised is as old as the sign-in, or the token.
        """
        loader = settings().signin.role_loader
        role = self._read_role() if loader is None else loader(self.user_id)
        if role is None:
            return ()
        # The keys of a dict such as {"admin": False} are no roles.
        is_one = isinstance(role, (str, bytes, Mapping)) or not isinstance(role, Iterable)
        return (role,) if is_one else tuple(role)

    def is_fresh(self, max_age: timedelta | float | None = None) -> bool:
        """Tell whether the password was given a short time ago (ASVS 7.5.3).

        :param max_age: a timedelta or seconds; default: ``SESSION_FRESH_LIFETIME``.
        """
        return self._is_fresh(None if max_age is None else to_milliseconds("max_age", max_age))


def current_identity() -> Identity | None:
    """Return who is signed in, or None.

    With a header ``Authorization: Bearer`` the token decides alone: what is in the cookie
    neither helps a bad one nor adds to a good one.

    :raises InvalidToken: if the token is not good, or the cookie is somebody else's.
    :raises StoreUnavailable: if the store does not answer, whatever
        ``SESSION_ON_STORE_ERROR`` says: nobody knows then.
    """
    settings()
    if has_bearer(_request()):
        return _of_bearer()
    life = session._open()
    if life.state is State.OFFLINE and life.error is not None:
        # Whoever is signed in must not be sent to the sign-in as if he was not.
        raise life.error
    if not session.is_authenticated:
        remember(cast(Any, session)._get_current_object())
    if not session.is_authenticated:
        return None
    return Identity(
        user_id=session.user_id,
        is_bearer=False,
        level=session.level,
        _read_role=lambda: session.role_id,
        _is_fresh=lambda age: session.is_fresh(None if age is None else age / 1000),
    )


def _of_bearer() -> Identity:
    claims = claims_of(_request())
    known = settings()
    role_claim = "role" if known.jwt is None else known.jwt.role_claim
    level = claims.get("acr")

    def is_fresh(max_age: int | None) -> bool:
        since = claims.get("auth_time")
        if isinstance(since, bool) or not isinstance(since, (int, float)):
            return False
        age = clock.now() - since * 1000
        # A clock that was put back, or one that is ahead, makes nothing fresher.
        leeway = 0 if known.jwt is None else known.jwt.leeway
        limit = known.signin.fresh_lifetime if max_age is None else max_age
        return -leeway <= age <= limit

    return Identity(
        user_id=claims.subject,
        is_bearer=True,
        level=level if isinstance(level, str) else None,
        _read_role=lambda: claims.get(role_claim),
        _is_fresh=is_fresh,
    )


def _request() -> Any:
    # Not the proxy: what is found is remembered at the request.
    return cast(Any, request)._get_current_object()
