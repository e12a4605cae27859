"""The cart: one session key for each line, such as ``cart:mug``."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from flask_sessionplus import session

from .catalog import PRODUCTS, Product

MOST = 99


@dataclass(frozen=True)
class Line:
    """So many of one product."""

    product: Product
    quantity: int

    @property
    def total(self) -> Decimal:
        """The price of the whole line."""
        return self.product.price * self.quantity


def add(product: Product, quantity: int = 1) -> None:
    """Put some of a product into the cart, on top of what is there."""
    # A key per line, so that requests adding different things never touch the same key;
    # atomic(), so that two adding the same thing at the same moment both count.
    session.atomic(_key(product), lambda held: min(held + quantity, MOST), default=0)


def change(product: Product, quantity: int) -> None:
    """Have this many of a product in the cart; none removes the line."""
    if quantity > 0:
        session[_key(product)] = min(quantity, MOST)
    else:
        session.remove(_key(product))


def lines() -> list[Line]:
    """What is in the cart, in the order of the catalogue."""
    held = ((product, session.get(_key(product), 0)) for product in PRODUCTS.values())
    return [Line(product, quantity) for product, quantity in held if quantity]


def count() -> int:
    """How many things are in the cart."""
    return sum(line.quantity for line in lines())


def total(of: list[Line]) -> Decimal:
    """What these lines cost together."""
    return sum((line.total for line in of), Decimal("0.00"))


def remove(ordered: list[Line]) -> None:
    """Take these lines out; what another tab added meanwhile stays."""
    for line in ordered:
        session.remove(_key(line.product))


def _key(product: Product) -> str:
    return f"cart:{product.sku}"
