"""The messages of a session, or of one of its scopes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

from .exchange import MISSING
from .lifecycle import Lifecycle
from .messages import read_messages
from .words import Words, checked


class Flashing(Words):
    """Messages for the next request, beside the data: ``get``, ``has`` and ``all`` show them."""

    @abstractmethod
    def _open(self) -> Lifecycle: ...

    @abstractmethod
    def _flash_name(self, key: str) -> str:
        """Return under which name the message *key* is kept."""

    @abstractmethod
    def _flash_keys(self) -> list[str]:
        """Return the keys of all messages this request can read."""

    def has(self, key: str) -> bool:
        """Tell whether there is a value, or a message for this request, under *key*."""
        return key in self or self._message(key) is not MISSING

    def all(self) -> dict[str, Any]:
        """Return all keys and values, and this request's messages where no key is in the way."""
        return {**self._messages(self._flash_keys()), **self.copy()}

    def flash(self, key: str, value: Any) -> None:
        """Show *value* under *key* to the next request that is a page, then forget it.

        Requests that do not use the session, HEAD, OPTIONS, redirects, 304, and a
        browser's background fetches that do not read it leave it waiting.
        """
        self._open().flash.add(self._flash_name(checked(key)), value)

    def get_flash(self, key: str, default: Any = None) -> Any:
        """Return the message under *key*, or *default*.

        Of parallel requests only one gets it; within that request it may be read again.
        """
        message = self._message(key)
        return default if message is MISSING else message

    def flash_map(self, key: str, mapping: Mapping[Any, Any]) -> None:
        """Flash a mapping, such as a form's fields or their errors. A MultiDict stays one.

        :raises TypeError: if it is no mapping.
        """
        if not isinstance(mapping, Mapping):
            raise TypeError(f"flash_map({key!r}, ...) needs a mapping, not {mapping!r:.50}.")
        self.flash(key, mapping)

    def get_flash_map(self, key: str) -> Mapping[Any, Any]:
        """Return the mapping that was flashed under *key*, or an empty one."""
        found = self.get_flash(key)
        return found if isinstance(found, Mapping) else {}

    def now(self, key: str, value: Any) -> None:
        """Show *value* under *key* as a message of this request only."""
        self._open().flash.show_now(self._flash_name(checked(key)), value)

    def keep(self, *keys: str) -> None:
        """Keep this request's messages under *keys* for one more; without keys, all."""
        self._open().flash.keep(map(self._flash_name, keys or self._flash_keys()))

    def reflash(self) -> None:
        """Keep all of this request's messages for one more."""
        self.keep()

    def _show(self, key: str) -> Any:
        value = self._find(key)
        return self._message(key) if value is MISSING else value

    def _message(self, key: str) -> Any:
        return self._messages([key]).get(key, MISSING)

    def _messages(self, keys: Iterable[str]) -> dict[str, Any]:
        names = {self._flash_name(key): key for key in keys}
        found = read_messages(self._open(), names)
        return {names[name]: value for name, value in found.items()}
