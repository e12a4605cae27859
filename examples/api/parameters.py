"""All that sessions may hold, by name and type. ``flask session parameters`` lists it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum

from flask_sessionplus import Parameter

from .catalog import PRODUCTS, Product

MOST = 99


@dataclass(frozen=True)
class Cart:
    """How many of what, and what that costs."""

    lines: dict[str, int] = field(default_factory=dict)
    total: Decimal = Decimal("0.00")

    def add(self, product: Product, quantity: int) -> Cart:
        """The cart with so many more of a product."""
        held = self.lines.get(product.sku, 0)
        return self._with({**self.lines, product.sku: min(held + quantity, MOST)})

    def without(self, sku: str) -> Cart:
        """The cart without that product."""
        return self._with({held: count for held, count in self.lines.items() if held != sku})

    def _with(self, lines: dict[str, int]) -> Cart:
        total = sum((PRODUCTS[sku].price * count for sku, count in lines.items()), Decimal("0.00"))
        return replace(self, lines=lines, total=total)


@dataclass(frozen=True)
class Address:
    """Where to send things."""

    name: str
    street: str
    postcode: str
    city: str


class Delivery(Enum):
    """How fast, and what that costs."""

    standard = Decimal("4.90")
    express = Decimal("12.00")


PARAMETERS = {
    "cart": Parameter(Cart, default=Cart, scope="global", doc="What the user is about to buy"),
    "address": Parameter(Address, doc="Where to send it"),
    "delivery": Parameter(Delivery, default=Delivery.standard, doc="How fast"),
}
