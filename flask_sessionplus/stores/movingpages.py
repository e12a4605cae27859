"""Going through two stores page by page, while sessions move from one to the other."""

from __future__ import annotations

from .base import Browsable, Page
from .cursors import wrong
from .movingnotes import is_note

# What a cursor begins with: in which store the next page is.
_OLD, _NEW = "o", "n"


def page_of_both(old: Browsable, new: Browsable, after: str | None, limit: int) -> Page:
    """Return some records of *old* or, when that is through, of *new*, but no notes.

    In this order a session that is carried over in between is met.

    :raises ValueError: if *after* comes from no page.
    """
    where, inner = (_OLD, "") if after is None else (after[:1], after[1:])
    if where not in (_OLD, _NEW):
        raise wrong()
    page = (old if where == _OLD else new).page(inner or None, limit)
    found = [(sid, record) for sid, record in page.found if not is_note(record)]
    if page.after is not None:
        return Page(found, where + page.after, page.sealed)
    return Page(found, _NEW if where == _OLD else None, page.sealed)
