"""The settings of who is signed in, and of typed parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .checks import Given, boolean, duration, function, one_of, optional, positive, some_of, text

#: What each setting is if it is not given.
SIGNIN_DEFAULTS: dict[str, Any] = {
    "SESSION_DROP_ON_LOGIN": ("csrf_token", "_csrf_token", "csrf"),
    "SESSION_MAX_PER_USER": None,
    "SESSION_WHEN_FULL": "evict_oldest",
    "SESSION_BIND": None,
    "SESSION_LOGIN_VIEW": None,
    "SESSION_CONFIRM_VIEW": None,
    "SESSION_CLEAR_SITE_DATA": ("cache", "storage"),
    "SESSION_ROLE_LOADER": None,
    "SESSION_FRESH_LIFETIME": 15 * 60,
    "SESSION_GLOBAL_BY_COOKIE": False,
    "SESSION_GLOBAL_LIFETIME": None,
}

_CLEARED = ("cache", "cookies", "storage", "executionContexts", "clientHints", "*")


@dataclass(frozen=True)
class SignInSettings:
    """Times are in milliseconds."""

    drop_on_login: tuple[str, ...]
    max_per_user: int | None
    when_full: str
    bind: tuple[str, ...]
    login_view: str | None
    confirm_view: str | None
    clear_site_data: tuple[str, ...]
    role_loader: Callable[[Any], Any] | None
    fresh_lifetime: int
    global_by_cookie: bool
    global_lifetime: int | None

    @classmethod
    def read(cls, given: Given) -> SignInSettings:
        """Check the settings in *given*, in which none is missing."""
        loader = given["SESSION_ROLE_LOADER"]
        purpose = "that takes a user id and returns the role"
        return cls(
            drop_on_login=some_of(given, "SESSION_DROP_ON_LOGIN"),
            max_per_user=optional(positive, given, "SESSION_MAX_PER_USER"),
            when_full=one_of(given, "SESSION_WHEN_FULL", ("evict_oldest", "refuse")),
            bind=some_of(given, "SESSION_BIND", ("ip", "user_agent")),
            login_view=optional(text, given, "SESSION_LOGIN_VIEW"),
            confirm_view=optional(text, given, "SESSION_CONFIRM_VIEW"),
            clear_site_data=some_of(given, "SESSION_CLEAR_SITE_DATA", _CLEARED),
            role_loader=loader and function(given, "SESSION_ROLE_LOADER", purpose),
            fresh_lifetime=duration(given, "SESSION_FRESH_LIFETIME"),
            global_by_cookie=boolean(given, "SESSION_GLOBAL_BY_COOKIE"),
            global_lifetime=optional(duration, given, "SESSION_GLOBAL_LIFETIME"),
        )
