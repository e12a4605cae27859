"""Headers that each answer carries."""

from __future__ import annotations

from flask import Response, g

POLICY = "; ".join(
    (
        "default-src 'self'",  # no inline script or style, nothing from elsewhere
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


def add(response: Response) -> Response:
    """Add the content security policy and, to what somebody signed in has seen, ``no-store``."""
    # The dashboard has a stricter one.
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Content-Type-Options"] = "nosniff"
    if response.mimetype == "text/html":
        response.vary.add("Accept-Language")  # texts.py looks at it
    # g and not the session: asking the session would load it for each stylesheet, too.
    if g.get("user"):
        response.headers["Cache-Control"] = "no-store"  # the back button asks us again
    return response
