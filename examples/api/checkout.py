"""The checkout: a scope of the client's own session, which no other client sees."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, abort

from flask_sessionplus import (
    delete_data,
    exclusive,
    get_data,
    login_required,
    put_data,
    scoped,
    scoped_session,
    session_claims,
)

from . import cart, orders
from .bodies import member
from .parameters import Address, Delivery

NAME = "checkout"

blueprint = login_required(scoped(NAME)(Blueprint(NAME, __name__, url_prefix="/checkout")))


@blueprint.get("")
@get_data("address", "delivery", session_type="session", scoped=NAME)
def show(address: Address | None = None, delivery: Delivery = Delivery.standard) -> dict[str, Any]:
    """What was said so far; the address of the last order, until another one is said."""
    return {"address": address, "delivery": delivery.name, "costs": delivery.value}


@blueprint.put("/address")
@put_data("address", session_type="session", scoped=NAME)
def set_address() -> dict[str, Any]:
    """Say where to send it: what is answered is what is kept, as an Address."""
    return {"address": member("address", dict)}


@blueprint.delete("/address")
@delete_data("address", session_type="session", scoped=NAME)
def forget_address() -> tuple[str, int]:
    """Say nothing of it any more."""
    return "", 204


@blueprint.put("/delivery")
def set_delivery() -> dict[str, str]:
    """Say how fast it should be."""
    scoped_session["delivery"] = member("delivery", str)
    return {"delivery": scoped_session["delivery"].name}


@blueprint.delete("")
def cancel() -> tuple[str, int]:
    """Drop it all; the session is as it was before."""
    scoped_session.discard()
    return "", 204


@blueprint.post("/order")
@exclusive(wait=5)
def order() -> tuple[dict[str, Any], int]:
    """Place the order. A second click waits here for the first, and finds the cart empty."""
    address = scoped_session.get("address") or abort(409, "There is no address yet.")
    delivery = scoped_session.get("delivery")
    bought = cart.take()
    if not bought.lines:
        abort(409, "There is nothing in the cart.")
    placed = orders.place(
        session_claims.subject, asdict(address), bought.lines, bought.total + delivery.value
    )
    scoped_session.commit_to_parent()  # the next checkout begins with this address
    return asdict(placed), 201
