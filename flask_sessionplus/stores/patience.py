"""Waiting a moment before something is tried again."""

from __future__ import annotations

import secrets
import time

# In microseconds. The first tries follow at once: most often one is enough.
_FIRST = 200
_LONGEST = 20_000
_AT_ONCE = 2

# From here on every pause is the longest.
_MOST_DOUBLINGS = 20


def pause(
    tries: int, first: int = _FIRST, longest: int = _LONGEST, at_once: int = _AT_ONCE
) -> None:
    """Sleep for a random while that grows with *tries*, the number of those that failed.

    To be called with no connection and no lock in hand.

    :param first: how long the first pause is at most, in microseconds; each may be twice as
        long as the one before.
    :param longest: how long any is at most, in microseconds.
    :param at_once: how many tries follow without a pause.
    """
    if tries < at_once:
        return
    most = min(first << min(tries - at_once, _MOST_DOUBLINGS), longest)
    time.sleep(secrets.randbelow(most) / 1_000_000)
