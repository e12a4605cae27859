"""Copies of what is in a session: who changes one in place is told that it has no effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn


def frozen(value: Any) -> Any:
    """Return *value* with the lists, dicts and sets in it as copies that refuse to be changed.

    They are equal to what they are copies of, and are shown as that.
    """
    if type(value) is list:
        return FrozenList(map(frozen, value))
    if type(value) is dict:
        return FrozenDict({key: frozen(each) for key, each in value.items()})
    if type(value) is set:
        return FrozenSet(value)
    return tuple(map(frozen, value)) if type(value) is tuple else value


def thawed(value: Any) -> Any:
    """Return *value* with what :func:`frozen` has made as it was before."""
    if isinstance(value, FrozenSet):
        return set(value)
    if type(value) in (list, FrozenList):
        return [thawed(each) for each in value]
    if type(value) in (dict, FrozenDict):
        return {key: thawed(each) for key, each in value.items()}
    return tuple(map(thawed, value)) if type(value) is tuple else value


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise TypeError(
        "This is a copy of what the session has, and would not be saved. Set the key anew, as in"
        ' client.session["cart"] = ["tea"], or change it within client.session_transaction().'
    )


def _but_for(operator: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    # What `session["cart"] += ["tea"]` does: the result is set after that.
    return lambda self, other: operator(thawed(self), other)


class FrozenList(list[Any]):
    """A list that refuses to be changed."""

    append = clear = extend = insert = pop = remove = reverse = sort = _refuse
    __setitem__ = __delitem__ = __imul__ = _refuse
    __iadd__ = _but_for(list.__iadd__)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return thawed, (list(self),)

    def __deepcopy__(self, memo: Any) -> Any:
        return thawed(self)


class FrozenDict(dict[Any, Any]):
    """A dict that refuses to be changed."""

    clear = pop = popitem = setdefault = update = __setitem__ = __delitem__ = _refuse
    __ior__ = _but_for(dict.__ior__)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return thawed, (dict(self),)

    def __deepcopy__(self, memo: Any) -> Any:
        return thawed(self)


class FrozenSet(set[Any]):
    """A set that refuses to be changed."""

    add = clear = discard = pop = remove = update = _refuse
    difference_update = intersection_update = symmetric_difference_update = _refuse
    __ior__ = _but_for(set.__ior__)
    __iand__ = _but_for(set.__iand__)
    __isub__ = _but_for(set.__isub__)
    __ixor__ = _but_for(set.__ixor__)

    def __repr__(self) -> str:
        return repr(set(self))

    def __reduce_ex__(self, protocol: Any) -> Any:
        return thawed, (set(self),)

    def __deepcopy__(self, memo: Any) -> Any:
        return thawed(self)
