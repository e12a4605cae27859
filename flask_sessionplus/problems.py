"""The answers to those who may not: JSON problem details for programs, a page for people.

Pure functions of a request's WSGI environment, so that errors need no request context.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

#: RFC 9457.
PROBLEM = "application/problem+json"

_PAGE = "text/html"
_PAGES = (_PAGE, "application/xhtml+xml")
_JSON = "application/json"

# What Sec-Fetch-Dest says of a request whose answer a person looks at.
_SEEN = frozenset({"document", "iframe", "frame", "fencedframe", "embed", "object"})

Environ = Mapping[str, Any]


def is_api(environ: Environ) -> bool:
    """Tell whether a program asks, which can do nothing with a page or a redirect to one.

    It has a header ``Authorization`` or ``X-Requested-With``, sends JSON, accepts JSON rather
    than HTML, or is a script's request as the browser says (``Sec-Fetch-Dest``).
    """
    if environ.get("HTTP_AUTHORIZATION") or environ.get("HTTP_X_REQUESTED_WITH"):
        return True
    if _is_json(environ.get("CONTENT_TYPE", "")):
        return True
    if environ.get("HTTP_SEC_FETCH_DEST", "document").lower() not in _SEEN:
        return True
    accepted = _accepted(environ)
    return _best_json(accepted) > _best_page(accepted)


def wants_page(environ: Environ) -> bool:
    """Tell whether HTML is asked for by name. ``*/*``, which says nothing, gets JSON."""
    accepted = _accepted(environ)
    names = {value.lower() for value, _ in accepted}
    return not is_api(environ) and any(page in names for page in _PAGES)


def page(title: str, detail: str) -> str:
    """Return a small HTML page."""
    title, detail = escape(title), escape(detail)
    return (
        f"<!doctype html>\n<html lang=en>\n<title>{title}</title>\n<h1>{title}</h1>\n"
        f"<p>{detail}</p>\n"
    )


def problem(status: int, title: str, detail: str) -> str:
    """Return problem details (RFC 9457); their type says that the status tells all."""
    parts = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return json.dumps(parts) + "\n"


def _accepted(environ: Environ) -> MIMEAccept:
    return parse_accept_header(environ.get("HTTP_ACCEPT") or "*/*", MIMEAccept)


def _best_page(accepted: MIMEAccept) -> float:
    return max(accepted.quality(page) for page in _PAGES)


def _best_json(accepted: MIMEAccept) -> float:
    return max(accepted.quality(kind) for kind in (_JSON, PROBLEM))


def _is_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == _JSON or (kind.startswith("application/") and kind.endswith("+json"))
