"""No form of another site may act for a visitor of this one."""

from __future__ import annotations

import secrets
from hmac import compare_digest

from flask import abort, request

from flask_sessionplus import session


def protect() -> None:
    """Refuse a POST from another site and, of someone signed in, one without their token."""
    # For anonymous visitors the browser's word has to do. A token in their forms would have to be
    # remembered, so each bot that reads a page would leave a session behind. Who signs in has a
    # session anyway: it gets a token as well, the second lock on the door behind which things are.
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    if not _sent_from_here() or not _has_token():
        abort(403)


def token() -> str | None:
    """The token for the forms of who is signed in: made once, and gone with the next sign-in."""
    if not session.is_authenticated:
        return None
    # setdefault() is exact: of two pages that are opened at the same time both get the same.
    made: str = session.setdefault("csrf", secrets.token_urlsafe(32))
    return made


def field() -> dict[str, str]:
    """The token as the pages of the package put it into their forms."""
    found = token()
    return {"csrf": found} if found else {}


def _sent_from_here() -> bool:
    """Every browser of today says where a form comes from, in one of these two headers."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    # Behind a proxy the app may not know that it was asked by https.
    schemes = (request.scheme, "https")
    return request.headers.get("Origin") in [f"{each}://{request.host}" for each in schemes]


def _has_token() -> bool:
    expected, sent = token(), request.form.get("csrf", "")
    return expected is None or compare_digest(expected.encode(), sent.encode())
