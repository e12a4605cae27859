"""How long a session lives. All times are in milliseconds."""

from __future__ import annotations

from typing import NamedTuple

from .record import BOOKKEEPING

#: The bookkeeping of a session that has an idle time of its own.
OWN_LIFETIME = f"{BOOKKEEPING}lifetime"

#: The bookkeeping of a session whose cookie the browser keeps when it is closed.
PERMANENT = f"{BOOKKEEPING}permanent"


class Lifetimes(NamedTuple):
    """The rules for one session (ASVS 7.3.1 and 7.3.2).

    :param idle: how long it lives without being used.
    :param absolute: how long it lives in all, or None.
    :param provisional: how long a new one lives until its cookie has come back once.
    :param interval: how far the stored expiry may lag behind, so that not every use writes.
    """

    idle: int
    absolute: int | None
    provisional: int
    interval: int

    def expiry(self, created_at: int, used_at: int) -> int:
        """Return when a session made at *created_at* ends that was used at *used_at*."""
        expires_at = used_at + self.idle
        if self.absolute is not None:
            expires_at = min(expires_at, created_at + self.absolute)
        return expires_at

    def first_expiry(self, created_at: int) -> int:
        """Return when a new session ends whose cookie never comes back."""
        return min(created_at + self.provisional, self.expiry(created_at, created_at))

    def is_over(self, created_at: int, seen_at: int, now: int) -> bool:
        """Tell whether a stored session has ended by these rules.

        They may have become stricter since its expiry was stored, and *seen_at* may lag
        behind by the interval.
        """
        if self.absolute is not None and created_at + self.absolute <= now:
            return True
        return seen_at + self.idle + self.interval <= now

    def is_stale(self, stored: int, expires_at: int) -> bool:
        """Tell whether the *stored* expiry is so far from *expires_at* that it is written."""
        return abs(expires_at - stored) >= max(self.interval, 1)
