"""The secret in the cookie, and what stores see of it."""

from __future__ import annotations

import re
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any

#: 32 random bytes in URL-safe base64. More than the 128 bits of ASVS 7.2.3.
TOKEN_LENGTH = 43

# A shorter token of an app's own generator could hold fewer than 128 bits.
_MIN_LENGTH, _MAX_LENGTH = 22, 128

_is_wellformed = re.compile(rf"[A-Za-z0-9_-]{{{_MIN_LENGTH},{_MAX_LENGTH}}}", re.ASCII).fullmatch


class Token(str):
    """A token that does not show itself in tracebacks and logs."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<token>"


class ForeignToken(Token):
    """A token that stands for a cookie which is none of ours: that is to be replaced.

    :param importer: who has read the cookie.
    :param origin: what the session was called before.
    """

    __slots__ = ("importer", "origin")

    importer: Any
    origin: str

    def __new__(cls, token: str, importer: Any, origin: str) -> ForeignToken:
        """Make one."""
        made = super().__new__(cls, token)
        made.importer, made.origin = importer, origin
        return made


def new_token() -> str:
    """Return a new secret of 256 random bits, 43 characters."""
    return Token(secrets.token_urlsafe(32))


def is_wellformed(token: str) -> bool:
    """Tell whether *token* could be one: 22 to 128 characters of ``A-Za-z0-9_-``."""
    return _is_wellformed(token) is not None


def digest(token: str) -> bytes:
    """Return the sid of *token*: SHA-256, 32 bytes.

    A plain hash is enough for a secret of 128 bits or more (ASVS 6.5.2).
    """
    return sha256(token.encode("ascii")).digest()


def handle(sid: bytes) -> str:
    """Return the public name of the session *sid*: 22 characters.

    It is half of a digest: enough to be unique, useless to sign in with.
    """
    return urlsafe_b64encode(sid[:16]).rstrip(b"=").decode("ascii")
