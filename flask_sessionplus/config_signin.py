"""The settings of who is signed in, and of typed parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .checks import Given, boolean, duration, function, one_of, optional, positive, some_of, text

# Under which extensions keep what they know the site's own forms by.
_FORM_TOKENS = ("csrf_token", "_csrf_token", "csrf")

#: What each setting is if it is not given.
SIGNIN_DEFAULTS: dict[str, Any] = {
    #: a key or a list of keys: those that do not cross a sign-in, another role or level, or
    #: ``confirm()``.
    "SESSION_DROP_ON_LOGIN": _FORM_TOKENS,
    #: a whole number or None: how many browser sessions a user may have at a time.
    "SESSION_MAX_PER_USER": None,
    #: ``"evict_oldest"`` or ``"refuse"``: what happens beyond that. Refused is
    #: :exc:`.TooManySessions`.
    "SESSION_WHEN_FULL": "evict_oldest",
    #: ``"ip"``, ``"user_agent"``, a list of both, or None: a session is good only where it began.
    "SESSION_BIND": None,
    #: an endpoint or None: where ``login_required`` sends browsers (:doc:`decorators`).
    "SESSION_LOGIN_VIEW": None,
    #: an endpoint or None: where ``fresh_required`` sends them.
    "SESSION_CONFIRM_VIEW": None,
    #: ``"cache"``, ``"cookies"``, ``"storage"``, ``"executionContexts"``, ``"clientHints"``,
    #: ``"*"``, a list, or None: what a browser is told to drop at a sign-out.
    "SESSION_CLEAR_SITE_DATA": ("cache", "storage"),
    #: a function or None: takes the user id (of a token its ``sub``, **a text**) and returns the
    #: role, with each request. None means that the role of the sign-in counts.
    "SESSION_ROLE_LOADER": None,
    #: seconds or a timedelta: for how long a password counts as recent.
    "SESSION_FRESH_LIFETIME": 15 * 60,
    #: True or False: whether a sign-in by cookie opens the global session as well.
    "SESSION_GLOBAL_BY_COOKIE": False,
    #: seconds, a timedelta or None: how long it lives without being used. None means as other
    #: sessions.
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
    #: The keys of which the first value counts, if several requests set them at once.
    form_tokens: tuple[str, ...] = _FORM_TOKENS

    @classmethod
    def read(cls, given: Given, form_token: Any = None) -> SignInSettings:
        """Check the settings in *given*, in which none is missing.

        :param form_token: under which key Flask-WTF keeps its token, if the app says so.
        """
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
            form_tokens=(*_FORM_TOKENS, form_token) if form_token else _FORM_TOKENS,
        )
