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

#: What each setting is if it is not given.
DEFAULTS: dict[str, Any] = {
    "SESSION_PROFILE": None,
    "SESSION_STORE": None,
    "SESSION_STORE_FROM": None,
    "SESSION_FIELDS": None,
    "SESSION_LAYER_LIFETIME": None,
    "SESSION_ON_STORE_ERROR": "fail",
    "SESSION_ENCRYPTION_KEYS": None,
    "SESSION_COOKIE_REVOCATIONS": "sqlite:///session_revocations.sqlite3",
    "SESSION_COOKIE_MAX_BYTES": 7_000,
    "SESSION_KEY_PREFIX": "sp:",
    "SESSION_TABLE": "flask_sessions",
    "SESSION_TABLE_SCHEMA": None,
    "SESSION_BIND_KEY": None,
    "SESSION_IDLE_LIFETIME": None,
    "SESSION_ABSOLUTE_LIFETIME": None,
    "SESSION_PROVISIONAL_LIFETIME": _HOUR,
    "SESSION_TOUCH_INTERVAL": _MINUTE,
    "SESSION_IDENTIFIER_GENERATOR": new_token,
    "SESSION_MAX_BYTES": _MAX_BYTES,
    "SESSION_NO_STORE": False,
    "SESSION_PARAMETERS": None,
    "SESSION_UNKNOWN_PARAMETERS": "allow",
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
            signin=SignInSettings.read(given),
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
        raise ConfigError.of("SESSION_COOKIE_PATH", path, f"'/' for the cookie name {name!r}")


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
