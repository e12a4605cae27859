"""What an answer tells caches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from werkzeug.datastructures import ResponseCacheControl
from werkzeug.http import parse_cache_control_header, parse_set_header

if TYPE_CHECKING:
    from flask import Response


def vary(response: Response, header: str = "Cookie") -> None:
    """Tell caches that the answer depends on what *header* of the request says."""
    # Asking for a list is fast where the header is missing; get() raises and catches.
    given = response.headers.getlist("Vary")
    if not given:
        response.headers.add("Vary", header)
    elif given != [header]:
        found = parse_set_header(", ".join(given))
        found.add(header)
        response.headers["Vary"] = found.to_header()


def forbid_sharing(response: Response) -> None:
    """Let no shared cache keep an answer with our cookie in it."""
    given = response.headers.getlist("Cache-Control")
    if not given:
        response.headers.add("Cache-Control", "private")
        return
    control = parse_cache_control_header(", ".join(given).lower(), cls=ResponseCacheControl)
    # private="X-Name" is about that header only.
    if not control.no_store and control.private not in (True, "*"):
        control.public = False
        control.s_maxage = None
        control.private = True
        response.headers["Cache-Control"] = control.to_header()
