"""Which session a data operation works on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias, cast, get_args

from flask import request

from ..local import LocalSession
from ..proxies import global_session, local_session, session
from ..scopes import Scope
from ..words import Words

#: The request's own, the browser's, or the user's of the bearer token.
SessionType: TypeAlias = Literal["local", "global", "session"]

_ATTRIBUTE = "_sessionplus_local_scopes"


class Chosen:
    """One of the three sessions, or a scope of it.

    :param scoped: the scope's name; True: that of the blueprint or endpoint.
    :raises ValueError: if there is no such type, or the scope's name is empty.
    """

    def __init__(self, session_type: SessionType, scoped: bool | str) -> None:
        if session_type not in get_args(SessionType):
            raise ValueError(
                f"session_type is {session_type!r:.80}, but must be 'local', 'global' or 'session'."
            )
        given: object = scoped
        if not isinstance(given, (bool, str)) or given == "":
            raise ValueError(f"scoped is {scoped!r:.80}, but must be True, False or a name.")
        self._type = session_type
        self._scoped = scoped

    def named(self, name: str) -> Chosen:
        """Return the same, for a blueprint: it has one scope for all its views."""
        return Chosen(self._type, name if self._scoped is True else self._scoped)

    def check(self) -> None:
        """Refuse a request that cannot have these data.

        :raises InvalidToken: without a valid bearer token, if they are the user's own.
        """
        if self._type == "global":
            _behind(global_session)

    def open(self) -> Words:
        """Return them, for the current request."""
        sessions = {"local": local_session, "global": global_session, "session": session}
        found = _behind(sessions[self._type])
        if self._scoped is False:
            return cast(Words, found)
        name = self._scoped if isinstance(self._scoped, str) else request.endpoint
        assert name is not None
        return _local_scope(found, name) if self._type == "local" else Scope(found, (name,))


class _LocalScope(LocalSession):
    """Reads fall through to the local session until a key is written or removed here."""

    def __init__(self, parent: LocalSession) -> None:
        super().__init__(parent.schema)
        self._parent = parent
        self._removed: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        if key not in self._values and key not in self._removed:
            value = self._parent[key]
            if type(value) not in (dict, list):
                return value
            # What is changed inside is changed here only.
            self._values[key] = _rebuilt(value)
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self._removed.discard(key)

    def __delitem__(self, key: str) -> None:
        if key not in self:
            raise KeyError(key)
        self._values.pop(key, None)
        self._removed.add(key)

    def __iter__(self) -> Iterator[str]:
        inherited = [key for key in self._parent if key not in self._removed]
        return iter(dict.fromkeys([*inherited, *self._values]))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _rebuilt(value: Any) -> Any:
    if type(value) is dict:
        return {key: _rebuilt(each) for key, each in value.items()}
    return [_rebuilt(each) for each in value] if type(value) is list else value


def _local_scope(local: LocalSession, name: str) -> LocalSession:
    scopes: dict[str, LocalSession] = _behind(request).__dict__.setdefault(_ATTRIBUTE, {})
    if name not in scopes:
        scopes[name] = _LocalScope(local)
    return scopes[name]


def _behind(proxy: Any) -> Any:
    return proxy._get_current_object()
