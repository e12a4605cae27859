"""Messages for the next request: one hidden name each, taken out of the store when read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from .codec import Codec
from .data import Data
from .errors import UndecodableValue
from .names import MESSAGE, message_name
from .record import SCOPED

_SEPARATOR = "\x00"

#: Takes hidden values out of the store and returns those that nobody else had taken.
Claim = Callable[[Iterable[str]], dict[str, bytes]]


class Flash:
    """The messages of one session during one request.

    Several that wait under one key, from requests that ran side by side, are shown one
    request after the other, the oldest first; flash maps are shown as one.
    """

    def __init__(self, codec: Codec, data: Data) -> None:
        self._codec = codec
        self._data = data
        self._waiting = _by_key(sorted(data.arrived))
        self._shown: dict[str, Any] = {}
        self._now: dict[str, Any] = {}
        self._coming: dict[str, str] = {}
        #: The names of messages that wait for one more request.
        self.kept: set[str] = set()
        # What the keys of those scopes begin with that this request has used.
        self._scopes: tuple[str, ...] = ()

    def add(self, key: str, value: Any) -> None:
        """Keep *value* for the next request, in place of one this request has added."""
        data = self._codec.encode(value, f"flash({key!r})")
        name = self._coming.get(key) or message_name(f"{MESSAGE}{key}{_SEPARATOR}")
        self._coming[key] = name
        self._data.set_hidden(name, data)

    def show_now(self, key: str, value: Any) -> None:
        """Show *value* in this request only."""
        self._now[key] = value

    def readable(self) -> list[str]:
        """Return the keys this request can read, those of the scopes it uses too."""
        return [key for key in {**self._shown, **self._waiting, **self._now} if self._is_own(key)]

    def use_scope(self, prefix: str) -> None:
        """Take part in the messages of a scope, whose keys begin with *prefix*.

        Those of scopes that a request does not use go on waiting.
        """
        self._scopes = (*self._scopes, prefix)

    def read(self, keys: Iterable[str], claim: Claim) -> dict[str, Any]:
        """Return the messages under *keys* that this request gets. It may read them again.

        :param claim: see :data:`Claim`.
        """
        wanted = list(keys)
        self._take([k for k in wanted if k in self._waiting and k not in self._shown], claim)
        found = {key: self._shown[key] for key in wanted if key in self._shown}
        return {**found, **{key: self._now[key] for key in wanted if key in self._now}}

    def keep(self, keys: Iterable[str]) -> None:
        """Keep the messages under *keys* for one more request."""
        for key in keys:
            self.kept.update(self._visible(self._waiting.get(key, [])))

    def drop(self) -> None:
        """Forget all messages, those for the next request too."""
        for name in self._data.hidden(MESSAGE):
            self._data.set_hidden(name, None)
        for messages in (self._waiting, self._shown, self._now, self._coming, self.kept):
            messages.clear()

    def age(self) -> None:
        """Remove what this request could have read: its time is over."""
        for key, names in self._waiting.items():
            if key not in self._shown and self._is_own(key):
                for name in self._visible(names):
                    if name not in self.kept:
                        self._data.set_hidden(name, None)

    def _is_own(self, key: str) -> bool:
        return key[:1] != SCOPED or key.startswith(self._scopes)

    def _take(self, keys: list[str], claim: Claim) -> None:
        if not keys:
            return
        names = {key: self._visible(self._waiting[key]) for key in keys}
        taken = claim([name for key in keys for name in names[key]])
        for key in keys:
            values = [self._codec.decode(taken[name]) for name in names[key] if name in taken]
            if values:
                self._shown[key] = values[0] if len(values) == 1 else _merge(values)
            else:
                # Another request was faster.
                del self._waiting[key]

    def _visible(self, names: list[str]) -> list[str]:
        """Return the names one request sees: the oldest, or all that are maps."""
        if len(names) < 2:
            return names
        stored = self._data.hidden(MESSAGE)
        maps = [name for name in names if name in stored and self._is_map(stored[name])]
        return maps if names[0] in maps else names[:1]

    def _is_map(self, data: bytes) -> bool:
        try:
            return isinstance(self._codec.decode(data), Mapping)
        except UndecodableValue:
            return False


def _by_key(messages: Iterable[str]) -> dict[str, list[str]]:
    waiting: dict[str, list[str]] = {}
    for name in messages:
        key = name[len(MESSAGE) :].rpartition(_SEPARATOR)[0]
        waiting.setdefault(key, []).append(name)
    return waiting


def _merge(maps: list[Any]) -> Any:
    """Return *maps* as one, where later ones win; a form still knows all values of a name."""
    if not any(isinstance(one, MultiDict) for one in maps):
        return {key: value for one in maps for key, value in one.items()}
    merged: MultiDict[Any, Any] = MultiDict()
    for one in maps:
        for key, values in MultiDict(one).lists():
            merged.setlist(key, values)
    return merged
