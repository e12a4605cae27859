"""A user's id in links and forms, spelled so that it comes back as it was.

Forms turn newlines into others and lose NUL, and half a character (a lone surrogate, as JSON can
bring it) fits into no address. Ids without such characters, and without ``%``, stay as they are.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from ...owners import owner_key

# Controls, separators of lines, surrogates, what is no character; and what escapes them.
_ODD = re.compile("[%\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]")


def spell(user: str) -> str:
    """Return the spelling of a user's id."""
    return _ODD.sub(lambda found: quote(found[0], safe="", errors="surrogatepass"), user)


def read_user(spelled: str) -> str | None:
    """Return how stores name the user who is spelled so; None: nobody can be called so."""
    try:
        return owner_key(unquote(spelled, errors="surrogatepass"))
    except ValueError:
        return None
