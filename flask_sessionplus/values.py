"""Where a request keeps the values of a session: which there are, hidden, and lent to scopes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .codec import Codec
from .names import shown
from .record import SCOPED

#: Stands for a value that nobody has asked for yet.
PENDING: Any = object()


class Values:
    """The values of one record, by their names.

    :param stored: the values of the record, names to bytes.
    """

    def __init__(self, codec: Codec, stored: dict[str, bytes]) -> None:
        self._codec = codec
        self._stored = stored
        self._values: dict[str, Any] = dict.fromkeys(stored, PENDING)
        # Values that may differ from what is stored, with the bytes they were made from.
        self._open: dict[str, bytes | None] = {}
        self._assigned: set[str] = set()
        self._hidden: dict[str, bytes | None] = {}
        # What scopes have read of what they inherit: theirs as soon as it is changed.
        self._lent: set[str] = set()
        #: Whether there are, or have been, values of scopes.
        self.has_scopes = False

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        if not self.has_scopes:
            return iter(self._values)
        return iter([name for name in self._values if name[:1] != SCOPED])

    def __len__(self) -> int:
        return sum(1 for _ in self) if self.has_scopes else len(self._values)

    def scoped(self) -> list[str]:
        """Return the names of what scopes have set or changed."""
        names = [name for name in self._values if name[:1] == SCOPED]
        return [name for name in names if not self._is_lent(name)]

    def lend(self, name: str, value: Any, data: bytes) -> None:
        """Let a scope have *value*, of its own, as what it inherits as *data*."""
        self._note_scope(name)
        self._values[name] = value
        self._open[name] = data
        # Once it is changed it is new to the record, and must not be taken for an update.
        self._assigned.add(name)
        self._lent.add(name)

    def take_back(self, prefix: str) -> None:
        """Take from scopes whose names begin with *prefix* what was lent to them."""
        for name in [name for name in self._lent if name.startswith(prefix)]:
            self._lent.discard(name)
            del self._values[name]
            del self._open[name]

    def hidden(self, prefix: str) -> dict[str, bytes]:
        """Return the hidden values whose names begin with *prefix*, in order of their names."""
        found = {name: data for name, data in self._stored.items() if name.startswith(prefix)}
        for name, data in self._hidden.items():
            if name.startswith(prefix):
                if data is None:
                    found.pop(name, None)
                else:
                    found[name] = data
        return dict(sorted(found.items()))

    def get_hidden(self, name: str) -> bytes | None:
        """Return the hidden value *name*, or None."""
        return self._hidden[name] if name in self._hidden else self._stored.get(name)

    def set_hidden(self, name: str, data: bytes | None) -> None:
        """Set a hidden value; None removes it."""
        if data == self._stored.get(name):
            self._hidden.pop(name, None)
        else:
            self._hidden[name] = data

    def _is_lent(self, name: str) -> bool:
        return name in self._lent and self._open[name] == self._encode(name)

    def _note_scope(self, name: str) -> None:
        if name[:1] == SCOPED:
            self.has_scopes = True

    def _encode(self, name: str) -> bytes:
        return self._codec.encode(self._values[name], shown(name))
