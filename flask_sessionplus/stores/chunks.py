"""A long text in several cookies, for a browser takes 4,096 bytes in one.

The first cookie begins with their number: of those left over from a longer text none counts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from ..errors import SessionTooLarge

# Name and value of one cookie; what is missing to 4,096 is for its attributes.
_LIMIT = 3_900

# Longer than the number of any cookie, and the dot behind it.
_NUMBER_SIZE = 4

# Numbers have three digits at most: what is read of a foreign cookie has to have an end.
_MOST = 999

_first = re.compile(r"([1-9][0-9]{0,2})\.(.*)", re.DOTALL).fullmatch


def split(name: str, text: str) -> dict[str, str]:
    """Return the cookies that carry *text*: *name*, ``name_1``, ``name_2`` and so on.

    :param text: any characters that may stand in a cookie.
    :raises SessionTooLarge: if they would be more than 999.
    """
    room = _LIMIT - len(name) - 2 * _NUMBER_SIZE
    if room < 1 or len(text) > room * _MOST:
        raise SessionTooLarge(
            f"The session would take more than {_MOST} cookies. Keep large things elsewhere and"
            " only their key in the session; SESSION_COOKIE_NAME should be short, too."
        )
    pieces = [text[start : start + room] for start in range(0, len(text), room)] or [""]
    pieces[0] = f"{len(pieces)}.{pieces[0]}"
    return {_name(name, number): piece for number, piece in enumerate(pieces)}


def join(name: str, cookies: Mapping[str, str]) -> str | None:
    """Return the text that *cookies* carry; None if there is none, or a part is missing."""
    first = _first(cookies.get(name, ""))
    if first is None:
        return None
    others = [cookies.get(_name(name, number)) for number in range(1, int(first[1]))]
    pieces = [first[2], *(piece for piece in others if piece is not None)]
    return "".join(pieces) if len(pieces) == len(others) + 1 else None


def leftovers(name: str, present: Iterable[str], needed: Collection[str] = ()) -> list[str]:
    """Return those of the cookies *present* that once carried a text, and are not *needed*."""
    is_ours = re.compile(rf"{re.escape(name)}(?:_[1-9][0-9]{{0,2}})?").fullmatch
    return [each for each in present if each not in needed and is_ours(each)]


def _name(name: str, number: int) -> str:
    return f"{name}_{number}" if number else name
