"""Stores that are made of others, and can do what those can."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import new_class
from typing import Any, TypeVar, cast

from .base import Store

S = TypeVar("S", bound=Store)


def able(kind: type[S], powers: Mapping[Any, type[Store]], *inner: Store) -> type[S]:
    """Return *kind* with those of *powers* that all the *inner* stores have.

    :param powers: by what a store may be, such as :class:`.base.OwnerIndex`: the subclass of
        *kind*, or of its base, that is it as well, by asking an inner store.
    """
    mixins = [
        mixin for power, mixin in powers.items() if all(isinstance(store, power) for store in inner)
    ]
    return cast("type[S]", _combined(kind, *mixins))


@cache
def _combined(kind: type[Store], *mixins: type[Store]) -> type[Store]:
    return new_class(kind.__name__, (*mixins, kind)) if mixins else kind
