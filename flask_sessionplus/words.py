"""The words that the browser's, the global, the local session and scopes have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, MutableMapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeVar, cast, overload

from .data import Data
from .errors import UndecodableValue
from .exchange import MISSING
from .names import RESERVED
from .parameters import Schema

if TYPE_CHECKING:
    from typing_extensions import Self

D = TypeVar("D")
T = TypeVar("T")


class Words(MutableMapping[str, Any]):
    """A mapping of keys to values, with the words of other session systems."""

    @property
    @abstractmethod
    def schema(self) -> Schema | None:
        """The typed parameters of this session, if it has any."""

    @abstractmethod
    def _exchange(self, key: str, function: Callable[[Any], Any]) -> Any:
        """Set *key* to what *function* makes of its value or MISSING, at once; return it."""

    def __ior__(self, other: Mapping[str, Any]) -> Self:
        self.update(other)
        return self

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**self.copy(), **other}

    def __ror__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**other, **self.copy()}

    def copy(self) -> dict[str, Any]:
        """Return the keys and values as a dict of its own; not the flashed messages."""
        return dict(self.items())

    @overload
    def get(self, key: str, default: Any = None, type: None = None) -> Any: ...
    @overload
    def get(self, key: str, default: None = None, *, type: Callable[[Any], T]) -> T | None: ...
    @overload
    def get(self, key: str, default: D, type: Callable[[Any], T]) -> T | D: ...
    def get(self, key: str, default: Any = None, type: Callable[[Any], Any] | None = None) -> Any:
        """Return the value of *key*, or *default*, or else the default of its parameter.

        :param type: converts the value; if it raises ValueError or TypeError, *default*
            is returned, as Werkzeug does it.
        """
        value = self._show(key)
        if value is MISSING:
            return self.schema.default(key) if default is None and self.schema else default
        if type is None:
            return value
        try:
            return type(value)
        except (ValueError, TypeError):
            return default

    def set(self, key: str, value: Any) -> None:
        """Set *key* to *value*, which keeps its type.

        :raises UnsupportedType: if *value* cannot be stored; it names the path to the culprit.
        :raises ParameterError: if *key* is a typed parameter that does not take *value*.
        """
        self[key] = value

    def has(self, key: str) -> bool:
        """Tell whether there is a value under *key*."""
        return key in self

    def all(self) -> dict[str, Any]:
        """Return all keys and values."""
        return self.copy()

    def remove(self, key: str) -> None:
        """Remove *key*, if it is there."""
        if key in self:
            del self[key]

    def pop(self, key: str, default: Any = MISSING) -> Any:
        """Remove *key* and return its value, or *default* if it is given."""
        value = self._find(key)
        if value is not MISSING:
            del self[key]
        elif default is MISSING:
            raise KeyError(key)
        else:
            return default
        return value

    def pull(self, key: str, default: Any = None) -> Any:
        """Remove *key* at once and return its value, or *default* if there is none.

        Of parallel requests only one gets it.
        """
        value = self._take(key)
        return default if value is MISSING else value

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of *key*; if there is none, store *default* at once and return it.

        Of parallel requests all get the value that was first.
        """
        value = self._find(key)
        if value is not MISSING:
            return value
        default = self._accept(key, default)

        def keep(old: Any) -> Any:
            old = self._offered(key, old)
            return default if old is MISSING else old

        return self._exchange(key, keep)

    def clear(self) -> None:
        """Remove all keys."""
        for key in list(self):
            del self[key]

    def atomic(self, key: str, function: Callable[[Any], T], default: Any = None) -> T:
        """Set *key* to what *function* makes of its value, at once, and return that.

        Nothing that others write at the same time is lost: if one was faster, *function*
        is called again with the new value. So it must only compute.

        :param function: gets the value, or *default* if there is none.
        :raises StoreConflict: if others were faster hundreds of times.
        """

        def renew(old: Any) -> Any:
            old = self._offered(key, old)
            # The function may change what it gets, and may be called again.
            return self._accept(key, function(deepcopy(default) if old is MISSING else old))

        return cast(T, self._exchange(checked(key), renew))

    def increment(self, key: str, by: Any = 1) -> Any:
        """Add *by* to the number under *key*, which begins at 0, and return the sum.

        No two requests get the same sum. A typed parameter begins at its default.
        """
        return self.atomic(key, lambda old: old + by, self._beginning(key, 0))

    def append(self, key: str, value: Any) -> None:
        """Append *value* to the list under *key*, which begins empty."""
        self.atomic(key, lambda old: [*_as_list(key, old), value], self._beginning(key, ()))

    def _take(self, key: str) -> Any:
        """Remove *key* at once and return its value, or MISSING."""
        return self.pop(key, MISSING) if key in self else MISSING

    def _offered(self, key: str, value: Any) -> Any:
        if value is MISSING or self.schema is None:
            return value
        return self.schema.offer(key, value, MISSING)

    def _beginning(self, key: str, usual: Any) -> Any:
        default = None if self.schema is None else self.schema.default(key)
        return usual if default is None else default

    def _find(self, key: str) -> Any:
        """Return the value of *key*, or MISSING."""
        try:
            return self[key]
        except KeyError:
            return MISSING

    def _show(self, key: str) -> Any:
        """Return what :meth:`get` finds under *key*, or MISSING."""
        return self._find(key)

    def _accept(self, key: object, value: Any) -> Any:
        """Return *value* as it is kept under *key*."""
        name = checked(key)
        return value if self.schema is None else self.schema.accept(name, value)


def typed(schema: Schema | None, data: Data, name: str, key: str) -> Any:
    """Return the value of *name* as its parameter's type.

    One that does not fit, or cannot be read, is as if it were not there: it is of a time before
    the parameter was as it is now, and a page must not break over it.

    :param key: the parameter's name.
    :return: MISSING if there is none.
    """
    if schema is None or key not in schema:
        return data.get(name, MISSING)
    try:
        value = data.get(name, MISSING)
    except UndecodableValue:
        return MISSING
    found = value if value is MISSING else schema.offer(key, value, MISSING)
    if found is value or found is MISSING:
        return found
    return data.convert(name, found)


def checked(key: object) -> str:
    """Return *key*, if it may be one of a session.

    :raises TypeError: if it is no string.
    :raises ValueError: if it is a name of our own.
    """
    if not isinstance(key, str):
        raise TypeError(f"Session keys are strings, not {type(key).__name__}: {key!r:.50}.")
    if key[:1] in RESERVED:
        raise ValueError(f"A session key must not begin with a control character: {key!r:.50}.")
    return key


def _as_list(key: str, value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        raise TypeError(f"session[{key!r}] is no list that could be appended to.")
    return value
