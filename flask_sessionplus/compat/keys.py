"""The settings of Flask-Session 0.8, and what they are here."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ..checks import boolean, positive
from ..errors import ConfigError
from ..formerkeys import FORMER_KEYS
from ..places import place_of
from ..tokens import Token
from .backends import Backend, open_backend
from .former import FormerSessions, former_sessions

if TYPE_CHECKING:
    from flask import Flask

_PREFIX = "session:"
_ID_LENGTH = 32

# In bytes: less could be guessed (ASVS 7.2.3); more is no token of ours.
_SHORTEST, _LONGEST = 16, 96


class Translated(NamedTuple):
    """What a configuration of Flask-Session says in our words.

    :param config: the app's, without the keys that are Flask-Session's alone.
    :param sessions: where sessions come from, if the configuration says so.
    """

    config: dict[str, Any]
    sessions: FormerSessions | None


def translate(app: Flask, given: Mapping[str, Any]) -> Translated:
    """Read the configuration *given* for *app* as Flask-Session would.

    :raises ConfigError: naming the key, what was given and what is allowed.
    """
    prefix = given.get("SESSION_KEY_PREFIX", _PREFIX)
    if not isinstance(prefix, str):
        raise ConfigError.of("SESSION_KEY_PREFIX", prefix, "a text")
    config = {key: value for key, value in given.items() if key not in FORMER_KEYS}
    config["SESSION_PERMANENT"] = boolean({"SESSION_PERMANENT": True, **given}, "SESSION_PERMANENT")
    # Another one than before, so that no key of ours is one of theirs. Braces and spaces, which
    # ours must not have, say nothing here.
    config["SESSION_KEY_PREFIX"] = "sp:" + "".join(c for c in prefix if c not in "{} ")
    config.update(_identifiers(given))
    _check_format(given)
    # 0 is "never", as None is.
    if given.get("SESSION_CLEANUP_N_REQUESTS"):
        positive(given, "SESSION_CLEANUP_N_REQUESTS")
    backend = open_backend(app, given, place_of(app, config))
    if backend is None:
        return Translated(config, None)
    config.update(backend.settings)
    if config.get("SESSION_STORE") is None and not config.get("SESSION_FIELDS"):
        config["SESSION_STORE"] = _store(backend)
    return Translated(config, _sessions(app, given, config, backend, prefix))


def _sessions(
    app: Flask, given: Mapping[str, Any], config: dict[str, Any], backend: Backend, prefix: str
) -> FormerSessions:
    place = place_of(app, config)
    keys: tuple[str | bytes, ...] = ()
    if boolean({"SESSION_USE_SIGNER": False, **given}, "SESSION_USE_SIGNER"):
        keys = place.secret_keys
        if not keys:
            raise ConfigError(
                "SESSION_USE_SIGNER needs the key that the cookies are signed with. Set SECRET_KEY"
                " before init_app()."
            )
    return former_sessions(backend.place, backend.prefix + prefix, place.find_lifetime, keys)


def _store(backend: Backend) -> Any:
    if backend.store is None:
        raise ConfigError(
            f"{backend.why_none} Set SESSION_STORE to where sessions are to be kept from now on,"
            " such as 'postgresql+psycopg://...' or 'redis://...'. Those that are alive are"
            " carried over to there when their owners come."
        )
    return backend.store


def _identifiers(given: Mapping[str, Any]) -> dict[str, Any]:
    length = positive({"SESSION_ID_LENGTH": _ID_LENGTH, **given}, "SESSION_ID_LENGTH")
    if not _SHORTEST <= length <= _LONGEST:
        raise ConfigError.of(
            "SESSION_ID_LENGTH", length, f"a number of bytes from {_SHORTEST} to {_LONGEST}"
        )
    if length == _ID_LENGTH or given.get("SESSION_IDENTIFIER_GENERATOR") is not None:
        return {}
    return {"SESSION_IDENTIFIER_GENERATOR": partial(_new_token, length)}


def _new_token(length: int) -> str:
    return Token(secrets.token_urlsafe(length))


def _check_format(given: Mapping[str, Any]) -> None:
    # Ours keeps the types of both, and records of both are read: it only has to be one of them.
    value = given.get("SESSION_SERIALIZATION_FORMAT", "msgpack")
    if value not in ("msgpack", "json"):
        raise ConfigError.of("SESSION_SERIALIZATION_FORMAT", value, "'msgpack' or 'json'")
