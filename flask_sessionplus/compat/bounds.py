"""How large data may be that came from outside, once every part of it is counted.

What is small as a pickle can be endless as data: a list that is in another one twice, which is
in another one twice, and so on. Nothing here looks at a part more than once.
"""

from __future__ import annotations

from typing import Any

# As deep as the codec goes; and in bytes, about: as much as a store of ours takes.
_MOST_LEVELS = 64
_MOST = 16_000_000

#: How much all keys of one record may weigh. To hash a tuple means to hash all that is in it, as
#: often as it is in it; and whoever wants many keys with one hash needs large numbers.
MOST_OF_KEYS = 20_000

# Smaller numbers are their own hash.
_HASH_BITS = 60

_SCALARS = frozenset({type(None), bool, int, float, str, bytes})


class NotPlain(ValueError):
    """What was read is no plain data. Says why, and nothing of what is in it."""


def check_size(value: Any) -> None:
    """Refuse *value* if it is too large, too deep, or in itself.

    :raises NotPlain: if it is.
    """
    if _Scale().weigh(value, 0) > _MOST:
        raise NotPlain("it is too large with all that is in it")


def weigh_key(value: Any) -> int:
    """Return what it takes to hash *value*, a key of a dict or a member of a set.

    Nothing for what has a hash already or gets it at once: that is most keys.

    :raises NotPlain: if it cannot be one, or if it would take long.
    """
    kind = type(value)
    if kind is int:
        return int(value.bit_length() // 8) if value.bit_length() > _HASH_BITS else 0
    if kind in _SCALARS:
        return 0
    weight = _Scale().weigh(value, 0)
    # Looked at before its parts are, which may be endless.
    if weight > MOST_OF_KEYS or not _is_fixed(value):
        raise NotPlain("what stands for a key in it cannot be one")
    return weight


def _is_fixed(value: Any) -> bool:
    if type(value) in _SCALARS:
        return True
    return type(value) in (tuple, frozenset) and all(map(_is_fixed, value))


class _Scale:
    """Weighs data."""

    def __init__(self) -> None:
        # By what each is at: the data are held by whoever asks. None while it is being weighed.
        self._known: dict[int, int | None] = {}

    def weigh(self, value: Any, level: int) -> int:
        """Return how many bytes *value* would take with each part written out, about."""
        kind = type(value)
        if kind in _SCALARS:
            return _weigh_scalar(value)
        if level >= _MOST_LEVELS:
            raise NotPlain(f"it is nested more than {_MOST_LEVELS} levels deep")
        at = id(value)
        if at in self._known:
            known = self._known[at]
            if known is None:
                raise NotPlain("a part of it is in itself")
            return known
        self._known[at] = None
        parts = [*value.keys(), *value.values()] if kind is dict else value
        weight = 1 + sum(self.weigh(part, level + 1) for part in parts)
        self._known[at] = weight
        return weight


def _weigh_scalar(value: Any) -> int:
    if isinstance(value, (str, bytes)):
        return 1 + len(value)
    if type(value) is int:
        return 1 + value.bit_length() // 8
    return 1
