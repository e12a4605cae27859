"""What lives for one request only, and is never stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .exchange import MISSING
from .parameters import Schema
from .words import Words

_ATTRIBUTE = "_sessionplus_local"


class LocalSession(Words):
    """The data of one request. Any object may be in it, for it is never stored.

    :param schema: its typed parameters.
    """

    def __init__(self, schema: Schema | None = None) -> None:
        self._schema = schema
        self._values: dict[str, Any] = {}

    @property
    def schema(self) -> Schema | None:
        """The typed parameters of this session, if it has any."""
        return self._schema

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._values[key] = self._accept(key, value)

    def __delitem__(self, key: str) -> None:
        del self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<LocalSession: {', '.join(self._values) or 'no keys'}>"

    def _exchange(self, key: str, function: Callable[[Any], Any]) -> Any:
        self._values[key] = value = function(self._values.get(key, MISSING))
        return value


def local_of(request: Any, schema: Schema | None) -> LocalSession:
    """Return the local session of *request*: the same one each time."""
    # In the request, which is there in nested app contexts too, where `g` is another one.
    found: LocalSession | None = getattr(request, _ATTRIBUTE, None)
    if found is None:
        found = LocalSession(schema)
        setattr(request, _ATTRIBUTE, found)
    return found
