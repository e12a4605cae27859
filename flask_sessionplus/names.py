"""How the names of a record's values tell what they are. See also ``record``."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable, Sequence

from . import clock
from .record import BOOKKEEPING, IDENTITY, SCOPED

#: Prefix of the messages of ``session.flash``, one name each.
MESSAGE = "\x01"

#: Prefix of the messages of ``flask.flash``, one name each; outside they are one list.
FLASK_MESSAGE = "\x02"

#: The key under which Flask keeps its list of messages.
FLASHES = "_flashes"

#: First characters of what no mapping shows; the values of scopes are shown by their scope.
HIDDEN = (BOOKKEEPING, MESSAGE, FLASK_MESSAGE, IDENTITY)

#: First characters that no key of an app may have.
RESERVED = (*HIDDEN, SCOPED)

# Behind a scope's prefix: what was set, what was removed from its view, and its messages.
_VALUE, _REMOVED, _FLASH = "\x00", "\x01", "\x02"

_PASSING = (BOOKKEEPING, MESSAGE, FLASK_MESSAGE)
_counter = itertools.count()


def message_name(prefix: str) -> str:
    """Return a new name that begins with *prefix*; later names sort behind earlier ones."""
    return f"{prefix}{clock.now():011x}{next(_counter) % 65536:04x}{secrets.token_hex(3)}"


def has_keys(names: Iterable[str]) -> bool:
    """Tell whether there is more than bookkeeping and messages among *names*."""
    return any(name[:1] not in _PASSING for name in names)


class ScopeNames:
    """The names of one scope.

    :param path: its name, behind those of the scopes it lies in. Each is preceded by its
        length, so that no two paths give the same prefix, whatever is in them.
    """

    def __init__(self, path: Sequence[str]) -> None:
        self.path = tuple(path)
        self.prefix = SCOPED + "".join(f"{len(name)}:{name}" for name in path)

    def value(self, key: str) -> str:
        """Return the name of what was set under *key*."""
        return f"{self.prefix}{_VALUE}{key}"

    def removed(self, key: str) -> str:
        """Return the name of the mark that *key* was removed."""
        return f"{self.prefix}{_REMOVED}{key}"

    def flash(self, key: str) -> str:
        """Return the key of a message in this scope."""
        return f"{self.prefix}{_FLASH}{key}"

    def keys_set(self, names: Iterable[str]) -> list[str]:
        """Return the keys that were set, of the *names* of a record."""
        return _behind(self.prefix + _VALUE, names)

    def keys_removed(self, names: Iterable[str]) -> list[str]:
        """Return the keys that were removed, of the *names* of a record."""
        return _behind(self.prefix + _REMOVED, names)

    def keys_flashed(self, keys: Iterable[str]) -> list[str]:
        """Return the keys of messages, of all *keys* of messages."""
        return _behind(self.prefix + _FLASH, keys)


def key_of(name: str) -> str:
    """Return the key that *name* is of, also if it is one of a scope."""
    return name[1:].partition(_VALUE)[2] if name[:1] == SCOPED else name


def shown(name: str) -> str:
    """Return *name* as a reader of a message knows it: ``session['cart']``."""
    scope = ""
    if name[:1] == SCOPED:
        name = name[1:]
        while name[:1].isdigit():
            size, _, rest = name.partition(":")
            scope += f".scope({rest[: int(size)]!r})"
            name = rest[int(size) :]
        name = name[1:]
    return f"session{scope}[{name!r}]"


def _behind(prefix: str, names: Iterable[str]) -> list[str]:
    return [name[len(prefix) :] for name in names if name.startswith(prefix)]
