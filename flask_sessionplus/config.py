"""The settings: every key of ours is read and checked here, once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .checks import (
    Given,
    boolean,
    duration,
    function,
    identifier,
    number,
    one_of,
    optional,
    positive,
    text,
    to_milliseconds,
)
from .config_jwt import JWT_DEFAULTS, JwtSettings
from .config_signin import SIGNIN_DEFAULTS, SignInSettings
from .errors import ConfigError
from .parameters import Parameter, check_parameters
from .tokens import new_token

_MINUTE = 60
_HOUR = 60 * _MINUTE

# MySQL's MEDIUMBLOB holds a little more; everything else holds far more.
_MAX_BYTES = 16_000_000

# It is read with each request of its session.
_LONGEST_HISTORY = 100

#: What each setting is if it is not given. Above each: what may be given, a colon, and what it
#: does, in reStructuredText. docs/settings.md is made of that.
DEFAULTS: dict[str, Any] = {
    #: None or ``"strict"``: the hardened set of settings in one word, see below.
    "SESSION_PROFILE": None,
    #: a URL, a ready client or engine, Flask-SQLAlchemy's ``db``, a ``Store``, or a list of these,
    #: the fastest first: where sessions are kept (:doc:`stores`, :doc:`stores/layered`). None
    #: means SQLite in the instance folder.
    "SESSION_STORE": None,
    #: as ``SESSION_STORE``, and a URL may begin with ``plain+``: the store that was used before;
    #: sessions are carried over from it (:doc:`moving`). Not with ``cookie://`` on either side.
    "SESSION_STORE_FROM": None,
    #: a dict of keys, or patterns, and their stores: keeps single keys elsewhere
    #: (:doc:`stores/fields`). Either it names ``"*"`` or ``SESSION_STORE`` is set, not both.
    "SESSION_FIELDS": None,
    #: seconds or a timedelta: how long a copy in the store in front may be used
    #: (:doc:`stores/layered`). None means 1 second with ``memory://`` in front, else 60. Refused
    #: where there are no layers.
    "SESSION_LAYER_LIFETIME": None,
    #: ``"fail"`` or ``"anonymous"``: what a visitor gets while the store does not answer, a 503 or
    #: a page without a session (:doc:`faults`).
    "SESSION_ON_STORE_ERROR": "fail",
    #: a key of 32 bytes or more, or a list of them, the newest first: seals what is stored
    #: (:doc:`encryption`).
    "SESSION_ENCRYPTION_KEYS": None,
    #: what ``SESSION_STORE`` takes but ``cookie://``, or None: for ``cookie://``, where ended
    #: sessions are noted (:doc:`stores/cookie`). None waives that.
    "SESSION_COOKIE_REVOCATIONS": "sqlite:///session_revocations.sqlite3",
    #: a whole number, 60,000 at most: for ``cookie://``, how many characters a session may take in
    #: the browser.
    "SESSION_COOKIE_MAX_BYTES": 7_000,
    #: printable ASCII without spaces and braces: what all keys in Redis, Valkey and Memcached
    #: begin with.
    "SESSION_KEY_PREFIX": "sp:",
    #: letters, digits and ``_``, at most 48: the table in SQL databases. A second one has
    #: ``_values`` at its end.
    "SESSION_TABLE": "flask_sessions",
    #: letters, digits and ``_``, at most 48, or None: the schema the tables are in.
    "SESSION_TABLE_SCHEMA": None,
    #: a name or None: which engine of Flask-SQLAlchemy.
    "SESSION_BIND_KEY": None,
    #: seconds, a timedelta or None: how long a session lives without being used
    #: (:doc:`lifetimes`). None means Flask's ``PERMANENT_SESSION_LIFETIME``, 31 days.
    "SESSION_IDLE_LIFETIME": None,
    #: seconds, a timedelta or None: how long it lives in all. None means without end.
    "SESSION_ABSOLUTE_LIFETIME": None,
    #: seconds or a timedelta: how long a new one lives until its cookie has come back once.
    "SESSION_PROVISIONAL_LIFETIME": _HOUR,
    #: seconds or a timedelta: how often, at most, it is written that a session was used.
    "SESSION_TOUCH_INTERVAL": _MINUTE,
    #: a function: returns a new token, 22 to 128 characters of ``A-Za-z0-9_-``. The built-in one
    #: gives 256 random bits.
    "SESSION_IDENTIFIER_GENERATOR": new_token,
    #: a whole number: of one session. More is :exc:`.SessionTooLarge`.
    "SESSION_MAX_BYTES": _MAX_BYTES,
    #: True or False: whether answers that used the session are ``Cache-Control: no-store``.
    "SESSION_NO_STORE": False,
    #: a dict of names and :class:`.Parameter` objects, or None: which keys have which type
    #: (:doc:`parameters`).
    "SESSION_PARAMETERS": None,
    #: ``"allow"`` or ``"refuse"``: whether other keys than those are a :exc:`.ParameterError`.
    "SESSION_UNKNOWN_PARAMETERS": "allow",
    #: True or False: whether new sessions are permanent: their cookie stays when the browser is
    #: closed. ``session.permanent = False`` takes that back for one of them.
    "SESSION_PERMANENT": False,
    #: True or False: whether a valid cookie of Flask's own sessions, signed with ``SECRET_KEY`` or
    #: one of ``SECRET_KEY_FALLBACKS``, is taken in once (:doc:`from-flask`).
    "SESSION_IMPORT_COOKIE": False,
    #: True or False: whether it is counted, by the hour, what happens to sessions
    #: (:doc:`metrics`). Not with ``cookie://``.
    "SESSION_STATISTICS": False,
    #: a whole number from 0 to 100: how many of the last events a session remembers
    #: (:doc:`metrics`): when it was created, signed in, and given a new token.
    "SESSION_HISTORY": 0,
    **SIGNIN_DEFAULTS,
    **JWT_DEFAULTS,
}

#: What ``SESSION_PROFILE = "strict"`` changes (OWASP Session Management, ASVS 7.3).
STRICT: dict[str, Any] = {
    "SESSION_IDLE_LIFETIME": 30 * _MINUTE,
    "SESSION_ABSOLUTE_LIFETIME": 8 * _HOUR,
    "SESSION_PROVISIONAL_LIFETIME": 30 * _MINUTE,
    "SESSION_MAX_BYTES": 65_536,
    "SESSION_NO_STORE": True,
    "SESSION_MAX_PER_USER": 50,
}

# Printable ASCII but what separates cookies from each other and names from values.
_is_cookie_name = re.compile(r"[!#-+\--:<>-~]+").fullmatch

#: Names with which browsers check a cookie's attributes.
PREFIXES = ("__Host-", "__Secure-")

_SWITCHES = (
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_PARTITIONED",
    "SESSION_COOKIE_SECURE",
    "SESSION_REFRESH_EACH_REQUEST",
)

_FLASK_KEYS = frozenset(
    "SESSION_COOKIE_" + name
    for name in ("NAME", "DOMAIN", "PATH", "HTTPONLY", "SECURE", "PARTITIONED", "SAMESITE")
) | {"SESSION_REFRESH_EACH_REQUEST"}


@dataclass(frozen=True)
class Settings:
    """The checked settings of one app. Times are in milliseconds."""

    profile: str | None
    store: Any = field(repr=False)
    store_from: Any = field(repr=False)
    fields: Mapping[str, Any] | None = field(repr=False)
    layer_lifetime: int | None
    on_store_error: str
    encryption_keys: tuple[str | bytes, ...] = field(repr=False)
    cookie_revocations: Any = field(repr=False)
    cookie_max_bytes: int
    key_prefix: str
    table: str
    table_schema: str | None
    bind_key: str | None
    idle_lifetime: int | None
    absolute_lifetime: int | None
    provisional_lifetime: int
    touch_interval: int
    identifier_generator: Callable[[], object]
    max_bytes: int
    no_store: bool
    parameters: Mapping[str, Parameter]
    unknown_parameters: str
    permanent: bool
    import_cookie: bool
    statistics: bool
    history: int
    signin: SignInSettings
    jwt: JwtSettings | None

    @classmethod
    def read(cls, config: Mapping[str, Any]) -> Settings:
        """Read and check the settings in *config*.

        :raises ConfigError: naming the key, what was given and what is allowed.
        """
        _refuse_misspelled(config)
        # Flask's, but the idle time of all sessions unless ours is given.
        to_milliseconds("PERMANENT_SESSION_LIFETIME", config["PERMANENT_SESSION_LIFETIME"])
        profile = one_of(config, "SESSION_PROFILE", (None, "strict"))
        given = {**DEFAULTS, **(STRICT if profile == "strict" else {})}
        given.update({key: config[key] for key in DEFAULTS if key in config})
        return cls(
            profile=profile,
            store=given["SESSION_STORE"],
            store_from=given["SESSION_STORE_FROM"],
            fields=optional(_fields, given, "SESSION_FIELDS"),
            layer_lifetime=optional(duration, given, "SESSION_LAYER_LIFETIME"),
            on_store_error=one_of(given, "SESSION_ON_STORE_ERROR", ("fail", "anonymous")),
            encryption_keys=_keys(given, "SESSION_ENCRYPTION_KEYS"),
            cookie_revocations=given["SESSION_COOKIE_REVOCATIONS"],
            cookie_max_bytes=positive(given, "SESSION_COOKIE_MAX_BYTES"),
            key_prefix=_prefix(given, "SESSION_KEY_PREFIX"),
            table=identifier(given, "SESSION_TABLE"),
            table_schema=optional(identifier, given, "SESSION_TABLE_SCHEMA"),
            bind_key=optional(text, given, "SESSION_BIND_KEY"),
            idle_lifetime=optional(duration, given, "SESSION_IDLE_LIFETIME"),
            absolute_lifetime=optional(duration, given, "SESSION_ABSOLUTE_LIFETIME"),
            provisional_lifetime=duration(given, "SESSION_PROVISIONAL_LIFETIME"),
            touch_interval=duration(given, "SESSION_TOUCH_INTERVAL", least=0),
            identifier_generator=function(
                given, "SESSION_IDENTIFIER_GENERATOR", "that returns a new token"
            ),
            max_bytes=positive(given, "SESSION_MAX_BYTES"),
            no_store=boolean(given, "SESSION_NO_STORE"),
            parameters=check_parameters(given["SESSION_PARAMETERS"] or {}),
            unknown_parameters=one_of(given, "SESSION_UNKNOWN_PARAMETERS", ("allow", "refuse")),
            permanent=boolean(given, "SESSION_PERMANENT"),
            import_cookie=boolean(given, "SESSION_IMPORT_COOKIE"),
            statistics=boolean(given, "SESSION_STATISTICS"),
            history=number(given, "SESSION_HISTORY", most=_LONGEST_HISTORY),
            signin=SignInSettings.read(given, config.get("WTF_CSRF_FIELD_NAME")),
            jwt=JwtSettings.read(given),
        )


def check_cookie(config: Mapping[str, Any]) -> None:
    """Check Flask's cookie settings, which are read again for each answer.

    :raises ConfigError: if browsers would refuse such a cookie.
    """
    for key in _SWITCHES:
        if config.get(key) not in (True, False, None):
            raise ConfigError.of(key, config[key], "True or False")
    for key in ("SESSION_COOKIE_DOMAIN", "SESSION_COOKIE_PATH"):
        if config[key] and not isinstance(config[key], str):
            raise ConfigError.of(key, config[key], f"a {key.rpartition('_')[2].lower()} or None")
    name = config["SESSION_COOKIE_NAME"]
    if not isinstance(name, str) or not _is_cookie_name(name):
        raise ConfigError.of("SESSION_COOKIE_NAME", name, "a name of ASCII letters and digits")
    samesite = config["SESSION_COOKIE_SAMESITE"]
    if samesite is not None and str(samesite).title() not in ("Lax", "Strict", "None"):
        raise ConfigError.of("SESSION_COOKIE_SAMESITE", samesite, "'Lax', 'Strict', 'None' or None")
    if name.startswith(PREFIXES) and not config["SESSION_COOKIE_SECURE"]:
        raise ConfigError.of("SESSION_COOKIE_SECURE", False, f"True for the cookie name {name!r}")
    if not name.startswith("__Host-"):
        return
    if config["SESSION_COOKIE_DOMAIN"]:
        domain = config["SESSION_COOKIE_DOMAIN"]
        raise ConfigError.of("SESSION_COOKIE_DOMAIN", domain, f"None for the cookie name {name!r}")
    path = config["SESSION_COOKIE_PATH"] or config["APPLICATION_ROOT"]
    if path != "/":
        raise ConfigError.of(
            "SESSION_COOKIE_PATH",
            path,
            f"'/' for the cookie name {name!r}: set it to '/', which also sends the cookie to what"
            f" else is on this host, or set SESSION_COOKIE_NAME = '__Secure-{name[7:]}'",
        )


def _refuse_misspelled(config: Mapping[str, Any]) -> None:
    known = [*DEFAULTS, *_FLASK_KEYS]
    for key in config:
        # Other extensions have keys that begin alike, such as Flask-Login's SESSION_PROTECTION.
        if key.startswith("SESSION_") and key not in known:
            near = difflib.get_close_matches(key, known, 1, 0.9)
            if near:
                raise ConfigError(f"{key} is no setting. Did you mean {near[0]}?")


def _prefix(given: Given, key: str) -> str:
    value = text(given, key)
    # Braces would decide where in a Redis Cluster a key lies; memcached takes no spaces.
    if not value.isascii() or not value.isprintable() or set(value) & set("{} "):
        raise ConfigError.of(key, value, "printable ASCII without spaces and braces")
    return value


def _fields(given: Given, key: str) -> Mapping[str, Any]:
    value = given[key]
    if not isinstance(value, Mapping) or not all(isinstance(name, str) and name for name in value):
        # Not ConfigError.of: what was given may hold a password.
        raise ConfigError(
            f"{key} must be a dict of field names and stores, such as {{'*': 'sqlite:///...'}}."
        )
    if "*" in value and given["SESSION_STORE"] is not None:
        raise ConfigError(f"{key} says where '*' is, and SESSION_STORE does too. Leave one out.")
    if "*" not in value and given["SESSION_STORE"] is None:
        raise ConfigError(
            f"{key} says nothing of '*', the fields it does not name. Add '*', or SESSION_STORE."
        )
    return value


def _keys(given: Given, key: str) -> tuple[str | bytes, ...]:
    value = given[key]
    if value is None:
        return ()
    keys = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    if not keys or not all(isinstance(each, (str, bytes)) for each in keys):
        # Not ConfigError.of, which shows what was given.
        raise ConfigError(f"{key} must be a key, or a list of keys, the newest first.")
    return keys
