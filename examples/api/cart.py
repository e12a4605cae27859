"""The cart, the same on all devices of a user: it is in ``global_session``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, abort

from flask_sessionplus import global_session

from .bodies import member
from .catalog import PRODUCTS
from .parameters import MOST, Cart

blueprint = Blueprint("cart", __name__, url_prefix="/cart")


@blueprint.get("")
def show() -> dict[str, Any]:
    """What is in it."""
    return asdict(global_session.get("cart"))


@blueprint.post("")
def add() -> tuple[dict[str, Any], int]:
    """Put so many of a product in, on top of what is there."""
    product = PRODUCTS.get(member("sku", str)) or abort(404, "There is no such product.")
    quantity = member("quantity", int, default=1)
    if not 1 <= quantity <= MOST:
        abort(422, f"quantity must be from 1 to {MOST}.")
    # atomic(): what the user's telephone adds at the same moment is in there, too.
    cart = global_session.atomic("cart", lambda cart: cart.add(product, quantity), Cart())
    return asdict(cart), 201


@blueprint.delete("/<sku>")
def remove(sku: str) -> dict[str, Any]:
    """Take a product out."""
    return asdict(global_session.atomic("cart", lambda cart: cart.without(sku), Cart()))


@blueprint.delete("")
def clear() -> tuple[str, int]:
    """Take everything out."""
    global_session.remove("cart")
    return "", 204


def take() -> Cart:
    """Empty the cart, and return what was in it: of all who do so at once only one gets it."""
    taken = Cart()

    def empty(cart: Cart) -> Cart:
        nonlocal taken
        taken = cart
        return Cart()

    global_session.atomic("cart", empty, Cart())
    return taken
