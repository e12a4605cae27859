"""Where a bearer token is, and the only place: in the one header (RFC 6750 section 2.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..tokens import Token
from .gate import MAX_LENGTH, Refused

# As the first scheme in some other spelling, or behind a comma: servers join headers with it.
# What goes on as a name, or is one with a value, is no scheme (RFC 9110 section 11).
_names_bearer = re.compile(
    r"(?:^|,)\s*bearer(?![A-Za-z0-9!#$%&'*+.^_`|~=-])", re.IGNORECASE | re.ASCII
).search


def bearer_of(environ: Mapping[str, Any]) -> Token | None:
    """Return the bearer token of a request; None if there is none.

    It is the word ``Bearer`` in any case of the letters, exactly one space, and the token, in
    exactly one header (RFC 9110 section 11.6.2). In the URL, a form, a cookie or JSON it does
    not count (ASVS 14.2.1). Another scheme, such as ``Basic``, is none.

    :param environ: the request's, of WSGI.
    :raises Refused: if there is one that is not spelled like that.
    """
    given = environ.get("HTTP_AUTHORIZATION", "")
    scheme, _, token = given.partition(" ")
    if scheme.lower() == "bearer":
        if len(token) > MAX_LENGTH:
            raise Refused("length")
        if not token or " " in token or "," in token:
            raise Refused("header")
        return Token(token)
    if _names_bearer(given):
        raise Refused("header")
    return None
