"""A scope: an own version of a session's data for one part of the app.

Its values are in the session's record, under names of their own: one load, one save, and
all that is promised of a session's keys is promised of these as well.
"""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, ValuesView
from copy import deepcopy
from typing import Any, Protocol, cast

from .codec import IMMUTABLE
from .exchange import MISSING, exchange, take, take_view
from .flashing import Flashing
from .lifecycle import Lifecycle
from .names import ScopeNames
from .parameters import Schema
from .words import checked, typed

#: Of a scope's name.
MOST_CHARACTERS = 1_024


class Parent(Protocol):
    """What a scope inherits from: a session, or another scope."""

    @property
    def schema(self) -> Schema | None:
        """The typed parameters."""

    def __getitem__(self, key: str) -> Any: ...
    def __setitem__(self, key: str, value: Any) -> None: ...
    def __delitem__(self, key: str) -> None: ...
    def __contains__(self, key: object) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...

    def _open(self) -> Lifecycle: ...


class Scope(Flashing):
    """Reads fall through to the parent until a key is written here; writes stay here.

    A list, dict or the like that is inherited is this scope's own copy from its first
    reading in a request on, and is kept when it is changed. A scope has its own messages.

    :param parent: what it inherits from.
    :param path: its name, behind those of the scopes it lies in.
    :param inherit: whether reads fall through.
    """

    def __init__(self, parent: Parent, path: tuple[str, ...], inherit: bool = True) -> None:
        name = path[-1]
        if not isinstance(cast(object, name), str):
            raise TypeError(f"A scope's name is a text, not {type(name).__name__}.")
        if not 0 < len(name) <= MOST_CHARACTERS:
            raise ValueError(f"A scope's name has 1 to 1,024 characters, not {len(name)}.")
        self._parent = parent
        self._names = ScopeNames(path)
        self._inherits = inherit
        self._used_in: object = None

    @property
    def schema(self) -> Schema | None:
        """The typed parameters, which are those of the session."""
        return self._parent.schema

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._names.path[-1]

    def scope(self, name: str, inherit: bool = True) -> Scope:
        """Return a scope within this one."""
        return Scope(self, (*self._names.path, name), inherit)

    def __getitem__(self, key: str) -> Any:
        data = self._open().data
        name = self._names.value(key)
        own = typed(self.schema, data, name, key)
        if own is not MISSING:
            return own
        if not self._falls_through(key):
            raise KeyError(key)
        value = self._parent[key]
        if type(value) in IMMUTABLE:
            return value
        encoded = self._open().services.codec.encode(value, f"session[{key!r}]")
        own = self._open().services.codec.decode(encoded)
        data.lend(name, own, encoded)
        return own

    def __setitem__(self, key: str, value: Any) -> None:
        data = self._open().data
        data[self._names.value(key)] = self._accept(key, value)
        self._unmark(key)

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        data = self._open().data
        data.drop(self._names.value(key))
        if self._falls_through(key) and key in self._parent:
            data[self._names.removed(key)] = True

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str):
            return False
        return self._has_own(key) or (self._falls_through(key) and key in self._parent)

    def __iter__(self) -> Iterator[str]:
        data = self._open().data
        own = filter(self._has_own, self._names.keys_set(data.scoped()))
        keys = dict.fromkeys(own)
        if self._inherits:
            removed = set(self._names.keys_removed(data.scoped()))
            keys.update(dict.fromkeys(key for key in self._parent if key not in removed))
        return iter(list(keys))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<Scope {self.name!r}>"

    def commit_to_parent(self) -> None:
        """Do in the parent what was done here since the scope began, and begin it anew."""
        data = self._open().data
        for key in self._names.keys_removed(data.scoped()):
            if key in self._parent:
                del self._parent[key]
        for key in self._names.keys_set(data.scoped()):
            value = typed(self.schema, data, self._names.value(key), key)
            if value is not MISSING:
                self._parent[key] = value
        self.discard()

    def discard(self) -> None:
        """Drop what was written and removed here, in scopes within it too."""
        data = self._open().data
        for name in [name for name in data.scoped() if name.startswith(self._names.prefix)]:
            del data[name]
        data.take_back(self._names.prefix)

    def items(self) -> ItemsView[str, Any]:
        """Return the keys and values, as of a dict; those that lie apart are fetched at once."""
        self._open().data.fetch_all(self._names.prefix)
        return super().items()

    def values(self) -> ValuesView[Any]:
        """Return the values, as of a dict; those that lie apart are fetched at once."""
        self._open().data.fetch_all(self._names.prefix)
        return super().values()

    def _take(self, key: str) -> Any:
        life, name = self._open(), self._names.value(key)
        if self._find(key) is MISSING:
            return super()._take(key)
        if not self._falls_through(key) or key not in self._parent:
            return take(life, name)
        # What is inherited stays where it is; that it was taken here is noted at once.
        return take_view(life, name, self._names.removed(key), lambda: self._find(key))

    def _exchange(self, key: str, function: Callable[[Any], Any]) -> Any:
        checked(key)

        def renew(old: Any) -> Any:
            if old is MISSING and self._falls_through(key) and key in self._parent:
                # It must only compute, but may do so with what it has been given.
                old = deepcopy(self._parent[key])
            return function(old)

        value = exchange(self._open(), self._names.value(key), renew)
        self._unmark(key)
        return value

    def _open(self) -> Lifecycle:
        life = self._parent._open()
        # Once for each session this request has: signing out begins another one.
        if self._used_in is not life.flash:
            self._used_in = life.flash
            life.flash.use_scope(self._names.flash(""))
        return life

    def _has_own(self, key: str) -> bool:
        data, name = self._open().data, self._names.value(key)
        if self.schema is None or key not in self.schema:
            return name in data
        return typed(self.schema, data, name, key) is not MISSING

    def _falls_through(self, key: str) -> bool:
        return self._inherits and self._names.removed(key) not in self._open().data

    def _unmark(self, key: str) -> None:
        data, mark = self._open().data, self._names.removed(key)
        if mark in data:
            del data[mark]

    def _flash_name(self, key: str) -> str:
        return self._names.flash(key)

    def _flash_keys(self) -> list[str]:
        return self._names.keys_flashed(self._open().flash.readable())
