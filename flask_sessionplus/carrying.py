"""Records that travel in cookies: from the request's headers to those of its answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .stores.base import Carried, Carrying
from .stores.chunks import join, leftovers, split

if TYPE_CHECKING:
    from flask import Request, Response


def receive(store: Carrying, request: Request, name: str) -> Carried:
    """Return the store for *request*, with what its cookies carry.

    :param name: the name of the session's cookie; the record's are called after it.
    """
    return store.receive(join(_record_name(name), request.cookies))


def send(
    carried: Carried,
    request: Request,
    response: Response,
    name: str,
    is_renewed: bool,
    **attributes: Any,
) -> bool:
    """Set the cookies to what *carried* holds now, and return whether there was a need.

    :param is_renewed: whether they are set even if nothing has changed.
    :param attributes: those of the session's cookie.
    """
    name = _record_name(name)
    text, former = carried.send(), join(name, request.cookies)
    if text == former and not (text and is_renewed):
        return False
    parts = {} if text is None else split(name, text)
    for part, value in parts.items():
        response.set_cookie(part, value, **attributes)
    attributes.pop("expires", None)
    for part in leftovers(name, request.cookies, parts):
        response.delete_cookie(part, **attributes)
    return True


def _record_name(name: str) -> str:
    return f"{name}_data"
