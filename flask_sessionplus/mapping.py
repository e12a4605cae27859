"""A session that is kept as a record: loaded at its first use, saved at the end."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, ItemsView, Iterator, KeysView, ValuesView
from datetime import datetime
from threading import RLock
from typing import Any

from .clock import to_datetime
from .exchange import MISSING, exchange, take
from .lifecycle import Lifecycle
from .loading import load
from .names import FLASHES
from .parameters import Schema
from .record import SCOPED
from .services import Services
from .words import Words, typed


class StoredSession(Words):
    """A mutable mapping that is loaded at its first use, read or write."""

    #: Whether this request has used the session; then its answer varies with the cookie.
    accessed = False

    _life: Lifecycle | None = None

    def __init__(self, services: Services, request: Any = None) -> None:
        self._services = services
        self._request = request
        self._loading = RLock()

    @property
    def schema(self) -> Schema | None:
        """The typed parameters of this session, if it has any."""
        return self._services.schema

    def __getitem__(self, key: str) -> Any:
        data = (self._life or self._open()).data
        if data.has_scopes and _is_scoped(key):
            raise KeyError(key)
        if self._services.schema is None:
            return data[key]
        value = typed(self._services.schema, data, key, key)
        if value is MISSING:
            raise KeyError(key)
        return value

    def __setitem__(self, key: str, value: Any) -> None:
        self._open().data[key] = self._accept(key, value)

    def __delitem__(self, key: str) -> None:
        life = self._open()
        life.refuse_if_read_only()
        if _is_scoped(key):
            raise KeyError(key)
        del life.data[key]

    def __contains__(self, key: object) -> bool:
        data = self._open().data
        if key not in data or (data.has_scopes and _is_scoped(key)):
            return False
        schema = self._services.schema
        return schema is None or key not in schema or self._find(str(key)) is not MISSING

    def __iter__(self) -> Iterator[str]:
        # A copy, so that a loop may remove keys.
        keys = list(self._open().data)
        return iter(keys if self._services.schema is None else filter(self.__contains__, keys))

    def __len__(self) -> int:
        data = self._open().data
        return len(data) if self._services.schema is None else sum(1 for _ in self)

    def __repr__(self) -> str:
        # Neither values, which may be secret, nor a load, which a debugger would not expect.
        kind = type(self).__name__
        if self._life is None:
            return f"<{kind} not loaded>"
        return f"<{kind} {self._life.state.value}: {', '.join(self._life.data) or 'no keys'}>"

    def keys(self) -> KeysView[str]:
        """Return the keys, as of a dict; the values that lie apart are fetched at once.

        For ``dict(session)`` asks for the keys, and then for the values one by one.
        """
        self._open().data.fetch_all()
        return super().keys()

    def items(self) -> ItemsView[str, Any]:
        """Return the keys and values, as of a dict; those that lie apart are fetched at once."""
        self._open().data.fetch_all()
        return super().items()

    def values(self) -> ValuesView[Any]:
        """Return the values, as of a dict; those that lie apart are fetched at once."""
        self._open().data.fetch_all()
        return super().values()

    @property
    def created_at(self) -> datetime | None:
        """When it was stored first, in UTC; None if it is new."""
        return self._when("created_at")

    @property
    def last_seen_at(self) -> datetime | None:
        """When it was used last, in UTC; at most the touch interval behind. None if new."""
        return self._when("seen_at")

    @property
    def expires_at(self) -> datetime | None:
        """When it ends if it is not used again, in UTC; None if it is new."""
        return self._when("expires_at")

    def _when(self, name: str) -> datetime | None:
        life = self._open()
        return to_datetime(getattr(life.record, name)) if life.is_stored else None

    def remove(self, key: str) -> None:
        """Remove *key*, if it is there."""
        self._open().refuse_if_read_only()
        super().remove(key)

    def pop(self, key: str, default: Any = MISSING) -> Any:
        """Remove *key* and return its value, or *default* if it is given."""
        self._open().refuse_if_read_only()
        return super().pop(key, default)

    def _find(self, key: str) -> Any:
        data = (self._life or self._open()).data
        if data.has_scopes and _is_scoped(key):
            return MISSING
        return typed(self._services.schema, data, key, key)

    def _take(self, key: str) -> Any:
        # Found first, so that it has its parameter's type.
        if key == FLASHES or self._find(key) is MISSING:
            return super()._take(key)
        return take(self._open(), key)

    def _exchange(self, key: str, function: Callable[[Any], Any]) -> Any:
        return exchange(self._open(), key, function)

    def _open(self) -> Lifecycle:
        return self._life or self._load()

    def _load(self) -> Lifecycle:
        with self._loading:
            if self._life is not None:
                # Another thread of this request was faster, or a signal's receiver is curious.
                return self._life
            self.accessed = True
            life = self._begin()
            try:
                load(life)
            finally:
                self._life = life
                life.announce()
            return life

    @abstractmethod
    def _begin(self) -> Lifecycle:
        """Return a session that has not been loaded."""


def _is_scoped(key: object) -> bool:
    return isinstance(key, str) and key[:1] == SCOPED
