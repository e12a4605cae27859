"""Where a page of records ended, as a text that goes through URLs.

It is half of a sid, as a handle is, so that who sees it learns nothing that helps him.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

# Bytes of a sid that are enough to tell it from all others, and those that are left out.
_HALF = 16
_REST = b"\xff" * _HALF

# More at a time are for nobody to look at; and a server does not know numbers of any size.
_MOST = 10_000

_is_text = re.compile(r"[A-Za-z0-9_-]*", re.ASCII).fullmatch


def cursor(sid: bytes) -> str:
    """Return what brings the page behind the record *sid*, in the order of sids."""
    return to_text(sid[:_HALF])


def position(after: str | None) -> bytes:
    """Return behind which bytes the page after :func:`cursor` begins, in the order of sids.

    :raises ValueError: if *after* is no such cursor.
    """
    if after is None:
        return b""
    half = from_text(after)
    if len(half) != _HALF:
        raise wrong()
    return half + _REST


def to_text(data: bytes) -> str:
    """Return *data* in letters, digits, ``-`` and ``_``."""
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_text(text: object) -> bytes:
    """Return what :func:`to_text` has made into *text*.

    :raises ValueError: if it is no such text.
    """
    if not isinstance(text, str) or not _is_text(text) or len(text) % 4 == 1:
        raise wrong()
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # The last character has bits that mean nothing.
    if to_text(data) != text:
        raise wrong()
    return data


def check_limit(limit: int) -> None:
    """Refuse a page of nothing, and one without end.

    :raises ValueError: if *limit* is less than 1, or more than 10,000.
    """
    if limit < 1:
        raise ValueError(f"A page must have at least 1 record, not {limit}.")
    if limit > _MOST:
        raise ValueError(f"A page must have at most {_MOST:,} records. Ask for several pages.")


def wrong() -> ValueError:
    """Return what to raise for a cursor that comes from no page."""
    return ValueError("The cursor comes from no page of this store. Begin with the first page.")
