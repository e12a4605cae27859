"""Going through the records of the Redis store page by page, by SCAN.

The server goes from slot to slot of its own table, and tells where it is. What it has found
beyond the end of a page is named in the cursor: to ask for that again would be to ask a table
that may have another size by then.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from . import cursors
from .redislink import Link, Spot
from .redisrows import Keys

# How often a server is asked for one page, and for how many keys it looks at once at most. Where
# others have millions of keys beside ours, most of what it looks at is not wanted.
_ROUNDS = 50
_FEWEST = 10
_MOST = 1_000

# Whether all servers are through, which server is next, and where it is.
_PLACE = Struct(">?4sQ")

_HALF = 16


class Found(NamedTuple):
    """What a page begins with.

    :param halves: the first halves of sids that records may have.
    """

    halves: list[bytes]
    after: str | None


def find_page(link: Link, keys: Keys, after: str | None, limit: int) -> Found:
    """Return where at most *limit* records may be.

    :raises ValueError: if *after* comes from no page.
    """
    spot, halves = _read(after)
    count = _FEWEST
    for _ in range(_ROUNDS):
        if spot is None or len(halves) >= limit:
            break
        missing = limit - len(halves)
        spot, found = link.look(spot, keys.pattern, max(count, missing))
        met = dict.fromkeys(halves)
        met.update(dict.fromkeys(keys.half_sid(key) for key in found if keys.is_record(key)))
        # If there are hardly any of ours, further at a time.
        count = _FEWEST if len(met) > len(halves) else min(2 * max(count, missing), _MOST)
        halves = list(met)
    rest = halves[limit:]
    return Found(halves[:limit], _write(spot, rest) if spot is not None or rest else None)


def _write(spot: Spot | None, rest: list[bytes]) -> str:
    node, cursor = spot or Spot()
    return cursors.to_text(_PLACE.pack(spot is None, node, cursor) + b"".join(rest))


def _read(after: str | None) -> tuple[Spot | None, list[bytes]]:
    if after is None:
        return Spot(), []
    data = cursors.from_text(after)
    rest = data[_PLACE.size :]
    if len(data) < _PLACE.size or data[0] > 1 or len(rest) % _HALF:
        raise cursors.wrong()
    is_over, node, cursor = _PLACE.unpack_from(data)
    halves = [rest[start : start + _HALF] for start in range(0, len(rest), _HALF)]
    return None if is_over else Spot(node, cursor), halves
