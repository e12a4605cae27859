"""Whether a store's clock goes like ours."""

from __future__ import annotations

from .. import clock
from ..findings import Finding

# In milliseconds. Two machines with NTP differ by less than a tenth of a second.
_ALLOWED = 2_000


def compare(began: int, theirs: int, name: str) -> list[Finding]:
    """Return a finding if a server's clock is more than two seconds off.

    :param began: when it was asked, by our clock; in milliseconds, as *theirs*, its answer.
    :param name: what it is called, such as ``"The Redis server"``.
    """
    ended = clock.now()
    # It was read somewhere in between.
    apart = max(began - theirs, theirs - ended, 0)
    if apart <= _ALLOWED:
        return []
    return [
        Finding(
            "warning",
            "clocks-apart",
            f"{name}'s clock and ours are {apart / 1000:.0f} seconds apart.",
            "Sessions expire too early or too late, and a session that was ended elsewhere may be"
            " used that much longer.",
            "Let NTP, such as chrony or systemd-timesyncd, set the clocks of all machines.",
        )
    ]
