"""From what the settings say to a store. Nothing is connected or made here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..config import Settings
from ..errors import ConfigError
from .base import Carrying, Store
from .memory import MemoryStore
from .schemes import Place, missing, open_leaf, scheme_of

# A store that sessions come from may be older than the keys: "plain+sqlite:///...".
_PLAIN = "plain+"
_FORMER = ("SESSION_STORE_FROM", "FROM")

_DEFAULT = "sqlite:///sessions.sqlite3"


def open_store(settings: Settings, place: Place) -> Store:
    """Return the store that *settings* name.

    :raises ConfigError: if there is none we know, or one cannot do what the others need.
    """
    opening = _Opening(settings, place)
    if settings.fields is not None:
        store = opening.by_field(settings.fields)
    else:
        store = opening.open("SESSION_STORE", settings.store)
    if settings.layer_lifetime is not None and not opening.has_layers:
        raise ConfigError(
            "SESSION_LAYER_LIFETIME is set, but there are no layers. Let SESSION_STORE list the"
            " stores, the fastest first, or leave it out."
        )
    if settings.store_from is None:
        return store
    from .moving import moving

    if settings.store_from == f"{_PLAIN}{settings.store}":
        raise ConfigError(
            "SESSION_STORE_FROM is the place of SESSION_STORE. What is sealed needs another place,"
            " such as another file, database or SESSION_TABLE_SCHEMA."
        )
    former = opening.open("SESSION_STORE_FROM", settings.store_from)
    if isinstance(store, Carrying) or isinstance(former, Carrying):
        raise ConfigError(
            "SESSION_STORE_FROM cannot carry sessions to or from 'cookie://': they are in the"
            " browsers. Leave it out; visitors sign in again once."
        )
    return moving(store, former)


def open_one(key: str, source: Any, settings: Settings, place: Place) -> Store:
    """Return the store that *source* names, given by *key*, such as a command's argument.

    :raises ConfigError: if there is none we know.
    """
    return _Opening(settings, place).open(key, source)


class _Opening:
    def __init__(self, settings: Settings, place: Place) -> None:
        self._settings = settings
        self._place = place
        self.has_layers = False

    def open(self, key: str, source: Any) -> Store:
        """Return the store that setting *key* names as *source*, one or several layers."""
        if source is None:
            source = _DEFAULT
        # SQLAlchemy's URL is a tuple, too.
        if type(source) not in (list, tuple):
            return self._leaf(key, source)
        if not source:
            raise ConfigError.of(key, source, "a store, or a list of stores, the fastest first")
        front = self._leaf(key, source[0])
        if len(source) == 1:
            return front
        self.has_layers = True
        back = self.open(key, source[1:])
        if isinstance(front, Carrying) or isinstance(back, Carrying):
            raise ConfigError(f"{key} lists 'cookie://', which cannot be a layer. Use it alone.")
        if front.is_shared and not back.is_shared:
            raise ConfigError(f"{key} ends with a memory store, which keeps nothing. Put it first.")
        from .layered import layered

        return layered(front, back, self._settings.layer_lifetime)

    def by_field(self, fields: Mapping[str, Any]) -> Store:
        """Return the store that keeps each field where *fields* say."""
        from .fields import by_field

        sources = {"*": self._settings.store, **fields}
        stores = {name: self.open("SESSION_FIELDS", source) for name, source in sources.items()}
        if len(stores) > 1 and isinstance(stores["*"], Carrying):
            raise ConfigError(
                "SESSION_FIELDS keeps '*' in the browser, which would have to know where the other"
                " fields are: of two answers at once, one would lose them. Put '*' on the server."
            )
        return by_field(stores)

    def _leaf(self, key: str, source: Any) -> Store:
        if isinstance(source, str) and scheme_of(source) == "cookie":
            return self._cookie(key, source)
        is_plain = key in _FORMER and isinstance(source, str) and source.startswith(_PLAIN)
        if is_plain:
            source = source[len(_PLAIN) :]
        store = open_leaf(key, source, self._settings, self._place)
        # What is in memory does not lie in any database that could be stolen; what is carried
        # in a cookie is sealed anyway.
        is_safe = is_plain or isinstance(store, (MemoryStore, Carrying))
        if is_safe or not self._settings.encryption_keys:
            return store
        sealer = self._sealer(key, "record")
        from .sealed import sealed

        return sealed(store, sealer)

    def _cookie(self, key: str, source: str) -> Store:
        if source.lower() not in ("cookie:", "cookie://"):
            raise ConfigError.of(key, source, "'cookie://', which takes no options")
        settings, place = self._settings, self._place
        sealer = self._sealer(key, "cookie")
        registry = settings.cookie_revocations
        if key == "SESSION_COOKIE_REVOCATIONS":
            raise ConfigError(
                "SESSION_COOKIE_REVOCATIONS is 'cookie://', where the visitor could remove what is"
                " noted. Name a store on the server, or None to have no registry."
            )
        from .cookie import CookieStore

        return CookieStore(
            sealer,
            (place.app_name, place.cookie_name),
            None if registry is None else self.open("SESSION_COOKIE_REVOCATIONS", registry),
            settings.cookie_max_bytes,
            settings.idle_lifetime or place.find_lifetime,
        )

    def _sealer(self, key: str, purpose: str) -> Any:
        try:
            from ..sealing import KeyRing, Sealer
        except ImportError as error:
            raise missing(key, "encryption", error) from error

        if self._settings.encryption_keys:
            ring = KeyRing(self._settings.encryption_keys, "SESSION_ENCRYPTION_KEYS")
        elif self._place.secret_keys:
            ring = KeyRing(self._place.secret_keys, "SECRET_KEY")
        else:
            raise ConfigError(
                f"{key} is 'cookie://', which needs a key. Set SECRET_KEY to what `python -c"
                " 'import secrets; print(secrets.token_hex())'` prints."
            )
        return Sealer(ring, purpose)
