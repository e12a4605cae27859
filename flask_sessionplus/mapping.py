"""The session as a mapping: what every Flask extension expects of ``flask.session``."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from threading import RLock
from typing import TYPE_CHECKING, Any

from flask.sessions import SessionMixin

from .data import FLASHES, HIDDEN
from .exchange import MISSING, exchange
from .lifecycle import Lifecycle
from .messages import take_flashes
from .services import Services

if TYPE_CHECKING:
    from typing_extensions import Self


class SessionMapping(SessionMixin):
    """A mutable mapping that is loaded at its first use, read or write."""

    #: Whether this request has used the session; then its answer varies with the cookie.
    accessed = False

    _life: Lifecycle | None = None

    def __init__(self, services: Services, request: Any = None) -> None:
        self._services = services
        self._request = request
        self._loading = RLock()

    def __getitem__(self, key: str) -> Any:
        return (self._life or self._open()).data[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._open().data[checked(key)] = value

    def __delitem__(self, key: str) -> None:
        del self._open().data[key]

    def __contains__(self, key: object) -> bool:
        return key in self._open().data

    def __iter__(self) -> Iterator[str]:
        # A copy, so that a loop may remove keys.
        return iter(list(self._open().data))

    def __len__(self) -> int:
        return len(self._open().data)

    def __ior__(self, other: Mapping[str, Any]) -> Self:
        self.update(other)
        return self

    def __or__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**self.copy(), **other}

    def __ror__(self, other: Mapping[str, Any]) -> dict[str, Any]:
        return {**other, **self.copy()}

    def __repr__(self) -> str:
        # Neither values, which may be secret, nor a load, which a debugger would not expect.
        if self._life is None:
            return "<Session not loaded>"
        return f"<Session {self._life.state.value}: {', '.join(self._life.data) or 'no keys'}>"

    def items(self) -> ItemsView[str, Any]:
        """Return the keys and values, as of a dict; those that lie apart are fetched at once."""
        self._open().data.fetch_all()
        return super().items()

    def values(self) -> ValuesView[Any]:
        """Return the values, as of a dict; those that lie apart are fetched at once."""
        self._open().data.fetch_all()
        return super().values()

    def copy(self) -> dict[str, Any]:
        """Return the keys and values as a dict of its own; not the flashed messages."""
        return dict(self.items())

    def pop(self, key: str, default: Any = MISSING) -> Any:
        """Remove *key* and return its value, or *default* if it is given."""
        life = self._open()
        life.refuse_if_offline()
        if key == FLASHES and key in life.data:
            return take_flashes(life)
        value = life.data.get(key, default)
        if value is MISSING:
            raise KeyError(key)
        if key in life.data:
            del life.data[key]
        return value

    def clear(self) -> None:
        """End the session: record and cookie go, and this becomes a new, empty one."""
        self._open().end()

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of *key*; if there is none, store *default* at once and return it.

        Of parallel requests all get the value that was first.
        """
        life = self._open()
        value = life.data.get(key, MISSING)
        if value is not MISSING:
            return value
        return exchange(life, checked(key), lambda old: default if old is MISSING else old)

    def _open(self) -> Lifecycle:
        return self._life or self._load()

    def _load(self) -> Lifecycle:
        with self._loading:
            if self._life is not None:
                # Another thread of this request was faster, or a signal's receiver is curious.
                return self._life
            self.accessed = True
            life = Lifecycle(self._services, self._request, self)
            try:
                life.load()
            finally:
                self._life = life
                life.announce()
            return life


def checked(key: object) -> str:
    """Return *key*, if it may be one of a session.

    :raises TypeError: if it is no string.
    :raises ValueError: if it is a name of our own.
    """
    if not isinstance(key, str):
        raise TypeError(f"Session keys are strings, not {type(key).__name__}: {key!r:.50}.")
    if key[:1] in HIDDEN:
        raise ValueError(f"A session key must not begin with a control character: {key!r:.50}.")
    return key
