"""A view that has an own version of the session's data."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from ..scopes import MOST_CHARACTERS
from ..scoping import Within, enter
from .wrapping import Decorator, Rule


class _Scoped(Rule):
    def __init__(self, name: str, inherit: bool) -> None:
        self._name = name
        self._inherit = inherit

    def around(self) -> AbstractContextManager[Any]:
        return Within(self._name, self._inherit)

    def stay(self) -> None:
        enter(self._name, self._inherit)


def scoped(name: str, inherit: bool = True) -> Decorator:
    """Let ``scoped_session`` be ``session.scope(name)`` in a view, and in what it calls.

    ``session`` stays the whole session: extensions keep their own keys there, and a view
    that wants both has both. Within a scope that was entered already, by a blueprint or
    another view, it is a scope of that one. Over a blueprint it holds for its
    ``before_request`` functions, error handlers and templates too.

    :param name: any text of 1 to 1,024 characters.
    :param inherit: whether keys that are not set in the scope are read from the session.
    :raises ValueError: if the name is empty or too long.
    """
    if not isinstance(name, str):
        raise TypeError(f"scoped needs a name: @scoped('shop'), not {name!r:.80}.")
    if not 0 < len(name) <= MOST_CHARACTERS:
        raise ValueError(f"A scope's name has 1 to 1,024 characters, not {len(name)}.")
    return Decorator(_Scoped(name, inherit))
