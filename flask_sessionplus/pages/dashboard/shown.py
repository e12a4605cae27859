"""A stored value as text, with little work however large it is.

It is looked at only as far as it is shown. What comes out is text, which the template escapes.
"""

from __future__ import annotations

from reprlib import Repr
from typing import Any

#: Characters of a value that are shown.
LENGTH = 2_000

# Entries of a list or a dict that are shown, and lists within lists.
_ENTRIES = 100
_DEPTH = 6

# From here on Python refuses to write a number in decimal digits: 4,300 of them.
_BITS = 14_000


def shown(value: Any) -> str:
    """Return *value* as Python writes it, in at most :data:`LENGTH` characters.

    What a class of the app's says of itself may be an error: then it is only named.
    """
    text = _Repr().repr(value)
    return text if len(text) <= LENGTH else f"{text[: LENGTH - 1]}…"


class _Repr(Repr):
    """Writes one value."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = _DEPTH
        self.maxdict = self.maxlist = self.maxtuple = _ENTRIES
        self.maxset = self.maxfrozenset = self.maxdeque = self.maxarray = _ENTRIES
        self.maxstring = self.maxlong = self.maxother = LENGTH
        self._written = 0

    def repr1(self, x: Any, level: int) -> str:
        """Return *x* as text; *level* lists may still be opened in it."""
        self._written += 1
        # Each has one character at least: what comes now is cut off anyway.
        if self._written > LENGTH:
            return "..."
        if isinstance(x, int) and x.bit_length() > _BITS:
            return f"<a number of {x.bit_length():,} bits>"
        if isinstance(x, (str, bytes, bytearray)) and len(x) > LENGTH:
            # Cut before it is written, and still too long, so that it is seen that it is cut.
            x = (str.__str__(x) if isinstance(x, str) else x)[: LENGTH * 2]
        return super().repr1(x, level)
