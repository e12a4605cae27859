"""Headers that each answer of these pages carries (ASVS 3.4.3 to 3.4.8, 14.3.2)."""

from __future__ import annotations

import secrets

from flask import Response, g

#: What ``{nonce}`` stands for is another one with each answer.
STRICT = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self' 'nonce-{nonce}'",
        "script-src 'nonce-{nonce}'",
        "img-src 'self' data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

#: For pages in an app's own layout, whose styles and scripts are the app's to allow.
EMBEDDED = "object-src 'none'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'"

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with that, browsers say "Origin: null" of our own forms.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_NONCE = "_sessionplus_nonce"


def nonce() -> str:
    """Return the nonce of the answer under way, for ``<style nonce=...>``."""
    found: str = g.setdefault(_NONCE, secrets.token_urlsafe(16))
    return found


def add_headers(response: Response, policy: str) -> Response:
    """Add them to *response*. What the app's own ``after_request`` sets comes later, and wins.

    :param policy: the Content Security Policy, with ``{nonce}`` in it; ``""``: none.
    """
    response.headers.update(_HEADERS)
    if policy:
        response.headers["Content-Security-Policy"] = policy.replace("{nonce}", nonce())
    return response
