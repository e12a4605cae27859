"""No form of another site may act for a visitor of these pages (ASVS 3.5.1).

Two locks: the token in the form, and the browser's word on where the form came from.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from hashlib import sha256

from flask import current_app, request
from werkzeug.exceptions import Forbidden

from ..claims import has_bearer
from ..proxies import session

#: The name of the field. Not one that ends with "csrf_token": Flask-WTF would take it for its own.
FIELD = "sessionplus_form"

_PURPOSE = b"flask-sessionplus pages: forms of this session"
_LENGTH = 32


class FormRefused(Forbidden):
    """A form that is out of date, or has come from another site."""

    description = (
        "This form was out of date, or came from another site. Nothing was done: go back, load the"
        " page again, and send the form from there."
    )


def form_token() -> str:
    """Return the token for the forms of the page under way; ``""`` for who has no secret.

    It is made from the secret that the browser sends by itself, so nothing is stored, readers
    leave no session behind, and it dies with the session's token: at a sign-in, at
    ``confirm()``, at the sign-out. It looks different on each page, or the length of a
    compressed answer would tell it (CVE-2013-3587).
    """
    expected = _expected()
    if expected is None:
        return ""
    pad = secrets.token_bytes(_LENGTH)
    return urlsafe_b64encode(pad + _xor(pad, expected)).decode("ascii")


def protect() -> None:
    """Refuse what another site may have sent.

    Who has no secret of his own, as where the guard goes by addresses, is protected by the
    browser's word alone. A bearer token is sent by no browser by itself: a request with one
    needs neither.

    :raises FormRefused: 403.
    """
    if request.method in ("GET", "HEAD", "OPTIONS") or has_bearer(request):
        return
    is_own, expected = _came_from_here(), _expected()
    has_token = expected is not None and _is_token(request.form.get(FIELD, ""), expected)
    if is_own is False or not (has_token or (expected is None and is_own)):
        raise FormRefused


def _came_from_here() -> bool | None:
    """Tell whether the browser says that the form was one of this site; None: it says nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        # "none": by the user, without any site.
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return None
    # Of a site with https no page without it is one: somebody on the line may have written that.
    # The other way round it may be a proxy that does not say what it was asked by.
    return origin in (f"{request.scheme}://{request.host}", f"https://{request.host}")


def _expected() -> bytes | None:
    secret = _secret()
    return None if secret is None else hmac.digest(secret, _PURPOSE, sha256)


def _secret() -> bytes | None:
    """Return what only this browser and we know: the session's token, or made of a password."""
    life = session._open()
    if not life.is_stored and life.is_modified and not life.is_read_only:
        # It is about to be stored; this chooses its token.
        _ = life.handle
    token = life.next_token or (life.token if life.is_stored else None)
    return token.encode("utf-8") if token else _secret_of_password()


def _secret_of_password() -> bytes | None:
    """Return a secret for who comes with HTTP Basic; None without a SECRET_KEY.

    What is made of a password alone lets it be guessed by who sees a form.
    """
    password, key = request.headers.get("Authorization"), current_app.secret_key
    if not password or not key:
        return None
    secret = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key
    return hmac.digest(secret, password.encode("utf-8", "surrogateescape"), sha256)


def _is_token(text: str, expected: bytes) -> bool:
    try:
        sent = urlsafe_b64decode(text.encode("ascii"))
    except (NoBase64, UnicodeEncodeError):
        return False
    if len(sent) != 2 * _LENGTH:
        return False
    return hmac.compare_digest(_xor(sent[:_LENGTH], sent[_LENGTH:]), expected)


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
